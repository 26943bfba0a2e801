// Signed today: adds up what was signed for each subscriber and token within 24 hours. Each sum is
// kept, so that a burst of thousands of payments does not add all of them up for each signature.

/** An amount that was signed. */
export type SignedAmount = {
  readonly subscriberId: string;
  readonly mint: string;
  /** Base units of that token. */
  readonly amount: bigint;
  /**
   * The payment and its value of a nonce; null without a nonce. Of all transactions with the same
   * two, at most one is executed.
   */
  readonly once: string | null;
};
export type SignedToday = {
  /** The sum that was signed for this subscriber in this token within 24 hours. Base units. */
  sum(subscriberId: string, mint: string): bigint;
  /** Whether the same amount was counted for the same payment and value of a nonce. */
  has(given: SignedAmount): boolean;
  /** Counts an amount for 24 hours from now. Returns a function that takes it out again. */
  count(given: SignedAmount): () => void;
};

const DAY_MS = 24 * 3_600_000;

type Counted = SignedAmount & { readonly atMs: number };
type Sum = { total: bigint; lastMs: number; readonly counted: Counted[] };

/** Creates the sums. `nowMs` is the daemon's clock. */
export function createSignedToday(nowMs: () => number): SignedToday {
  /** The sums, in the order in which they were added to last. */
  const sums = new Map<string, Sum>();
  const keyOf = ({ subscriberId, mint }: Pick<SignedAmount, 'subscriberId' | 'mint'>): string =>
    `${subscriberId}/${mint}`;
  const isOver = (atMs: number): boolean => atMs <= nowMs() - DAY_MS;
  const remove = (sum: Sum, place: number): void => {
    const [gone] = sum.counted.splice(place, 1);
    if (gone !== undefined) sum.total -= gone.amount;
  };
  return {
    sum(subscriberId, mint) {
      const sum = sums.get(keyOf({ subscriberId, mint }));
      if (sum === undefined) return 0n;
      while (sum.counted[0] !== undefined && isOver(sum.counted[0].atMs)) remove(sum, 0);
      return sum.total;
    },
    has: (given) =>
      given.once !== null &&
      (sums.get(keyOf(given))?.counted ?? []).some(
        ({ once, amount }) => once === given.once && amount === given.amount,
      ),
    count(given) {
      const atMs = nowMs();
      for (const [key, { lastMs }] of sums) {
        if (!isOver(lastMs)) break;
        sums.delete(key);
      }
      const key = keyOf(given);
      const sum = sums.get(key) ?? { total: 0n, lastMs: atMs, counted: [] };
      sums.delete(key);
      sums.set(key, sum);
      const counted = { ...given, atMs };
      sum.counted.push(counted);
      sum.total += given.amount;
      sum.lastMs = atMs;
      return () => {
        const place = sum.counted.indexOf(counted);
        if (place >= 0) remove(sum, place);
      };
    },
  };
}
