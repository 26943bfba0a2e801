// Differences: everything in which the stand-in is known to differ from a compiled program, with
// the reason why that is left so. An entry names the builds, the acts and the exact fields; the
// fuzz fails on any other difference, and npm run fuzz-venue also on an entry that no run needs.
import type { Difference } from './program-pair.ts';

export type Known = {
  readonly builds: readonly string[];
  readonly acts: readonly string[];
  /** Fields of records and accounts, or `error` for what the instruction ends with. */
  readonly where: readonly string[];
  /** What the stand-in and the program say, where only some values are meant. */
  readonly standIn?: RegExp;
  readonly program?: RegExp;
  /** Everything else in which the two differ after the same act follows from this. */
  readonly whole?: true;
  readonly why: string;
};

const BOTH = ['2024-06', '2023-12'];
const OLDEST = ['2023-12'];
const FILLS = ['placeAndTakePerpOrder', 'fillPerpOrder'];
const PLACING = ['placePerpOrder limit', 'placePerpOrder auction', 'placePerpOrder trigger'];
const LIQUIDATIONS = [
  'liquidatePerp',
  'liquidateSpot',
  'liquidateBorrowForPerpPnl',
  'liquidatePerpPnlForDeposit',
];
const SETTLING = ['settlePnl', 'settleFundingPayment', 'updateFundingRate'];

export const DIFFERENCES: readonly Known[] = [
  {
    builds: BOTH,
    acts: FILLS,
    where: ['PerpMarket.amm.mmOraclePrice'],
    why: 'before 2025 these bytes counted trades of either side; the current build keeps a price there',
  },
  {
    builds: ['2024-06'],
    acts: ['settleMultiplePnls trySettle'],
    where: ['error'],
    standIn: /^done$/,
    program: /"Custom":6010\}/,
    why: 'the current build forgives a missing position, older builds do not (trySettleForgivesNoPosition)',
  },
  {
    builds: BOTH,
    acts: [...PLACING, ...FILLS, 'deposit', 'withdraw', 'transferDeposit', 'beginSwap, endSwap'],
    where: ['error'],
    program: /"Custom":(6019|6041)\}/,
    why: 'amounts beyond 64 bits in the middle of a sum: the program names its arithmetic, the stand-in what would come of it',
  },
  {
    builds: BOTH,
    acts: ['beginSwap, endSwap'],
    where: ['error'],
    program: /"Custom":(6023|6248)\}/,
    why: 'a swap’s price is not held to the oracle’s, nor its amounts to the vault',
  },
  {
    builds: OLDEST,
    acts: [...FILLS, ...SETTLING, 'liquidatePerp'],
    where: ['PerpMarket.amm.lastOracleConfPct'],
    why: 'that build takes the oracle’s confidence as it is; later ones let an earlier, larger one fade',
  },
  {
    builds: OLDEST,
    acts: [...FILLS, ...SETTLING, ...LIQUIDATIONS],
    where: ['PerpMarket.amm.netUnsettledFundingPnl'],
    program: /^0$/,
    why: 'that build does not keep this sum',
  },
  {
    builds: OLDEST,
    acts: ['deposit', 'withdraw'],
    where: ['DepositRecord.explanation'],
    standIn: /^(borrow|repayBorrow)$/,
    program: /^none$/,
    why: 'that build does not tell a borrow from a withdrawal',
  },
  {
    builds: OLDEST,
    acts: ['triggerOrder'],
    where: [
      'User.hasOpenAuction',
      'User.openAuctions',
      'User.orders[].auctionDuration',
      'User.orders[].auctionStartPrice',
      'User.orders[].auctionEndPrice',
    ],
    why: 'that build derives the auction of a triggered order from the market’s averages',
  },
  {
    builds: OLDEST,
    acts: ['fillPerpOrder'],
    where: [
      'OrderActionRecord.makerFee',
      'OrderActionRecord.fillerReward',
      'PerpMarket.amm.netRevenueSinceLastFunding',
      'PerpMarket.amm.quoteAssetAmount',
      'PerpMarket.amm.quoteBreakEvenAmountLong',
      'PerpMarket.amm.quoteBreakEvenAmountShort',
      'PerpMarket.amm.totalFee',
      'PerpMarket.amm.totalFeeMinusDistributions',
      'User.perpPositions[].quoteAssetAmount',
      'User.perpPositions[].quoteBreakEvenAmount',
      'UserStats.fees.totalFeeRebate',
    ],
    why: 'that build pays no rebate to a maker that the AMM fills',
  },
  {
    builds: OLDEST,
    acts: ['fillPerpOrder'],
    where: ['records'],
    standIn: /^$/,
    program: /^OrderActionRecord$/,
    whole: true,
    why: 'for want of that rebate, that build’s AMM fills a maker at a price that is not good enough later',
  },
  {
    builds: OLDEST,
    acts: ['forceCancelOrders'],
    where: ['User.lastActiveSlot'],
    why: 'that build does not count a reward in tokens as an act of the keeper',
  },
  {
    builds: OLDEST,
    acts: ['beginSwap, endSwap'],
    where: ['UserStats.takerVolume30d', 'UserStats.lastTakerVolume30dTs'],
    why: 'that build counts a swap as a taker’s volume',
  },
  {
    builds: OLDEST,
    acts: ['beginSwap, endSwap'],
    where: ['error'],
    standIn: /"Custom":6003\}/,
    program: /^done$/,
    why: 'that build looks at the margin of what is left without the strict price',
  },
  {
    builds: OLDEST,
    acts: ['settlePnl'],
    where: ['error'],
    standIn: /"Custom":(6259|6260)\}/,
    program: /^done$/,
    why: 'that build ends a settlement that brings nothing without an error (refusesEmptyPool)',
  },
  {
    builds: OLDEST,
    acts: ['settlePnl'],
    where: ['error'],
    standIn: /"Custom":6095\}/,
    program: /^done$/,
    why: 'that build looks at the margin before a loss is settled without the strict price',
  },
];

/** The entry that a difference by itself falls under; null for one that is not known. */
const entryOf = (
  build: string,
  { act, where, standIn, program }: Omit<Difference, 'nth'>,
): Known | null =>
  DIFFERENCES.find(
    (each) =>
      each.builds.includes(build) &&
      each.acts.includes(act) &&
      each.where.includes(where) &&
      (each.standIn?.test(standIn) ?? true) &&
      (each.program?.test(program) ?? true),
  ) ?? null;

/** Each difference of a history with its entry; null for one that is not known. */
export function explained(
  build: string,
  differences: readonly Difference[],
): { readonly difference: Difference; readonly entry: Known | null }[] {
  const wholes = new Map<number, Known>();
  for (const each of differences) {
    const entry = entryOf(build, each);
    if (entry?.whole === true) wholes.set(each.nth, entry);
  }
  return differences.map((difference) => ({
    difference,
    entry: wholes.get(difference.nth) ?? entryOf(build, difference),
  }));
}

/** The differences of a history that no entry explains. */
export const unexplained = (build: string, differences: readonly Difference[]): Difference[] =>
  explained(build, differences).flatMap(({ difference, entry }) =>
    entry === null ? [difference] : [],
  );
