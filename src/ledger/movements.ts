// Movements: reads the facts that moved an account's positions, in chain order, as far back as the
// closes to be booked depend on them.

import type { Realised } from '../core/accrual.ts';
import type { Fact } from '../core/fact.ts';
import type { Address, Signature, Slot } from '../core/ids.ts';
import type { Movement } from '../core/lots.ts';
import { type Fragment, type Sql, type Transaction, toJson } from './database.ts';
import { readBody } from './facts.ts';
import { grouped } from './groups.ts';

type Place = Pick<Fact, 'signature' | 'position'>;
type Row = {
  kind: 'open' | 'close' | 'unknown' | 'reckoning' | 'flat';
  slot: bigint;
  signature: Signature;
  ordinal: number;
  body: unknown;
};

/** Stands for a block index that is not known: it sorts after every known one. */
const LAST = 2_147_483_647;
/** The four values by which closes that wait to be booked are ordered. */
const placeOf = ({ signature, position: { slot, blockIndex, ordinal } }: Place) =>
  [slot, blockIndex ?? LAST, signature, ordinal] as const;

/** A movement with the place of its fact; a flat market has that of the close that left it so. */
export type PlacedMovement = Movement & {
  readonly signature: Signature;
  readonly ordinal: number;
};

const movementOf = (row: Row): PlacedMovement => {
  const place = { slot: Number(row.slot), signature: row.signature, ordinal: row.ordinal };
  if (row.kind === 'flat')
    return { kind: 'flat', market: (row.body as { market: number }).market, ...place };
  return { ...readBody(row.kind, row.body), ...place };
};

/** Closes of one account, in chain order, whose history begins in the slot after `since`. */
export type History = {
  readonly account: Address;
  readonly since: Slot;
  readonly closes: readonly (Place & { readonly body: Realised })[];
};

/** The bounds of a history as a row of JSON; a reckoning concerns every market: null. */
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
      ...{ account, since, slot, block, signature, ordinal },
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
 * The movements before each close of these histories, each of another account; in the order of the
 * histories and of their closes. Where a booked close has left a market flat, movements of that
 * market are read from that close on; the others from the slot after `since`.
 */
export async function readHistories(
  sql: Sql | Transaction,
  histories: readonly History[],
): Promise<readonly PlacedMovement[][][]> {
  const bounds = histories.flatMap(boundsOf);
  if (bounds.length === 0) return histories.map(() => []);
  const columns = columnsIn(sql);
  const flats = await sql<(Row & { account: Address; market: number; block: number })[]>`
    select distinct on (a.account, a.market) 'flat' as kind, a.account, a.market, a.slot, coalesce(f.block_index, ${LAST}) as block,
      a.signature, a.ordinal, jsonb_build_object('market', a.market) as body
    from jsonb_to_recordset(${sql.json(bounds)}) as g(${columns})
    join accrual a on a.account = g.account
    join fact f on f.subscriber_id = a.subscriber_id and f.signature = a.signature and f.slot = a.slot
      and f.ordinal = a.ordinal and f.account = a.account
    where a.flat and a.slot > g.since and a.slot <= g.slot and (g.markets is null or g.markets @> to_jsonb(a.market))
      and (a.slot, coalesce(f.block_index, ${LAST}), a.signature, a.ordinal) < (g.slot, g.block, g.signature, g.ordinal)
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
      select f.account, f.kind, f.slot, coalesce(f.block_index, ${LAST}) as block, f.signature, f.ordinal, f.body
      from jsonb_to_recordset(${sql.json(given)}) as g(${columns})
      join fact f on f.account = g.account and f.slot >= g.from_slot and f.slot <= g.to_slot
      left join flat t on t.account = f.account and f.kind in ('open', 'close') and t.market = (f.body ->> 'market')::int
      where f.kind in ('open', 'close', 'unknown', 'reckoning') and f.finality <> 'withdrawn'
        and (g.markets is null or f.kind in ('unknown', 'reckoning') or g.markets @> (f.body -> 'market'))
        and (t.market is null or (f.slot, coalesce(f.block_index, ${LAST}), f.signature, f.ordinal) > (t.slot, t.block, t.signature, t.ordinal))
        and (f.slot, coalesce(f.block_index, ${LAST}), f.signature, f.ordinal) <= (g.to_slot, g.to_block, g.to_signature, g.to_ordinal)
      union all select account, 'flat', slot, block, signature, ordinal, body from flat)
    select account, kind, slot, signature, ordinal, body from moved order by account, slot, block, signature, ordinal`;
  const movementsOf = grouped(rows, (row) => row.account);
  return histories.map(({ account, closes }) => {
    const own = movementsOf.get(account) ?? [];
    const movements = own.map(movementOf);
    return closes.map((close) => {
      const at = own.findIndex(
        (row) =>
          (row.kind === 'close' || row.kind === 'reckoning') &&
          row.signature === close.signature &&
          Number(row.slot) === close.position.slot &&
          row.ordinal === close.position.ordinal,
      );
      return movements.slice(0, at < 0 ? undefined : at);
    });
  });
}
