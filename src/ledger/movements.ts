// Movements: reads the facts that moved an account's positions, in chain order, as far back as the
// closes to be booked depend on them.

import type { Realised } from '../core/accrual.ts';
import type { Fact } from '../core/fact.ts';
import type { Address, Signature, Slot } from '../core/ids.ts';
import type { Movement } from '../core/lots.ts';
import { type Sql, type Transaction, toJson } from './database.ts';
import { readBody } from './facts.ts';

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

/**
 * The movements before each of these closes of one account. The closes must be in chain order.
 * Where a booked close has left a market flat, movements of that market are read from that close
 * on; the others from the slot after `since`.
 */
export async function readHistories(
  sql: Sql | Transaction,
  account: Address,
  since: Slot,
  closes: readonly (Place & { readonly body: Realised })[],
): Promise<readonly PlacedMovement[][]> {
  const [first, last] = [closes[0], closes.at(-1)];
  if (first === undefined || last === undefined) return [];
  const [slot, block, signature, ordinal] = placeOf(first);
  // A reckoning concerns every market.
  const markets = closes.some(({ body }) => body.kind === 'reckoning')
    ? null
    : [...new Set(closes.map(({ body }) => (body.kind === 'close' ? body.market : -1)))];
  /** The markets as the text of a Postgres array; null stands for every market. */
  const among = markets === null ? null : `{${markets.join(',')}}`;
  const flats = await sql<(Row & { market: number; block: number })[]>`
    select distinct on (a.market) 'flat' as kind, a.market, a.slot, coalesce(f.block_index, ${LAST}) as block, a.signature, a.ordinal,
      jsonb_build_object('market', a.market) as body
    from accrual a join fact f on f.subscriber_id = a.subscriber_id and f.signature = a.signature and f.slot = a.slot
      and f.ordinal = a.ordinal and f.account = a.account
    where a.account = ${account} and a.flat and a.slot > ${since} and a.slot <= ${slot}
      and (${among}::text is null or a.market = any(${among}::text::int[]))
      and (a.slot, coalesce(f.block_index, ${LAST}), a.signature, a.ordinal) < (${slot}::bigint, ${block}::int, ${signature}, ${ordinal}::int)
    order by a.market, a.slot desc, 4 desc, a.signature desc, a.ordinal desc`;
  const bounded = markets?.every((each) => flats.some((f) => f.market === each));
  const from = bounded === true ? Math.min(...flats.map((each) => Number(each.slot))) : since + 1;
  const [toSlot, toBlock, toSignature, toOrdinal] = placeOf(last);
  const rows = await sql<Row[]>`
    with flat as (
      select * from jsonb_to_recordset(${sql.json(toJson(flats))})
        as t(market int, slot bigint, block int, signature text, ordinal int, body jsonb)),
    moved as (
      select f.kind, f.slot, coalesce(f.block_index, ${LAST}) as block, f.signature, f.ordinal, f.body
      from fact f left join flat t on f.kind in ('open', 'close') and t.market = (f.body ->> 'market')::int
      where f.account = ${account} and f.kind in ('open', 'close', 'unknown', 'reckoning') and f.finality <> 'withdrawn'
        and f.slot >= ${from} and f.slot <= ${toSlot}
        and (${among}::text is null or f.kind in ('unknown', 'reckoning') or (f.body ->> 'market')::int = any(${among}::text::int[]))
        and (t.market is null or (f.slot, coalesce(f.block_index, ${LAST}), f.signature, f.ordinal) > (t.slot, t.block, t.signature, t.ordinal))
        and (f.slot, coalesce(f.block_index, ${LAST}), f.signature, f.ordinal) <= (${toSlot}::bigint, ${toBlock}::int, ${toSignature}, ${toOrdinal}::int)
      union all select 'flat', slot, block, signature, ordinal, body from flat)
    select kind, slot, signature, ordinal, body from moved order by slot, block, signature, ordinal`;
  const movements = rows.map(movementOf);
  return closes.map((close) => {
    const at = rows.findIndex(
      (row) =>
        (row.kind === 'close' || row.kind === 'reckoning') &&
        row.signature === close.signature &&
        Number(row.slot) === close.position.slot &&
        row.ordinal === close.position.ordinal,
    );
    return movements.slice(0, at < 0 ? undefined : at);
  });
}
