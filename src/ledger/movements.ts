// Movements: reads the facts that moved an account's positions, in chain order, as far back as
// closes depend on them; with the funding of the account where that is asked for.

import type { Realised } from '../core/accrual.ts';
import type { Fact, Unknown } from '../core/fact.ts';
import type { FundingMove } from '../core/funding.ts';
import type { FundingPayment } from '../core/funding-payment.ts';
import type { Address, Signature, Slot } from '../core/ids.ts';
import type { Movement } from '../core/lot.ts';
import { type RecordedMove, rewound } from '../core/rewound.ts';
import { type Fragment, type Sql, type Transaction, toJson } from './database.ts';
import { readBody } from './facts.ts';
import { grouped } from './groups.ts';

type Place = Pick<Fact, 'signature' | 'position'>;
type Row = {
  kind: 'open' | 'close' | 'unknown' | 'reckoning' | 'flat' | 'funding';
  slot: bigint;
  signature: Signature;
  ordinal: number;
  body: unknown;
  /** Of a reckoning: the openings and closes after its place, up to the state that proves it. */
  later: readonly { readonly kind: 'open' | 'close'; readonly body: unknown }[] | null;
};

/** Stands for a block index that is not known: it sorts after every known one. */
const LAST = 2_147_483_647;
/** The four values by which closes that wait to be booked are ordered. */
const placeOf = ({ signature, position: { slot, blockIndex, ordinal } }: Place) =>
  [slot, blockIndex ?? LAST, signature, ordinal] as const;

/** A movement with the place of its fact; `flat` has that of the close that emptied its market. */
export type PlacedMovement = Movement & {
  readonly signature: Signature;
  readonly ordinal: number;
};

/**
 * How movements are read: as this release books closes, or as earlier ones did, by which the closes
 * that they booked are recomputed. Earlier releases took each transaction that could not be read
 * for one that may have traded, and the positions of a reckoning as its state shows them.
 */
export type ReadAs = 'now' | 'earlier';

/**
 * A row's reckoning or close; of a reckoning with the positions at its place in `held`, which its
 * fact tells at `uptoSlot`.
 */
function realisedIn({ body, later }: Row, kind: Realised['kind'], as: ReadAs): Realised {
  const read = readBody(kind, body);
  if (read.kind === 'close' || read.held === null || as === 'earlier') return read;
  const moves = (later ?? []).map((each): RecordedMove => readBody(each.kind, each.body));
  return { ...read, held: rewound(read.held, moves) };
}

/**
 * The movement of a row; null for a row of funding, and for a transaction that could not be read
 * and in which no call may have traded: nothing was opened there.
 */
const movementOf = (row: Row, as: ReadAs = 'now'): PlacedMovement | null => {
  const place = { slot: Number(row.slot), signature: row.signature, ordinal: row.ordinal };
  if (row.kind === 'funding') return null;
  const isQuiet = row.kind === 'unknown' && (row.body as Unknown).tradedAt === null;
  if (isQuiet && as === 'now') return null;
  if (row.kind === 'flat')
    return { kind: 'flat', market: (row.body as { market: number }).market, ...place };
  if (row.kind === 'reckoning') return { ...realisedIn(row, row.kind, as), ...place };
  return { ...readBody(row.kind, row.body), ...place };
};

/**
 * The funding payment of a row; `untold` when the tally does not tell its payments apart, or the
 * transaction could not be read.
 */
const fundingIn = ({ kind, slot, body }: Row): FundingMove => {
  if (body === null || kind !== 'funding') return { kind: 'untold', slot: Number(slot) };
  const { market, base, amount } = body as { [name in keyof FundingPayment]: string };
  return {
    kind: 'funding',
    slot: Number(slot),
    market: Number(market),
    base: BigInt(base),
    amount: BigInt(amount),
  };
};

/** Closes of one account, in chain order, whose history begins in the slot after `since`. */
export type History = {
  readonly account: Address;
  readonly since: Slot;
  readonly closes: readonly (Place & { readonly body: Realised })[];
};

/**
 * The bounds of a history as a row of JSON. `markets` is null when a reckoning is among its closes,
 * because a reckoning concerns every market.
 */
function boundsOf({ account, since, closes }: History) {
  const [first, last] = [closes[0], closes.at(-1)];
  if (first === undefined || last === undefined) return [];
  const [slot, block, signature, ordinal] = placeOf(first);
  const [toSlot, toBlock, toSignature, toOrdinal] = placeOf(last);
  const markets = closes.some(({ body }) => body.kind === 'reckoning')
    ? null
    : [...new Set(closes.map(({ body }) => (body.kind === 'close' ? body.market : -1)))];
  return [
    {
      account,
      since,
      slot,
      block,
      signature,
      ordinal,
      to_slot: toSlot,
      to_block: toBlock,
      to_signature: toSignature,
      to_ordinal: toOrdinal,
      markets,
    },
  ];
}

/** The columns of `boundsOf`, and the first slot that is read. */
const columnsIn = (sql: Sql | Transaction): Fragment => sql`
  account text, since bigint, slot bigint, block int, signature text, ordinal int, to_slot bigint, to_block int,
  to_signature text, to_ordinal int, markets jsonb, from_slot bigint`;

/**
 * Payments of funding as rows: one for each payment of a tally, at the place of its record; one in
 * front of its transaction for a tally that does not tell its payments apart.
 */
const fundingsIn = (sql: Sql | Transaction, bounds: object[]): Fragment => sql`
  union all
  select f.account, 'funding', f.slot, coalesce(f.block_index, ${LAST}), f.signature, coalesce((p.payment ->> 'ordinal')::int, 0), p.payment, null
  from jsonb_to_recordset(${sql.json(bounds as never)}) as g(${columnsIn(sql)})
  join fact f on f.account = g.account and f.slot >= g.from_slot and f.slot <= g.to_slot
  left join lateral jsonb_array_elements(f.body -> 'fundings') as p(payment) on true
  where f.kind = 'tally' and f.finality <> 'withdrawn' and (f.body ->> 'funding' <> '0' or f.body ? 'fundings')`;

/**
 * Leaves out facts `name` that were recorded from this time on, in the text form of Postgres; null
 * leaves out none.
 */
const toldIn = (sql: Sql | Transaction, name: 'f' | 'l', toldBefore: string | null): Fragment =>
  toldBefore === null ? sql`` : sql`and ${sql(name)}.recorded_at < ${toldBefore}::timestamptz`;

/** The openings and closes of the account after reckoning `f`, up to its `uptoSlot`, as JSON. */
const laterThan = (sql: Sql | Transaction, toldBefore: string | null): Fragment => sql`(
  select coalesce(jsonb_agg(jsonb_build_object('kind', l.kind, 'body', l.body)
    order by l.slot, coalesce(l.block_index, ${LAST}), l.signature, l.ordinal), '[]')
  from fact l where l.account = f.account and l.slot >= f.slot and l.slot <= (f.body ->> 'uptoSlot')::bigint
    and l.kind in ('open', 'close') and l.finality <> 'withdrawn' ${toldIn(sql, 'l', toldBefore)}
    and (l.slot, coalesce(l.block_index, ${LAST}), l.signature, l.ordinal) > (f.slot, coalesce(f.block_index, ${LAST}), f.signature, f.ordinal))`;

/**
 * The rows of these histories up to their last close, by account, in chain order. Where a booked
 * close has left a market flat, movements of that market are read from that close on; the others
 * from the slot after `since`.
 */
async function readRows(
  sql: Sql | Transaction,
  histories: readonly History[],
  withFunding: boolean,
  toldBefore: string | null = null,
): Promise<ReadonlyMap<string, readonly Row[]>> {
  const bounds = histories.flatMap(boundsOf);
  if (bounds.length === 0) return new Map();
  const columns = columnsIn(sql);
  const flats = await sql<(Row & { account: Address; market: number; block: number })[]>`
    select distinct on (a.account, a.market) 'flat' as kind, null as later, a.account, a.market, a.slot, coalesce(f.block_index, ${LAST}) as block,
      a.signature, a.ordinal, jsonb_build_object('market', a.market) as body
    from jsonb_to_recordset(${sql.json(bounds)}) as g(${columns})
    join accrual a on a.account = g.account
    join fact f on f.subscriber_id = a.subscriber_id and f.signature = a.signature and f.slot = a.slot
      and f.ordinal = a.ordinal and f.account = a.account
    where a.flat and a.slot > g.since and a.slot <= g.slot and (g.markets is null or g.markets @> to_jsonb(a.market))
      and (a.slot, coalesce(f.block_index, ${LAST}), a.signature, a.ordinal) < (g.slot, g.block, g.signature, g.ordinal)
      ${toldIn(sql, 'f', toldBefore)}
    order by a.account, a.market, a.slot desc, 5 desc, a.signature desc, a.ordinal desc`;
  const flatsOf = grouped(flats, (each) => each.account);
  const given = bounds.map((each) => {
    const own = flatsOf.get(each.account) ?? [];
    const bounded = each.markets?.every((market) => own.some((flat) => flat.market === market));
    const slots = own.map(({ slot }) => Number(slot));
    return { ...each, from_slot: bounded === true ? Math.min(...slots) : each.since + 1 };
  });
  const rows = await sql<(Row & { account: Address })[]>`
    with flat as (
      select * from jsonb_to_recordset(${sql.json(toJson(flats))})
        as t(account text, market int, slot bigint, block int, signature text, ordinal int, body jsonb)),
    moved as (
      select f.account, f.kind, f.slot, coalesce(f.block_index, ${LAST}) as block, f.signature, f.ordinal, f.body,
        case when f.kind = 'reckoning' then ${laterThan(sql, toldBefore)} end as later
      from jsonb_to_recordset(${sql.json(given)}) as g(${columns})
      join fact f on f.account = g.account and f.slot >= g.from_slot and f.slot <= g.to_slot
      left join flat t on t.account = f.account and f.kind in ('open', 'close') and t.market = (f.body ->> 'market')::int
      where f.kind in ('open', 'close', 'unknown', 'reckoning') and f.finality <> 'withdrawn'
        and (g.markets is null or f.kind in ('unknown', 'reckoning') or g.markets @> (f.body -> 'market'))
        and (t.market is null or (f.slot, coalesce(f.block_index, ${LAST}), f.signature, f.ordinal) > (t.slot, t.block, t.signature, t.ordinal))
        and (f.slot, coalesce(f.block_index, ${LAST}), f.signature, f.ordinal) <= (g.to_slot, g.to_block, g.to_signature, g.to_ordinal)
        ${toldIn(sql, 'f', toldBefore)}
      union all select account, 'flat', slot, block, signature, ordinal, body, null from flat
      ${withFunding ? fundingsIn(sql, given) : sql``})
    select account, kind, slot, signature, ordinal, body, later from moved order by account, slot, block, signature, ordinal`;
  return grouped(rows, (row) => row.account);
}

/** The index of a close among rows; -1 where it is not one of them. */
const placeIn = (rows: readonly Row[], { signature, position: { slot, ordinal } }: Place): number =>
  rows.findIndex(
    (row) =>
      (row.kind === 'close' || row.kind === 'reckoning') &&
      row.signature === signature &&
      Number(row.slot) === slot &&
      row.ordinal === ordinal,
  );

/** A close or reckoning as `realisedIn` reads it, and the movements of its account before it. */
export type Before = { readonly realised: Realised; readonly moves: readonly PlacedMovement[] };

/**
 * The movements before each close of these histories, each of another account; in the order of the
 * histories and of their closes. With `toldBefore`, facts that were recorded from that time on are
 * left out, so that the movements are those that the ledger knew then.
 */
export async function readHistories(
  sql: Sql | Transaction,
  histories: readonly History[],
  as: ReadAs = 'now',
  toldBefore: string | null = null,
): Promise<readonly (readonly Before[])[]> {
  const rows = await readRows(sql, histories, false, toldBefore);
  return histories.map(({ account, closes }) => {
    const own = rows.get(account) ?? [];
    // As many as there are rows, so that the place of a close is the same in both lists.
    const movements = own.map((row) => movementOf(row, as));
    return closes.map((close): Before => {
      const at = placeIn(own, close);
      const found = own[at];
      return {
        realised: found === undefined ? close.body : realisedIn(found, close.body.kind, as),
        moves: movements.slice(0, at < 0 ? undefined : at).filter((move) => move !== null),
      };
    });
  });
}

/** A movement or payment of funding, with the signature and ordinal of its fact or record. */
export type PlacedFundingMove = FundingMove & {
  readonly signature: Signature;
  readonly ordinal: number;
};

/**
 * The movements and the funding of these histories, each of another account, up to and with their
 * last closes; in the order of the histories.
 */
export async function readFundedHistories(
  sql: Sql | Transaction,
  histories: readonly History[],
): Promise<readonly PlacedFundingMove[][]> {
  const rows = await readRows(sql, histories, true);
  return histories.map(({ account }) =>
    (rows.get(account) ?? []).map((row) => ({
      ...(movementOf(row) ?? fundingIn(row)),
      signature: row.signature,
      ordinal: row.ordinal,
    })),
  );
}
