// Check steps: the statements of a check that goes well: the sums of the facts between two states,
// a new state, and the step from one state to the next. In a burst thousands of accounts change at
// the same time, so accounts that are checked side by side share statements; where one fails, each
// account has one of its own.
import type { AccountCheck, ToldStretch } from '../core/check-ports.ts';
import { upToDistinct } from '../core/gather.ts';
import type { Address, Signature, Slot } from '../core/ids.ts';
import { isUntold, isUntoldOfAny, type OpenSighting } from '../core/naming.ts';
import { type AccountState, COUNTERS, type Counters, type Told } from '../core/reckoning.ts';
import { UNREADABLE } from '../core/unread.ts';
import { at, type Sql, type Transaction, toJson } from './database.ts';
import { together } from './groups.ts';
import { isWaiting, sightingsOf, unreadableBefore } from './unread.ts';

type Stretch = {
  readonly address: Address;
  readonly afterSlot: Slot;
  readonly uptoSlot: Slot;
  readonly nowMs: number;
};
type Row = Record<keyof Counters, string> & {
  readonly nth: number;
  readonly perhaps: string[][];
  readonly mints: readonly { readonly mint: Address; readonly amount: string }[] | null;
  readonly untold_fees: number;
  readonly tallies: number;
  readonly unknowns: number;
  readonly hidden_since: Date | null;
  readonly quiet: number;
  readonly losses_moved: number;
  /** Of the account's transactions that are not final, the earliest of each kind. */
  readonly open: OpenSighting[];
  /** The same of the transactions whose accounts are not known. */
  readonly unattributed: (OpenSighting & { readonly notedMs: number })[];
  readonly walked_at: Date | null;
  readonly unreadable: Signature[];
  readonly deleted_slot: bigint | null;
};
type Step = Pick<AccountCheck, 'address' | 'baseline' | 'candidate'>;

/** The most accounts in one statement. */
const TOGETHER = 64;

export type CheckSteps = {
  told(stretch: Stretch): Promise<ToldStretch>;
  /** Makes a state the candidate of an account that has none. */
  propose(given: { readonly address: Address; readonly state: AccountState }): Promise<undefined>;
  /** Makes the candidate the baseline, unless another daemon has changed one of the two. */
  advance(step: Step): Promise<undefined>;
};

/** The counters in a jsonb value. */
export const countersOf = (json: Record<string, unknown>): Counters =>
  Object.fromEntries(COUNTERS.map((name) => [name, BigInt(json[name] as string)])) as Counters;

/** The sums of a token account by mint; nothing for an account without any. */
const mintsOf = ({ mints }: Row): Pick<Told, 'mints'> =>
  mints === null
    ? {}
    : { mints: mints.map(({ mint, amount }) => ({ mint, amount: BigInt(amount) })) };

/** The finalized facts of each of these stretches, in their order. */
export async function askTold(
  sql: Sql | Transaction,
  asked: readonly Stretch[],
): Promise<ToldStretch[]> {
  const given = asked.map(({ address, afterSlot, uptoSlot, nowMs }, nth) => ({
    nth,
    address,
    after_slot: afterSlot,
    upto_slot: uptoSlot,
    wanted_before: at(nowMs - UNREADABLE.afterMs).toISOString(),
  }));
  const unreadable = unreadableBefore(sql, sql`g.wanted_before`);
  // One row stands for all sightings of a kind: when `isUntold` holds for any of them, it holds for
  // the earliest one.
  const earliest = sql`min(s.slot) as slot, case when bool_and(s.named_slot is not null) then min(s.named_slot) end as "namedSlot"`;
  const rows = await sql<Row[]>`
    select g.nth, t.*,
      case when tells_mints then (select jsonb_agg(o order by o.mint) from (
          select each->>'mint' as mint, sum((each->>'amount')::numeric)::text as amount
          from fact, jsonb_array_elements(body->'mints') as each
          where account = g.address and finality = 'finalized' and kind = 'tally' and slot > g.after_slot and slot <= g.upto_slot
          group by 1) o) end as mints,
      coalesce((select jsonb_agg(o) from (
          select s.status, s.rank, ${earliest} from ${sightingsOf(sql, sql`g.address`)}
          where m.ended_at is null and ${isWaiting(sql)} and not ${unreadable}
          group by s.status, s.rank) o), '[]') as open,
      u.unattributed, (select cursor_at from account where address = g.address) as walked_at,
      coalesce((select jsonb_agg(s.signature) from ${sightingsOf(sql, sql`g.address`)}
        where s.named_slot <= g.upto_slot and ${unreadable}), '[]') as unreadable,
      (select max(slot) from fact where account = g.address and finality = 'finalized' and kind = 'notice'
        and body->>'what' = 'user_deleted' and slot > g.after_slot and slot <= g.upto_slot) as deleted_slot
    from jsonb_to_recordset(${sql.json(given)}) as g(nth int, address text, after_slot bigint, upto_slot bigint, wanted_before timestamptz)
    cross join lateral (
      select coalesce(sum((body->>'realised')::numeric) filter (where kind = 'tally'), 0)::text as realised,
             coalesce(sum((body->>'funding')::numeric), 0)::text as funding,
             coalesce(sum((body->>'deposits')::numeric), 0)::text as deposits,
             coalesce(sum((body->>'withdraws')::numeric), 0)::text as withdraws,
             coalesce(sum((body->>'tokens')::numeric), 0)::text as tokens,
             coalesce(jsonb_agg(body->'perhaps') filter (where body->'perhaps' is not null), '[]') as perhaps,
             coalesce(bool_or(body ? 'mints'), false) as tells_mints,
             coalesce(sum((body->>'untoldFees')::int), 0)::int as untold_fees,
             (count(*) filter (where kind = 'tally'))::int as tallies,
             (count(*) filter (where kind = 'unknown'))::int as unknowns,
             coalesce(min(block_at) filter (where kind = 'unknown' and body->'tradedAt' is distinct from 'null'),
               min(block_at) filter (where kind = 'unknown')) as hidden_since,
             (count(*) filter (where kind = 'unknown' and body->'tradedAt' = 'null'))::int as quiet,
             (count(*) filter (where kind = 'unknown' and body ? 'lossMoved'))::int as losses_moved
      from fact where account = g.address and finality = 'finalized' and kind in ('tally', 'unknown')
        and slot > g.after_slot and slot <= g.upto_slot) as t
    cross join (
      select coalesce(jsonb_agg(o), '[]') as unattributed from (
        select s.status, s.rank, ${earliest}, extract(epoch from min(s.noted_at)) * 1000 as "notedMs" from sighting s
        where not s.accounts_known and s.status in ('wanted', 'confirmed') group by s.status, s.rank) o) as u
    order by g.nth`;
  const isComplete = ({ nth, open, unattributed, walked_at: walked }: Row): boolean => {
    const walkedMs = walked?.getTime() ?? Number.NEGATIVE_INFINITY;
    const uptoSlot = asked[nth]?.uptoSlot ?? 0;
    return (
      !open.some((each) => isUntold(each, uptoSlot)) &&
      !unattributed.some((each) => isUntoldOfAny(each, uptoSlot, walkedMs))
    );
  };
  return rows.map((row) => ({
    told: {
      ...countersOf(row),
      ...mintsOf(row),
      ...(row.quiet === 0 ? {} : { quiet: row.quiet }),
      ...(row.losses_moved === 0 ? {} : { lossesMoved: row.losses_moved }),
    },
    perhaps: { amounts: row.perhaps.flat().map(BigInt), untoldFees: row.untold_fees },
    tallies: row.tallies,
    unknowns: row.unknowns,
    hiddenSinceMs: row.hidden_since?.getTime() ?? null,
    complete: isComplete(row),
    unreadable: row.unreadable,
    deletedSlot: row.deleted_slot === null ? null : Number(row.deleted_slot),
  }));
}

/** Bytes are stored as hex, because jsonb does not accept zero characters. */
const hex = (latin1: string): string => Buffer.from(latin1, 'latin1').toString('hex');
/** A state as its jsonb column holds it. */
export const jsonOf = (state: AccountState) =>
  toJson({
    ...state,
    hints: { ...state.hints, delegate: hex(state.hints.delegate) },
    pulse: hex(state.pulse),
  });

/** Creates the steps. */
export function createCheckSteps(sql: Sql): CheckSteps {
  return {
    told: together((asked: readonly Stretch[]) => askTold(sql, asked), {
      count: (waiting) => Math.min(TOGETHER, waiting.length),
    }),
    propose: together(
      async (given: readonly Parameters<CheckSteps['propose']>[0][]) => {
        const rows = given.map(({ address, state }) => ({
          address,
          slot: state.slot,
          candidate: jsonOf(state),
        }));
        // All daemons lock the rows in the same order, so that two of them cannot deadlock.
        await sql`
          with given as (select * from jsonb_to_recordset(${sql.json(rows)}) as g(address text, slot bigint, candidate jsonb)),
            held as (select c.address from account_check c join given using (address) order by c.address for update of c)
          update account_check c set candidate = g.candidate from given g join held using (address)
          where c.address = g.address and c.candidate is null and (c.baseline->>'slot')::bigint < g.slot`;
        return given.map(() => undefined);
      },
      { count: upToDistinct(TOGETHER, (each) => each.address) },
    ),
    advance: together(
      async (steps: readonly Step[]) => {
        const rows = steps.map(({ address, baseline, candidate }) => ({
          address,
          from_slot: baseline?.slot ?? -1,
          to_slot: candidate?.slot ?? -1,
        }));
        // Another daemon may have changed a row meanwhile. The update applies only while baseline
        // and candidate are the two states that were compared.
        await sql`
          with given as (select * from jsonb_to_recordset(${sql.json(rows)}) as g(address text, from_slot bigint, to_slot bigint)),
            held as (select c.address from account_check c join given using (address) order by c.address for update of c)
          update account_check c set baseline = c.candidate, candidate = null, difference = null, unexplained_since = null,
            checked_at = now()
          from given g join held using (address)
          where c.address = g.address and (c.candidate->>'slot')::bigint = g.to_slot and (c.baseline->>'slot')::bigint = g.from_slot`;
        return steps.map(() => undefined);
      },
      { count: upToDistinct(TOGETHER, (each) => each.address) },
    ),
  };
}
