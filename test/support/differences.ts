// Differences: everything in which the stand-in is known to differ from a compiled program, with
// the reason why that is left so. The fuzz fails on any other.
import type { Difference } from './program-pair.ts';

type Known = {
  /** Builds on which it is so; all of them when left out. */
  readonly builds?: readonly string[];
  readonly act?: RegExp;
  readonly where: RegExp;
  /** The program's value, where only some are meant. */
  readonly program?: RegExp;
  readonly why: string;
};

const OLDEST = ['2023-12'];

export const DIFFERENCES: readonly Known[] = [
  {
    where: /^PerpMarket\.amm\.mmOraclePrice$/,
    why: 'before 2025 these bytes counted trades of either side; the current build keeps a price there',
  },
  {
    act: /^settleMultiplePnls trySettle$/,
    where: /^error$/,
    program: /6010/,
    why: 'the current build forgives a missing position, older builds do not (trySettleForgivesNoPosition)',
  },
  {
    where: /^error$/,
    program: /"Custom":(6019|6041)\}/,
    why: 'amounts beyond 64 bits in the middle of a sum: the program names its arithmetic, the stand-in what would come of it',
  },
  {
    act: /^(liquidate|resolveBankruptcy)/,
    where: /./,
    why: 'liquidations take the whole position at the oracle’s price: margin shortage, speed and fees of the insurance fund are left out',
  },
  {
    act: /^beginSwap/,
    where: /^error$/,
    program: /6023|6248/,
    why: 'a swap’s price is not held to the oracle’s, nor its amounts to the vault',
  },
  {
    act: /^(placePerpOrder|placeAndTake|fillPerpOrder)/,
    where: /^error$/,
    program: /6171/,
    why: 'a fill one unit of rounding beyond its limit, which the program refuses',
  },
  {
    builds: OLDEST,
    where: /^PerpMarket\.amm\.lastOracleConfPct$/,
    why: 'that build takes the oracle’s confidence as it is; later ones let an earlier, larger one fade',
  },
  {
    builds: OLDEST,
    where: /^PerpMarket\.amm\.(netUnsettledFundingPnl|quoteAssetAmountWithUnsettledLp)$/,
    why: 'the build of 2023-12 does not keep this sum',
  },
  {
    builds: OLDEST,
    act: /^(deposit|withdraw)$/,
    where: /^DepositRecord\.explanation$/,
    why: 'that build does not tell a borrow from a withdrawal',
  },
  {
    builds: OLDEST,
    act: /^(triggerOrder|fillPerpOrder)$/,
    where: /^(User\.|UserStats\.|PerpMarket\.|OrderActionRecord\.|records|error)/,
    why: 'that build derives the auction of a triggered order from the market’s averages, and pays no rebate to a maker that the AMM fills',
  },
  {
    builds: OLDEST,
    act: /^beginSwap/,
    where: /^(UserStats\.|error)/,
    why: 'that build counts a swap as a taker’s volume, and looks at the margin of what is left without the strict price',
  },
  {
    builds: OLDEST,
    act: /^(settlePnl|settleMultiplePnls)/,
    where: /^error$/,
    why: 'that build ends a settlement that brings nothing without an error (refusesEmptyPool)',
  },
];

/** The reason why a difference is known; null for one that is not. */
export const reasonOf = (build: string, { act, where, program }: Difference): string | null =>
  DIFFERENCES.find(
    (each) =>
      (each.builds?.includes(build) ?? true) &&
      (each.act?.test(act) ?? true) &&
      each.where.test(where) &&
      (each.program?.test(program) ?? true),
  )?.why ?? null;
