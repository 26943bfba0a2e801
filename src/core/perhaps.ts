// Perhaps: changes of an account that records announce without saying whose they are, or whether
// they happened at all. A state may show each of them or not; it may show nothing else. That is how
// a referral reward never becomes a gap.

/** What the facts between two states leave open about an account's realised total. */
export type Perhaps = {
  /** Quote base units, each in the account's total as a whole or not at all. */
  readonly amounts: readonly bigint[];
  /** How many flat fees of keepers the venue may have taken while it records them as 0. */
  readonly untoldFees: number;
};
export const NOTHING_PERHAPS: Perhaps = { amounts: [], untoldFees: 0 };

/**
 * Different sums that are told apart. Somebody else's trades decide how many amounts there are, and
 * the work must not grow with them: beyond this, any difference between the least and the most that
 * they can add up to counts as explained.
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
