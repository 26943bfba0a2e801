// Standings: stores the verdict on every subscriber, and the series of changes, whose revisions
// have no gap. A verdict is computed and saved in one transaction that holds the subscriber's row,
// so that an older view never overwrites a newer one.
import { isDeepStrictEqual } from 'node:util';
import { bookingsOf, tabsAfter } from '../core/accrual.ts';
import { creatorPaid, creditEvents } from '../core/credit.ts';
import type { Address, Signature } from '../core/ids.ts';
import { leftEvents, type TopUpRule } from '../core/outflow.ts';
import type { Standings } from '../core/ports.ts';
import type { RosterChange } from '../core/roster.ts';
import type { StandingEvent } from '../core/standing.ts';
import { ONLY_USDC, type Quotes, USDC } from '../core/token.ts';
import { readClearances } from './clearances.ts';
import { type Sql, type Transaction, toJson } from './database.ts';
import { readBody } from './facts.ts';
import { readHistories } from './movements.ts';
import { tell } from './outbox.ts';
import { entryOf, owedColumn, type StandingRow } from './standing-rows.ts';
import { readSubscriptions } from './subscriptions.ts';
import { readQuotes } from './tokens.ts';

/** Rows of the roster that are held in memory at once. */
const ROWS_A_TURN = 5_000;
export const STANDING_CHANNEL = 'bailiff_standing';

type FactRow = {
  account: Address;
  signature: Signature;
  slot: bigint;
  block_index: number | null;
  ordinal: number;
  kind: 'close' | 'reckoning';
  body: unknown;
  /**
   * The shares that are booked for this fact, with amounts as decimal text; null when it is not
   * booked.
   */
  shares: { creator: Address; mint: Address; amount: string; claim: string }[] | null;
  /** The mint of the account's venue. */
  mint: Address;
};

const positionOf = (row: {
  signature: Signature;
  slot: bigint;
  block_index: number | null;
  ordinal: number;
}) => ({
  slot: Number(row.slot),
  blockIndex: row.block_index,
  ordinal: row.ordinal,
  signature: row.signature,
});

/**
 * The amounts owed: booked shares, and for closes that are not booked yet the shares that they will
 * make. Of a voided share, and of an observed one where those do not count, only the paid part
 * counts.
 */
async function owedEvents(
  tx: Transaction,
  subscriberId: string,
  observing: boolean,
): Promise<{ owed: StandingEvent[]; claims: StandingEvent[] }> {
  const rows = await tx<FactRow[]>`
    select f.account, f.signature, f.slot, f.block_index, f.ordinal, f.kind, f.body, a.shares,
      coalesce((select v.mint from account n join venue v on v.name = n.venue where n.address = f.account), ${USDC.mint}) as mint
    from fact f
    left join lateral (
      select coalesce(jsonb_agg(jsonb_build_object('creator', s.creator_wallet, 'mint', s.mint, 'amount',
          (case when s.status = 'voided' or (s.observed and not ${observing}) then s.paid else s.amount end)::text, 'claim', s.amount::text)
          order by s.terms_slot) filter (where s.share_id is not null), '[]') as shares
      from accrual a left join profit_share s using (subscriber_id, subscription_id, signature, slot, ordinal, terms_slot)
      where a.subscriber_id = f.subscriber_id and a.signature = f.signature and a.slot = f.slot and a.ordinal = f.ordinal
        and a.account = f.account having count(*) > 0) a on true
    where f.subscriber_id = ${subscriberId} and f.kind in ('close', 'reckoning') and f.finality <> 'withdrawn'
    order by f.slot, f.block_index nulls last, f.signature, f.ordinal`;
  const unbooked = rows.some((row) => row.shares === null);
  let subscriptions = unbooked ? await readSubscriptions(tx, { subscriber: subscriberId }) : [];
  const events: StandingEvent[] = [];
  const claims: StandingEvent[] = [];
  for (const row of rows) {
    let owed = (row.shares ?? []).map(({ creator, mint, amount, claim }) => ({
      creator,
      mint,
      amount: BigInt(amount),
      claim: BigInt(claim),
    }));
    const subscription = subscriptions.find((each) => each.driftAccount === row.account);
    if (row.shares === null && subscription !== undefined) {
      const close = { ...row, position: positionOf(row), body: readBody(row.kind, row.body) };
      const since = subscription.held.slot;
      const [history = []] = await readHistories(tx, row.account, since, [close]);
      const bookings = bookingsOf(close.body, close.position.slot, subscription, history);
      owed = bookings.flatMap(({ terms, amount }) =>
        terms === null
          ? []
          : [{ creator: terms.creatorWallet, mint: row.mint, amount, claim: amount }],
      );
      const after = { ...subscription, tabs: tabsAfter(subscription.tabs, bookings) };
      subscriptions = subscriptions.map((each) => (each === subscription ? after : each));
    }
    for (const { creator, mint, amount, claim } of owed) {
      const at = positionOf(row);
      if (amount > 0n) events.push({ kind: 'owed', at, amount, creator, mint });
      if (claim > 0n) claims.push({ kind: 'owed', at, amount: claim, creator, mint });
    }
  }
  return { owed: events, claims };
}

async function settledEvents(tx: Transaction, subscriberId: string): Promise<StandingEvent[]> {
  const rows = await tx<
    { executed_slot: bigint; amount: bigint; creator_wallet: string; mint: Address }[]
  >`
    select executed_slot, amount - excess as amount, creator_wallet, mint from payment
    where subscriber_id = ${subscriberId} and state = 'landed' and purpose = 'share' and amount > excess`;
  return rows.map((row) => ({
    kind: 'settled',
    at: { slot: Number(row.executed_slot), blockIndex: null, ordinal: 0 },
    amount: row.amount,
    creator: row.creator_wallet,
    mint: row.mint,
  }));
}

/** The wallets that any terms of the subscriber, present or past, name as creator. */
async function creatorsOf(tx: Transaction, subscriberId: string): Promise<Set<string>> {
  const rows = await tx<{ creator_wallet: string }[]>`
    select distinct creator_wallet from subscription_terms where subscriber_id = ${subscriberId}`;
  return new Set(rows.map((row) => row.creator_wallet));
}

/** The wallets that the agent ever allowed to take tokens or to close token accounts. */
async function appointedBy(tx: Transaction, subscriberId: string): Promise<Set<string>> {
  const rows = await tx<{ who: string }[]>`
    select distinct body->>'who' as who from fact
    where subscriber_id = ${subscriberId} and kind = 'notice' and finality <> 'withdrawn' and body->>'who' is not null
      and body->>'what' in ('token_approved', 'token_authority_changed', 'delegate_changed')`;
  return new Set(rows.map((row) => row.who));
}

/**
 * Value that left by the subscriber's own act, and transfers to creators as far as they settle
 * debts.
 */
async function outflowEvents(
  tx: Transaction,
  subscriberId: string,
  history: readonly StandingEvent[],
  claims: readonly StandingEvent[],
  topUp: TopUpRule | null,
  quotes: Quotes,
): Promise<StandingEvent[]> {
  const rows = await tx<
    (Omit<FactRow, 'kind' | 'shares' | 'mint'> & { ours: boolean; credited: bigint | null })[]
  >`
    select account, signature, slot, block_index, ordinal, body,
           exists (select 1 from payment p where p.signature = f.signature) as ours,
           (select credited from credit c where c.subscriber_id = f.subscriber_id and c.account = f.account
              and c.signature = f.signature and c.slot = f.slot and c.ordinal = f.ordinal) as credited
    from fact f where subscriber_id = ${subscriberId} and kind = 'outflow' and finality <> 'withdrawn'
    order by slot, block_index nulls last, signature, ordinal`;
  if (rows.length === 0) return [];
  const outflows = rows.map((row) => ({
    key: `${row.signature}/${row.slot}/${row.ordinal}/${row.account}`,
    signature: row.signature,
    slot: Number(row.slot),
    ours: row.ours,
    credited: row.credited,
    body: readBody('outflow', row.body),
    at: positionOf(row),
  }));
  const creators = await creatorsOf(tx, subscriberId);
  const transfers = outflows.flatMap(({ ours, body, at, signature, credited }) => {
    const creator = ours ? null : creatorPaid(body, creators, quotes);
    return creator === null ? [] : [{ creator, body, at, signature, credited }];
  });
  const left = leftEvents(outflows, await readClearances(tx, subscriberId), quotes, {
    creators,
    appointed: await appointedBy(tx, subscriberId),
    topUp,
  });
  return [...left, ...creditEvents(history, transfers, quotes, claims)];
}

/**
 * Takes the next revision. The row is locked until the transaction ends and blocks every other
 * change of a standing, so this should be the last step of a transaction.
 */
export async function nextRevision(tx: Transaction): Promise<bigint> {
  const [next] = await tx<{ last: bigint }[]>`update revision set last = last + 1 returning last`;
  return next?.last ?? 0n;
}

/** Adds a subscriber to the roster in good standing, or marks the subscriber as retired. */
export async function joinStandings(
  tx: Transaction,
  subscriberId: string,
  standing: 'good' | 'retired' = 'good',
): Promise<void> {
  const revision = await nextRevision(tx);
  await tx`
    insert into standing (subscriber_id, standing, outstanding, revision) values (${subscriberId}, ${standing}, 0, ${revision})
    on conflict (subscriber_id) do update set standing = excluded.standing, outstanding = 0, owed = '[]', reason = null, evidence = null,
      owed_since = null, revision = excluded.revision`;
  await tx`
    insert into standing_change (revision, subscriber_id, standing, outstanding) values (${revision}, ${subscriberId}, ${standing}, 0)`;
  await tx`select pg_notify(${STANDING_CHANNEL}, ${subscriberId})`;
}

/**
 * Creates the store of standings. With `observing`, observed debts count. `topUp` is the rule that
 * recognises the daemon's own swaps for SOL.
 */
export function createStandings(
  sql: Sql,
  observing: boolean = false,
  topUp: TopUpRule | null = null,
): Standings {
  // Tokens are added at the start of a daemon only, and never changed.
  let known: Quotes = ONLY_USDC;
  const quotesFor = async (tx: Transaction, mints: readonly string[]): Promise<Quotes> => {
    if (mints.some((each) => !known.has(each))) known = await readQuotes(tx);
    return known;
  };
  const select = (tx: Sql | Transaction, id: string | null) => tx<StandingRow[]>`
    select s.subscriber_id, b.agent_wallet, s.standing, s.outstanding, s.owed, s.reason, s.evidence, s.owed_since, s.revision
    from standing s join subscriber b using (subscriber_id)
    where ${id}::text is null or s.subscriber_id = ${id}`;
  return {
    update: (subscriberId, judge) =>
      sql.begin(async (tx) => {
        await tx`select 1 from standing where subscriber_id = ${subscriberId} for update`;
        const [known] = await select(tx, subscriberId);
        if (known === undefined) throw new Error(`subscriber ${subscriberId} has no standing`);
        if (known.standing === 'retired') return entryOf(known);
        const { owed, claims } = await owedEvents(tx, subscriberId, observing);
        const settled = await settledEvents(tx, subscriberId);
        const history = [...owed, ...settled];
        const quotes = await quotesFor(
          tx,
          history.flatMap((each) => (each.kind === 'left' ? [] : [each.mint ?? USDC.mint])),
        );
        const all = [...claims, ...settled];
        const left = await outflowEvents(tx, subscriberId, history, all, topUp, quotes);
        const verdict = judge([...history, ...left], quotes);
        const owing = owedColumn(verdict.owed);
        const reason = verdict.standing === 'delinquent' ? verdict.reason : null;
        const evidence =
          verdict.standing === 'delinquent' ? tx.json(toJson(verdict.evidence)) : null;
        if (
          known.standing === verdict.standing &&
          known.outstanding === verdict.outstanding &&
          isDeepStrictEqual(known.owed, owing) &&
          known.reason === reason
        )
          return entryOf(known);
        // ledger/owing.ts sets the time from which a new debt counts.
        const owedSince = verdict.outstanding === 0n ? null : known.owed_since;
        const revision = await nextRevision(tx);
        await tx`
          update standing set standing = ${verdict.standing}, outstanding = ${verdict.outstanding}, owed = ${tx.json(owing)}, reason = ${reason},
            evidence = ${evidence}, owed_since = ${owedSince}, revision = ${revision} where subscriber_id = ${subscriberId}`;
        await tx`
          insert into standing_change (revision, subscriber_id, standing, outstanding, owed, reason, evidence, owed_since)
          values (${revision}, ${subscriberId}, ${verdict.standing}, ${verdict.outstanding}, ${tx.json(owing)}, ${reason}, ${evidence}, ${owedSince})`;
        await tx`select pg_notify(${STANDING_CHANNEL}, ${subscriberId})`;
        const { outstanding } = verdict;
        if (verdict.standing === 'delinquent' && known.standing === 'good')
          await tell(tx, 'subscriber.delinquent', subscriberId, {
            outstanding,
            owed: verdict.owed,
            reason,
            evidence: verdict.evidence,
            revision,
          });
        if (verdict.standing === 'good' && known.standing === 'delinquent')
          await tell(tx, 'subscriber.cleared', subscriberId, {
            outstanding,
            owed: verdict.owed,
            revision,
          });
        const [saved] = await select(tx, subscriberId);
        return entryOf(saved ?? known);
      }),
    roster: (take) =>
      // One snapshot: the entries are exactly those of the returned revision.
      sql.begin('isolation level repeatable read', async (tx) => {
        const [row] = await tx<{ last: bigint; nonce: string | null }[]>`
          select r.last, c.nonce from revision r left join standing_change c on c.revision = r.last`;
        await select(tx, null).cursor(ROWS_A_TURN, (rows) => take(rows.map(entryOf)));
        return { revision: row?.last ?? 0n, nonce: row?.nonce ?? null };
      }),
    async changesSince({ revision, nonce }, limit) {
      // The change at the mark itself is read too, so that one statement sees mark and changes in
      // one state of the ledger.
      const rows = await sql<(StandingRow & { nonce: string })[]>`
        select c.subscriber_id, b.agent_wallet, c.standing, c.outstanding, c.owed, c.reason, c.evidence, c.owed_since, c.revision,
               c.nonce
        from standing_change c join subscriber b using (subscriber_id)
        where c.revision >= ${nonce === null ? revision + 1n : revision} order by c.revision
        limit ${nonce === null ? limit : limit + 1}`;
      const changes = rows.map((row): RosterChange => ({ ...entryOf(row), nonce: row.nonce }));
      if (nonce === null) return changes;
      const [known, ...after] = changes;
      return known?.revision === revision && known.nonce === nonce ? after : null;
    },
    async owing() {
      const rows = await sql<{ subscriber_id: string }[]>`
        select subscriber_id from standing where outstanding > 0
        union
        select subscriber_id from profit_share where status in ('pending', 'processing', 'failed')`;
      return rows.map((row) => row.subscriber_id);
    },
    async entry(subscriberId) {
      const [row] = await select(sql, subscriberId);
      return row === undefined ? null : entryOf(row);
    },
  };
}
