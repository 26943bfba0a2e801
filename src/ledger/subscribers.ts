// Subscribers: stores the subscribers, each with agent wallet, Drift accounts and agent key.
import type { AgentKey } from '../core/agent-key.ts';
import { Fault } from '../core/fault.ts';
import type { Address, Slot } from '../core/ids.ts';
import type { NewSubscriber, Subscriber, Subscribers } from '../core/ports.ts';
import type { SignerService } from '../core/service-key.ts';
import { DEFAULT_VENUE, type VenueName } from '../core/venue-name.ts';
import { keyOf, putAgentKey, remoteKeys, type StoredKey } from './agent-keys.ts';
import { holdDebtsOf } from './credits.ts';
import {
  at,
  type Fragment,
  plannedEach,
  type Sql,
  type Transaction,
  violates,
} from './database.ts';
import { among, readTogether } from './groups.ts';
import { conditionsOf } from './lists.ts';
import { tell } from './outbox.ts';
import { joinStandings } from './standings.ts';
import { afterBooked } from './subscriptions.ts';
import { WATCH_LIST_CHANNEL } from './watch-list.ts';

/**
 * Refuses an id that is another subscriber's wallet, and a wallet that is another's id, because the
 * gate accepts both as a name. The locks on both names make simultaneous registrations wait for
 * each other. Throws `conflict`.
 */
async function requireOwnNames(tx: Transaction, id: string, agentWallet: Address): Promise<void> {
  for (const name of [id, agentWallet].sort())
    await tx`select pg_advisory_xact_lock(hashtextextended(${`bailiff.name ${name}`}, 0))`;
  const [taken] = await tx<{ subscriber_id: string }[]>`
    select subscriber_id from subscriber
    where subscriber_id <> ${id} and (agent_wallet = ${id} or subscriber_id = ${agentWallet})`;
  if (taken !== undefined)
    throw new Fault(
      'conflict',
      'An id may not be the wallet of another subscriber, nor a wallet the id of another. Use another id.',
    );
}

/**
 * Throws `not_ready` while a close of the subscriber is not final or not booked. A subscriber who
 * returns begins with the positions of that moment, and the ledger forgets what was held before: a
 * close that was still to be booked would then owe as if no earlier position were known.
 */
async function requireBooked(tx: Transaction, id: string): Promise<void> {
  const waiting = await tx`
    with closed as (
      select account, slot from unbooked where subscriber_id = ${id}
      union all select account, slot from fact
        where subscriber_id = ${id} and kind in ('close', 'reckoning') and finality = 'confirmed')
    select 1 from closed c join subscription s on s.drift_account = c.account and s.subscriber_id = ${id}
    where c.slot >= s.books_from
      and c.slot >= (select min(from_slot) from subscription_terms t where t.subscription_id = s.subscription_id) limit 1`;
  if (waiting.length > 0)
    throw new Fault(
      'not_ready',
      `A close of ${id} is not final, or not booked yet. Ask again in a minute; GET /v1/subscribers/${id}/closes says what it waits for.`,
    );
}

/**
 * Ends every subscription of a subscriber that has not ended, at this slot or one after its latest
 * terms and its last booked close. The terms that end a subscription keep the other fields and the
 * splits of those before.
 */
async function endSubscriptions(tx: Transaction, id: string, slot: Slot): Promise<void> {
  await tx`
    insert into subscription_terms (subscriber_id, subscription_id, from_slot, creator_wallet, share_bps, basis, minimum_payment,
      off_curve, expires_after_ms, ended, mark_slot, profit, hurdle, cap_per_close, cap_per_period, period_slots, free_before_slot)
    select subscriber_id, subscription_id, greatest(${slot}, from_slot + 1, ${afterBooked(tx, tx`t`)}), creator_wallet, share_bps, basis, minimum_payment,
      off_curve, expires_after_ms, true, mark_slot, profit, hurdle, cap_per_close, cap_per_period, period_slots, free_before_slot
    from (select distinct on (subscription_id) * from subscription_terms where subscriber_id = ${id}
          order by subscription_id, from_slot desc) t where not ended`;
  await tx`
    insert into terms_split (subscriber_id, subscription_id, from_slot, nth, creator_wallet, share_bps, minimum_payment, off_curve, label)
    select x.subscriber_id, x.subscription_id, e.from_slot, x.nth, x.creator_wallet, x.share_bps, x.minimum_payment, x.off_curve, x.label
    from (select distinct on (subscription_id) * from subscription_terms where subscriber_id = ${id}
          order by subscription_id, from_slot desc) e
    join lateral (select max(from_slot) as from_slot from subscription_terms b
      where b.subscription_id = e.subscription_id and b.from_slot < e.from_slot) b on true
    join terms_split x on x.subscription_id = e.subscription_id and x.from_slot = b.from_slot
    where e.ended on conflict do nothing`;
}

/**
 * Inserts the subscriber, unless it exists, and holds its row until the commit, so that it does not
 * leave meanwhile. Throws `conflict` when it has another wallet.
 */
async function insert(tx: Transaction, given: NewSubscriber): Promise<boolean> {
  const created = await tx`
    insert into subscriber (subscriber_id, agent_wallet, agent_token_account)
    values (${given.id}, ${given.agentWallet}, ${given.agentTokenAccount})
    on conflict (subscriber_id) do nothing returning subscriber_id`;
  const [row] = await tx<
    { agent_wallet: string }[]
  >`select agent_wallet from subscriber where subscriber_id = ${given.id} for no key update`;
  if (row?.agent_wallet !== given.agentWallet) {
    throw new Fault(
      'conflict',
      `Subscriber ${given.id} is registered with another agent wallet, ${row?.agent_wallet}. Register the new wallet under a new subscriber id.`,
    );
  }
  return created.length > 0;
}

/**
 * Takes back a subscriber who had left; false when it had not. Its accounts were not watched in
 * the meantime: history counts from `fromSlot` on, and the next account state is the baseline.
 */
async function takeBack(tx: Transaction, { id, fromSlot }: NewSubscriber): Promise<boolean> {
  const returned = await tx`
    update subscriber set retired_at = null where subscriber_id = ${id} and retired_at is not null returning subscriber_id`;
  if (returned.length === 0) return false;
  await tx`delete from account_check where subscriber_id = ${id}`;
  await tx`
    update account set cursor_slot = ${fromSlot}, cursor_at = now(), watched_at = now(),
      walked_at = null, walked_slot = null, walked_pulse = null where subscriber_id = ${id}`;
  await joinStandings(tx, id);
  return true;
}

/**
 * Adds the subscriber's accounts to the watch-list; true when one was new. Notifies every daemon
 * when one was new, and when the subscriber has `returned`. Throws `conflict` when an account is
 * watched for another subscriber.
 */
async function watch(tx: Transaction, given: NewSubscriber, returned: boolean): Promise<boolean> {
  const watched = [
    { address: given.agentWallet, role: 'agent_wallet', sub_account_id: null, venue: null },
    {
      address: given.agentTokenAccount,
      role: 'agent_token_account',
      sub_account_id: null,
      venue: null,
    },
    ...given.driftAccounts.map((each) => ({
      address: each.address,
      role: 'drift_user',
      sub_account_id: each.subAccountId,
      venue: each.venue ?? DEFAULT_VENUE,
    })),
  ].map((each) => ({ ...each, subscriber_id: given.id, cursor_slot: given.fromSlot }));
  const added =
    await tx`insert into account ${tx(watched)} on conflict (address) do nothing returning address`;
  if (added.length > 0 || returned) await tx`select pg_notify(${WATCH_LIST_CHANNEL}, ${given.id})`;
  const mine = await tx<{ count: bigint }[]>`
    select count(*) as count from account
    where subscriber_id = ${given.id} and address in ${tx(watched.map((each) => each.address))}`;
  if (Number(mine[0]?.count) !== watched.length)
    throw new Fault('conflict', 'One of these accounts is already watched for another subscriber.');
  return added.length > 0;
}

/** As `Subscribers.register`, in one transaction; `faultOfRegistration` reads its errors. */
async function register(tx: Transaction, given: NewSubscriber): Promise<'created' | 'known'> {
  await requireOwnNames(tx, given.id, given.agentWallet);
  const created = await insert(tx, given);
  const returned = await takeBack(tx, given);
  const added = await watch(tx, given, returned);
  const named = { subscriberId: given.id, publicKey: given.agentWallet };
  if (given.sealedKey !== null) await putAgentKey(tx, { ...named, sealed: given.sealedKey });
  else if (given.serviceKey !== undefined)
    await putAgentKey(tx, { ...named, at: given.serviceKey });
  if (created) {
    await tell(tx, 'subscriber.registered', given.id, { agentWallet: given.agentWallet });
    await joinStandings(tx, given.id);
  }
  return created || added || returned ? 'created' : 'known';
}

/** The error to throw for one of a registration: a fault for a wallet that is taken otherwise. */
function faultOfRegistration(thrown: unknown, { agentWallet }: NewSubscriber): unknown {
  if (violates(thrown, 'subscriber_agent_wallet_key'))
    return new Fault('conflict', 'This agent wallet is registered for another subscriber.', {
      cause: thrown,
    });
  if (violates(thrown, 'account_no_creator'))
    return new Fault(
      'agent_is_creator',
      `${agentWallet} is the creator of a subscription here: shares would be paid to an agent wallet. Give this agent a wallet of its own.`,
      { cause: thrown },
    );
  return thrown;
}

type SubscriberRow = {
  subscriber_id: string;
  agent_wallet: Address;
  agent_token_account: Address;
  has_key: boolean;
  key_service: SignerService | null;
  retired_at: Date | null;
  drift_accounts: { address: Address; subAccountId: number; venue: VenueName }[];
};

const subscriberOf = (row: SubscriberRow): Subscriber => ({
  id: row.subscriber_id,
  agentWallet: row.agent_wallet,
  agentTokenAccount: row.agent_token_account,
  driftAccounts: row.drift_accounts,
  hasKey: row.has_key,
  ...(row.key_service === null ? {} : { keyService: row.key_service }),
  retiredAtMs: row.retired_at?.getTime() ?? null,
});

/** Creates the store of subscribers. */
export function createSubscribers(sql: Sql): Subscribers {
  const listed = plannedEach(sql);
  /** The subscribers that satisfy a condition, each with its Drift accounts. */
  const chosen = (where: Fragment): Fragment => sql`
    select s.subscriber_id, agent_wallet, agent_token_account, k.subscriber_id is not null as has_key, k.service as key_service, retired_at,
      (select coalesce(jsonb_agg(jsonb_build_object('address', a.address, 'subAccountId', a.sub_account_id,
          'venue', coalesce(a.venue, ${DEFAULT_VENUE})) order by a.venue nulls first, a.sub_account_id), '[]')
        from account a where a.subscriber_id = s.subscriber_id and a.role = 'drift_user') as drift_accounts
    from subscriber s left join agent_key k using (subscriber_id) ${where}`;
  return {
    find: readTogether<string, Subscriber | null>(async (ids) => {
      const rows = await sql<
        SubscriberRow[]
      >`${chosen(sql`where s.subscriber_id = ${among(sql, ids)}`)}`;
      const known = new Map(rows.map((row) => [row.subscriber_id, subscriberOf(row)]));
      return ids.map((id) => known.get(id) ?? null);
    }),
    async list({ limit, after, ...period }) {
      const where = sql`where (${after ?? null}::text is null or s.subscriber_id > ${after ?? null})
        and ${conditionsOf(sql).subscribers(period)}
        order by s.subscriber_id limit ${limit}`;
      return (await listed<SubscriberRow[]>`${chosen(where)}`).map(subscriberOf);
    },
    retire: (id, slot, nowMs) =>
      sql.begin(async (tx) => {
        // No close is booked from here on: each is a debt by now, or waits to be booked. A
        // registration holds the rows in this order as well.
        await holdDebtsOf(tx, [id]);
        await tx`select 1 from standing where subscriber_id = ${id} for update`;
        const busy = await tx`
          select 1 from standing where subscriber_id = ${id} and outstanding > 0
          union all select 1 from profit_share where subscriber_id = ${id} and status in ('pending', 'processing', 'failed') and not observed
          union all select 1 from payment where subscriber_id = ${id} and state in ('planned', 'signed', 'sent') limit 1`;
        if (busy.length > 0) return false;
        await requireBooked(tx, id);
        await tx`update subscriber set retired_at = ${at(nowMs)} where subscriber_id = ${id}`;
        await tx`delete from agent_key where subscriber_id = ${id}`;
        // Nothing is heard from now on that could use a clearance up.
        await tx`
          update clearance set until_slot = greatest(${slot}, granted_slot + 1), revoked_at = coalesce(revoked_at, ${at(nowMs)})
          where subscriber_id = ${id} and until_slot > ${slot}`;
        await endSubscriptions(tx, id, slot);
        await tx`update subscription set dormant = true where subscriber_id = ${id}`;
        await joinStandings(tx, id, 'retired');
        await tx`select pg_notify(${WATCH_LIST_CHANNEL}, ${id})`;
        return true;
      }),
    async dropKey(id) {
      return (await sql`delete from agent_key where subscriber_id = ${id} returning 1`).length > 0;
    },
    async ids() {
      const rows = await sql<{ subscriber_id: string }[]>`
        select subscriber_id from subscriber order by subscriber_id`;
      return rows.map((row) => row.subscriber_id);
    },
    async register(given) {
      try {
        return await sql.begin((tx) => register(tx, given));
      } catch (thrown) {
        throw faultOfRegistration(thrown, given);
      }
    },
    agentKey: readTogether<string, AgentKey | null>(async (ids) => {
      const rows = await sql<StoredKey[]>`
        select * from agent_key where subscriber_id = ${among(sql, ids)}`;
      const found = new Map(rows.map((row) => [row.subscriber_id, row]));
      return ids.map((id) => {
        const row = found.get(id);
        return row === undefined ? null : keyOf(row);
      });
    }),
    async sealedKeys({ after, limit }) {
      const rows = await sql<{ subscriber_id: string; public_key: Address; sealed: Uint8Array }[]>`
        select subscriber_id, public_key, sealed from agent_key
        where subscriber_id > ${after} and sealed is not null
        order by subscriber_id limit ${limit}`;
      return rows.map((row) => ({
        subscriberId: row.subscriber_id,
        publicKey: row.public_key,
        sealed: row.sealed,
      }));
    },
    async replaceKey(key, sealed) {
      const rows = await sql`
        update agent_key set sealed = ${Buffer.from(sealed)}
        where subscriber_id = ${key.subscriberId} and sealed = ${Buffer.from(key.sealed)} returning 1`;
      return rows.length > 0;
    },
    remoteKeys: (limit) => remoteKeys(sql, limit),
    putKey: (key) => putAgentKey(sql, key),
  };
}
