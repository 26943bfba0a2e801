// Rewound: the positions of an account at the place of a reckoning. A reckoning stands at the last
// transaction that could not be read, and the state that proves it is of a later slot. Openings and
// closes that records show between the two are in that state, and are movements of their own as
// well, so they are taken out of the state before lots are compared with it.
import type { Close, Held, Open } from './fact.ts';
import { minus, plus } from './lot.ts';
import { type BaseUnits, most } from './money.ts';

/** An opening or a close of a position, as its record shows it. */
export type RecordedMove =
  | Pick<Open, 'kind' | 'market' | 'position' | 'base' | 'quote'>
  | Pick<Close, 'kind' | 'market' | 'position' | 'baseClosed' | 'entry'>;

type Position = { readonly base: bigint; readonly entry: BaseUnits | null };
const NOTHING: Position = { base: 0n, entry: 0n };

/** The position before one movement, which led to `after`. */
function before(after: Position, move: RecordedMove): Position {
  const signed = (base: bigint) => (move.position === 'short' ? -base : base);
  if (move.kind === 'close')
    return { base: after.base + signed(move.baseClosed), entry: plus(after.entry, move.entry) };
  const base = after.base - signed(move.base);
  if (base === 0n) return NOTHING;
  const entry = minus(after.entry, move.quote);
  return { base, entry: entry === null ? null : most(entry, 0n) };
}

/**
 * The positions before `later`, the movements in chain order that led to `held`. To the unit, since
 * the record of a close tells by how much it lessened the entry; an entry is null where `held` does
 * not tell it, or where an opening of an earlier release does not.
 */
export function rewound(held: readonly Held[], later: readonly RecordedMove[]): Held[] {
  const positions = new Map<number, Position>(held.map((each) => [each.market, each]));
  for (const move of later.toReversed())
    positions.set(move.market, before(positions.get(move.market) ?? NOTHING, move));
  return [...positions].flatMap(([market, { base, entry }]) =>
    base === 0n ? [] : [{ market, base, entry }],
  );
}
