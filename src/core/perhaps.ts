// Perhaps: handles changes of which a record does not say whose account they changed, or whether
// they happened. Account state may show each of these changes or not, but no other difference. A
// referral reward therefore never becomes a gap.

/** The amounts that the facts between two states leave open in an account's realised total. */
export type Perhaps = {
  /** Quote base units, each completely part of the account's total or not at all. */
  readonly amounts: readonly bigint[];
  /** How many keepers' flat fees the venue may have taken although it recorded 0. */
  readonly untoldFees: number;
  /**
   * The most that the account can have got as rewards, by the venue's own counter of its wallet;
   * absent where that was not read.
   */
  readonly rewardsMost?: bigint;
};
export const NOTHING_PERHAPS: Perhaps = { amounts: [], untoldFees: 0 };

/**
 * The most sums that are told apart. The trades of other users decide how many amounts there are,
 * and the work must not grow with them: beyond this, every difference between the least and the
 * greatest sum counts as explained.
 */
const SUMS_MOST = 4_096;

/**
 * Whether some of the open amounts, and of the untold fees at `flatFee` quote base units each, add
 * up to `difference`.
 */
export function mayBe(
  difference: bigint,
  { amounts, untoldFees }: Perhaps,
  flatFee: bigint,
): boolean {
  const fees = Array.from({ length: Math.min(untoldFees, SUMS_MOST) }, () => -flatFee);
  const open = [...amounts, ...fees].filter((each) => each !== 0n);
  let sums = new Set([0n]);
  for (const amount of open) {
    const next = new Set(sums);
    for (const sum of sums) next.add(sum + amount);
    if (next.size > SUMS_MOST) {
      const least = open.reduce((sum, each) => (each < 0n ? sum + each : sum), 0n);
      const most = open.reduce((sum, each) => (each > 0n ? sum + each : sum), 0n);
      return least <= difference && difference <= most;
    }
    sums = next;
  }
  return sums.has(difference);
}
