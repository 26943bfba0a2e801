// Hidden loss: compares what an account made in transactions that could not be read with the prices
// of its markets. A profit that went to another wallet by a fill far off the price, by the fee of a
// builder or by a liquidation shows as a loss against these prices; no record tells of it.
import type { Held, Notice } from './fact.ts';
import { formatUnits, mulDivFloor } from './money.ts';
import type { AccountState } from './reckoning.ts';

/** BASE (1e9) times PRICE (1e6) divided by QUOTE (1e6). */
const BASE = 1_000_000_000n;
/**
 * A loss of at most this many basis points of the value that was traded counts as fees, slippage
 * and the way of the price until the check: the bound of a recorded fill.
 */
const OFF_PRICE_BPS = 100n;
/** The least loss that is told, in quote base units: one cent. */
const DUST = 10_000n;

/** What an account held and had realised at one slot. */
export type Stand = Pick<AccountState, 'counters' | 'positions'>;
/**
 * A position, or a change of one: base in 1e9 and the quote that was paid for it; both negative for
 * a short.
 */
export type Holding = {
  readonly market: number;
  readonly base: bigint;
  readonly paid: bigint | null;
};
/** Two states of an account, and what records tell of the stretch between them. */
export type Stretch = {
  readonly before: Stand;
  readonly after: Stand;
  /** The changes of positions that opens and closes tell. */
  readonly recorded: readonly Holding[];
  /** The change of the realised total that tallies tell, without funding. Quote base units. */
  readonly told: bigint;
};

const signed = ({ market, base, entry }: Held): Holding => ({
  market,
  base,
  paid: entry === null ? null : base < 0n ? -entry : entry,
});
const opposite = ({ market, base, paid }: Holding): Holding => ({
  market,
  base: -base,
  paid: paid === null ? null : -paid,
});

/** The changes of positions that no record tells, in parts; null where a state lacks positions. */
function hiddenIn({ before, after, recorded }: Stretch): Holding[] | null {
  if (before.positions === null || after.positions === null) return null;
  const earlier = [...before.positions.map(signed), ...recorded];
  return [...after.positions.map(signed), ...earlier.map(opposite)];
}

/** The markets whose prices a comparison needs; empty when nothing was held or traded. */
export const marketsOf = (stretch: Stretch): number[] => [
  ...new Set((hiddenIn(stretch) ?? []).map((each) => each.market)),
];

/**
 * The quote base units by which an account made less in transactions without a record than the same
 * trades would have made at these prices (PRICE precision, by market), funding left out. 0 for a
 * gain, and for a loss within the bound of fees and slippage. Null where positions, a price or an
 * entry are not known.
 */
export function hiddenLoss(stretch: Stretch, prices: ReadonlyMap<number, bigint>): bigint | null {
  const parts = hiddenIn(stretch);
  if (parts === null) return null;
  const made = ({ counters }: Stand): bigint => counters.realised - counters.funding;
  let loss = made(stretch.before) + stretch.told - made(stretch.after);
  let traded = 0n;
  for (const market of marketsOf(stretch)) {
    const own = parts.filter((each) => each.market === market);
    const base = own.reduce((sum, each) => sum + each.base, 0n);
    const price = base === 0n ? 0n : prices.get(market);
    if (price === undefined || own.some((each) => each.paid === null)) return null;
    loss += own.reduce((sum, each) => sum + (each.paid ?? 0n), 0n) - mulDivFloor(base, price, BASE);
    traded += mulDivFloor(base < 0n ? -base : base, price, BASE);
  }
  return loss >= DUST && loss * 10_000n > traded * OFF_PRICE_BPS ? loss : 0n;
}

/** The notice of such a loss. `symbol`: of the quote token. */
export const lossNotice = (amount: bigint, symbol: string): Notice => ({
  kind: 'notice',
  what: 'off_price_fill',
  who: null,
  amount,
  detail: `Trades that no record tells brought ${formatUnits(amount)} ${symbol} less than the prices of the markets.`,
});
