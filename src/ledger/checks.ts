// Checks: stores account states at finalized slots, to be compared with the facts that should
// explain them.
import type { AccountCheck, Checks } from '../core/check-ports.ts';
import { PARTS } from '../core/hearing-share.ts';
import type { Address } from '../core/ids.ts';
import type { AccountState, QuoteHolding } from '../core/reckoning.ts';
import type { VenueName } from '../core/venue-name.ts';
import type { Watched } from '../core/watch-ports.ts';
import { countersOf, createCheckSteps, jsonOf } from './check-steps.ts';
import { at, type Fragment, type Sql, toJson } from './database.ts';
import { heldOf } from './facts.ts';
import { among } from './groups.ts';
import { tell } from './outbox.ts';
import { createReckon } from './reckon.ts';
import { endUnread, stillUnread, unreadableNow } from './unread.ts';

type Json = Record<string, unknown>;
type Row = {
  address: Address;
  subscriber_id: string;
  role: Watched['role'];
  venue: VenueName | null;
  cursor_slot: bigint;
  listed_revision: bigint;
  baseline: Json | null;
  candidate: Json | null;
  difference: Json | null;
};

function stateOf(json: Json | null): AccountState | null {
  if (json === null) return null;
  const hints = json.hints as Json;
  return {
    slot: json.slot as number,
    counters: countersOf(json.counters as Json),
    hints: {
      exists: hints.exists as boolean,
      delegate: Buffer.from(hints.delegate as string, 'hex').toString('latin1'),
      quoteFlow: BigInt(hints.quoteFlow as string),
      isolated: BigInt(hints.isolated as string),
    },
    positions: heldOf(json.positions),
    quote: quoteOf(json.quote as Json | null | undefined),
    ...(typeof json.mint === 'string' ? { mint: json.mint as Address } : {}),
    pulse: Buffer.from(json.pulse as string, 'hex').toString('latin1'),
  };
}

function quoteOf(json: Json | null | undefined): QuoteHolding | null {
  if (json === null || json === undefined) return null;
  return {
    scaled: BigInt(json.scaled as string),
    unsettled: BigInt(json.unsettled as string),
    alone: json.alone as boolean,
  };
}

const checkOf = (row: Row): AccountCheck => ({
  address: row.address,
  subscriberId: row.subscriber_id,
  role: row.role,
  ...(row.venue === null ? {} : { venue: row.venue }),
  cursor: {
    address: row.address,
    slot: Number(row.cursor_slot),
    listedRevision: Number(row.listed_revision),
  },
  baseline: stateOf(row.baseline),
  candidate: stateOf(row.candidate),
  unexplained: row.difference === null ? null : countersOf(row.difference),
});

/** Creates the store of account checks. */
export function createChecks(sql: Sql): Checks {
  const steps = createCheckSteps(sql);
  const select = (where: Fragment, accounts = sql`account a`) => sql<Row[]>`
    select a.address, a.subscriber_id, a.role, a.venue, a.cursor_slot, a.listed_revision, c.baseline, c.candidate, c.difference
    from ${accounts} join subscriber s on s.subscriber_id = a.subscriber_id left join account_check c on c.address = a.address
    where s.retired_at is null and a.role <> 'agent_wallet' and ${where}`;
  /** The venue accounts that do not exist, of subscribers who have not left. */
  const missing = sql`
    select a.subscriber_id, a.address from account_check c join account a using (address) join subscriber s on s.subscriber_id = a.subscriber_id
    where coalesce(c.candidate, c.baseline) -> 'hints' ->> 'exists' = 'false' and c.baseline -> 'hints' ->> 'exists' = 'false'
      and a.role = 'drift_user' and s.retired_at is null
      and coalesce(c.seen_slot, -1) <= (coalesce(c.candidate, c.baseline) ->> 'slot')::bigint
      and not exists (select 1 from fact f where f.account = a.address and f.kind in ('tally', 'unknown') and f.finality <> 'withdrawn'
        and f.slot > (coalesce(c.candidate, c.baseline) ->> 'slot')::bigint)`;
  return {
    async due(limit, nowMs, parts = null) {
      if (parts?.length === 0) return [];
      const ofParts =
        parts === null
          ? sql``
          : sql`and get_byte(sha256(convert_to(a.subscriber_id, 'UTF8')), 0) % ${PARTS} in ${sql(parts as number[])}`;
      // `d` has the accounts with something to check: each with the slot of its newest unchecked
      // fact, or with `always` when the account is due at any baseline. Each account is then looked
      // up by its address.
      const always = sql`9223372036854775807`;
      const waiting = sql`(
        select address, max(slot) as slot from (
          select account as address, slot from unchecked
          union all select address, ${always} from account_check
            where candidate is not null or difference is not null or seen_slot > (baseline ->> 'slot')::bigint
          union all select m.account, ${always} from ${unreadableNow(sql, nowMs)}) w group by address)`;
      const rows = await select(
        sql`not exists (select 1 from set_aside s where s.kind = 'state' and s.subject = a.address and s.retry_at > ${at(nowMs)})
        and (c.address is null or d.slot > (c.baseline ->> 'slot')::bigint) ${ofParts}
        order by c.checked_at nulls first limit ${limit}`,
        sql`${waiting} d cross join lateral (select * from account where address = d.address offset 0) a`,
      );
      return rows.map(checkOf);
    },
    async find(addresses) {
      if (addresses.length === 0) return [];
      return (await select(sql`a.address = ${among(sql, addresses)}`)).map(checkOf);
    },
    async begin(account, state, seenSlot = null) {
      await sql`
        insert into account_check (address, subscriber_id, baseline, seen_slot)
        values (${account.address}, ${account.subscriberId}, ${sql.json(jsonOf(state))}, ${seenSlot}) on conflict do nothing`;
    },
    propose: (address, state) => steps.propose({ address, state }),
    told: (address, afterSlot, uptoSlot, nowMs = 0) =>
      steps.told({ address, afterSlot, uptoSlot, nowMs }),
    async movedOut(address, mint, afterSlot, uptoSlot) {
      const [row] = await sql<{ out: string; into: string; untold: number }[]>`
        select coalesce(sum((body->>'amount')::numeric), 0)::text as out,
               (coalesce(ceil(sum((body->>'deposits')::numeric) filter (where kind = 'tally' and not body ? 'deposited') * 1.001), 0)
                 + coalesce(sum((body->>'deposited')::numeric), 0))::text as into,
               (count(*) filter (where (kind = 'outflow' and body->>'mint' is distinct from ${mint})
                 or (body ? 'deposited' and body->>'deposited' is null)))::int as untold
        from fact where account = ${address} and finality = 'finalized'
          and (kind in ('outflow', 'tally', 'unknown') or (kind = 'notice' and body->>'what' = 'swap_loss'))
          and slot > ${afterSlot} and slot <= ${uptoSlot}`;
      if (row === undefined) throw new Error('a sum is always a row');
      return row.untold > 0 ? null : BigInt(row.out) - BigInt(row.into);
    },
    async recorded(address, afterSlot, uptoSlot) {
      const rows = await sql<{ market: number; base: string; paid: string }[]>`
        select market, sum(base)::text as base, sum(paid)::text as paid from (
          select (body->>'market')::int as market,
                 s * (case when kind = 'open' then body->>'base' else body->>'baseClosed' end)::numeric as base,
                 s * (case when kind = 'open' then body->>'quote' else body->>'entry' end)::numeric as paid
          from fact cross join lateral (
            select case when (body->>'position' = 'long') = (kind = 'open') then 1 else -1 end as s) side
          where account = ${address} and kind in ('open', 'close') and finality = 'finalized'
            and slot > ${afterSlot} and slot <= ${uptoSlot}) moved
        group by market order by market`;
      return rows.map(({ market, base, paid }) => ({
        market,
        base: BigInt(base),
        paid: BigInt(paid),
      }));
    },
    async discard(address) {
      await sql`update account_check set candidate = null, checked_at = now() where address = ${address}`;
    },
    async wait(address) {
      await sql`update account_check set checked_at = now() where address = ${address}`;
    },
    async absent() {
      const rows = await sql<{ subscriber_id: string }[]>`
        with missing as (${missing})
        select distinct subscriber_id from missing m
        where not exists (select 1 from account o left join missing n using (address)
          where o.subscriber_id = m.subscriber_id and o.role = 'drift_user' and n.address is null)`;
      return rows.map((row) => row.subscriber_id);
    },
    async missing(subscriberId) {
      const rows = await sql<{ address: Address }[]>`
        ${missing} and a.subscriber_id = ${subscriberId}`;
      return new Set(rows.map((row) => row.address));
    },
    async explained(address) {
      const [row] = await sql<
        { traded: string; unread: number; moves: number; moved: boolean; positions: unknown }[]
      >`
        select ((c.baseline->'counters'->>'realised')::numeric - (c.baseline->'counters'->>'funding')::numeric
            + coalesce(sum((f.body->>'realised')::numeric - (f.body->>'funding')::numeric) filter (where f.kind = 'tally'), 0))::text as traded,
          (count(f.*) filter (where f.kind = 'unknown' and f.body->'tradedAt' is distinct from 'null'))::int as unread,
          (count(f.*) filter (where f.kind in ('open', 'close')))::int as moves,
          coalesce(bool_or(f.kind = 'unknown' and f.body ? 'lossMoved'), false) as moved, c.baseline->'positions' as positions
        from account_check c left join fact f on f.account = c.address and f.kind in ('tally', 'unknown', 'open', 'close')
          and f.finality <> 'withdrawn' and f.slot > (c.baseline->>'slot')::bigint
        where c.address = ${address} and c.baseline is not null group by c.baseline`;
      if (row === undefined) return null;
      const traded = BigInt(row.traded);
      if (row.unread === 0) return { traded, positions: null };
      const positions = heldOf(row.positions);
      return row.moves > 0 || row.moved || positions === null ? null : { traded, positions };
    },
    async advance({ address, baseline, candidate }, unread = []) {
      if (unread.length === 0) return steps.advance({ address, baseline, candidate });
      await sql.begin(async (tx) => {
        if (!(await stillUnread(tx, unread))) return;
        // Another daemon may have changed the row meanwhile. The update applies only while baseline
        // and candidate are the two states that were compared.
        const advanced = await tx`
          update account_check set baseline = candidate, candidate = null, difference = null, unexplained_since = null,
            checked_at = now()
          where address = ${address} and (candidate->>'slot')::bigint = ${candidate?.slot ?? -1}
            and (baseline->>'slot')::bigint = ${baseline?.slot ?? -1} returning 1`;
        if (advanced.length > 0) await endUnread(tx, address, unread, 'state');
      });
    },
    reckon: createReckon(sql),
    gap: ({ address, baseline, candidate }, difference, nowMs) =>
      sql.begin(async (tx) => {
        const [row] = await tx<{ news: boolean; subscriber_id: string }[]>`
          update account_check c set candidate = null, difference = ${tx.json(toJson(difference))}, checked_at = now(),
            unexplained_since = coalesce(c.unexplained_since, ${at(nowMs)})
          from (select address, difference is null as news from account_check where address = ${address} for update) old
          where c.address = old.address and (c.candidate->>'slot')::bigint = ${candidate?.slot ?? -1}
            and (c.baseline->>'slot')::bigint = ${baseline?.slot ?? -1}
          returning old.news, c.subscriber_id`;
        if (row === undefined) return null;
        if (row.news) await tell(tx, 'account.gap', row.subscriber_id, { address, difference });
        return row.news;
      }),
    async pulses() {
      const rows = await sql<{ address: Address; slot: bigint; pulse: string }[]>`
        select address, (baseline->>'slot')::bigint as slot, baseline->>'pulse' as pulse from account_check`;
      return rows.map((row) => ({
        address: row.address,
        slot: Number(row.slot),
        pulse: Buffer.from(row.pulse, 'hex').toString('latin1'),
      }));
    },
    accept: (address, state) =>
      sql.begin(async (tx) => {
        const [held] = await tx<{ open: boolean }[]>`
          select c.difference is not null or exists (
            select 1 from fact f where f.account = c.address and f.kind = 'notice' and f.body->>'what' = 'unknown_call'
              and f.finality <> 'withdrawn' and f.slot > (c.baseline->>'slot')::bigint) as open
          from account_check c where c.address = ${address} for update`;
        // Without a row there is no baseline that the state could replace, so nothing is ended.
        if (held === undefined) return false;
        const ended = await tx`
          update sighting_account m set ended_at = now(), ended_by = 'person' from sighting s
          where m.account = ${address} and m.ended_at is null and s.signature = m.signature and s.status = 'wanted'
            and s.named_slot <= ${state.slot} returning 1`;
        const failing = await tx`
          delete from set_aside where kind = 'state' and subject = ${address} returning 1`;
        if (!held.open && ended.length + failing.length === 0) return false;
        await tx`
          update account_check set baseline = ${tx.json(jsonOf(state))}, candidate = null, difference = null,
            unexplained_since = null, checked_at = now()
          where address = ${address}`;
        return true;
      }),
    async gaps() {
      const rows = await sql<
        { address: Address; subscriber_id: string; difference: Json; unexplained_since: Date }[]
      >`select address, subscriber_id, difference, unexplained_since from account_check join subscriber using (subscriber_id)
        where unexplained_since is not null and retired_at is null order by unexplained_since`;
      return rows.map((row) => ({
        address: row.address,
        subscriberId: row.subscriber_id,
        difference: countersOf(row.difference),
        sinceMs: row.unexplained_since.getTime(),
      }));
    },
  };
}
