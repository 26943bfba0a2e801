// Reckoning: does an account's own state agree with everything that was heard of it? Transactions say what happened, state
// says whether all of them were heard. What state proves and no record tells is either profit of a transaction that could
// not be read, or a gap, which is shown until it is closed. Formulas: drift program, T of docs/invariants.md.
import type { Held } from './fact.ts';
import type { Slot } from './ids.ts';
import { formatUnits } from './money.ts';
import { mayBe, NOTHING_PERHAPS, type Perhaps } from './perhaps.ts';

export const COUNTERS = ['realised', 'funding', 'deposits', 'withdraws', 'tokens'] as const;
/** Counters of a watched account. Units are those of Tally; a Drift user has the first four, a token account the last. */
export type Counters = Readonly<Record<(typeof COUNTERS)[number], bigint>>;
export const NO_COUNTERS: Counters = {
  realised: 0n,
  funding: 0n,
  deposits: 0n,
  withdraws: 0n,
  tokens: 0n,
};

/** What else the state shows: no sum to check, but it tells what an unexplained difference means. */
export type Hints = {
  readonly exists: boolean;
  /** Whoever else may act for it, as raw text; empty for nobody. */
  readonly delegate: string;
  /** Net quote tokens that ever came in by hand: `cumulative_deposits` of the quote market. */
  readonly quoteFlow: bigint;
  /** Scaled balance that stands in isolated positions. */
  readonly isolated: bigint;
};
export type AccountState = {
  readonly slot: Slot;
  readonly counters: Counters;
  readonly hints: Hints;
  /** Open perp positions. Null in states kept by an older release. */
  readonly positions: readonly Held[] | null;
  /** The slice that a sweep compares, as latin1 text. */
  readonly pulse: string;
};

/** What the state shows beyond baseline and facts, counter by counter; null when nothing. */
export function differenceOf(
  baseline: AccountState,
  told: Counters,
  seen: AccountState,
): Counters | null {
  const difference = Object.fromEntries(
    COUNTERS.map((name) => [name, seen.counters[name] - baseline.counters[name] - told[name]]),
  ) as Counters;
  return COUNTERS.every((name) => difference[name] === 0n) ? null : difference;
}

/** Every way out that state alone can tell, and the changes that are none. */
export const MEANINGS = [
  'withdraw',
  'deposit',
  'swap',
  'isolated_transfer',
  'trade',
  'tokens_left',
  'tokens_came',
  'delegate_changed',
  'user_deleted',
] as const;
export type Meaning = { readonly what: (typeof MEANINGS)[number]; readonly says: string };

/** What a difference means, from the account's counters alone. Empty when there is none. */
export function meaningsOf(baseline: AccountState, told: Counters, seen: AccountState): Meaning[] {
  const meanings: Meaning[] = [];
  const say = (what: Meaning['what'], says: string) => meanings.push({ what, says });
  const [was, is] = [baseline.hints, seen.hints];
  if (was.exists && !is.exists) {
    say('user_deleted', 'The account was closed.');
    return meanings;
  }
  const difference = differenceOf(baseline, told, seen) ?? NO_COUNTERS;
  const usd = (amount: bigint) => `${formatUnits(amount < 0n ? -amount : amount)} USD`;
  if (difference.withdraws !== 0n)
    say('withdraw', `${usd(difference.withdraws)} were withdrawn or transferred out unheard.`);
  if (difference.deposits !== 0n)
    say('deposit', `${usd(difference.deposits)} were deposited unheard.`);
  const flow = is.quoteFlow - was.quoteFlow;
  const told0 = difference.withdraws === 0n && difference.deposits === 0n;
  const explainedFlow = told.deposits !== 0n || told.withdraws !== 0n;
  if (told0 && !explainedFlow && flow !== 0n && is.isolated === was.isolated)
    say(
      'swap',
      `${usd(flow)} of the quote token ${flow < 0n ? 'left' : 'came'} without a withdrawal: a swap.`,
    );
  if (is.isolated !== was.isolated)
    say('isolated_transfer', 'Collateral moved into or out of an isolated position.');
  const traded = difference.realised - difference.funding;
  if (traded !== 0n)
    say('trade', `${traded < 0n ? 'A loss' : 'A profit'} of ${usd(traded)} was realised unheard.`);
  if (difference.tokens < 0n) say('tokens_left', `${-difference.tokens} base units left unheard.`);
  if (difference.tokens > 0n) say('tokens_came', `${difference.tokens} base units came unheard.`);
  if (was.delegate !== is.delegate) say('delegate_changed', 'Another delegate may act for it.');
  return meanings;
}

export type Check =
  | { readonly verdict: 'explained' }
  /** Unknown transactions realised this much in all: PnL less fees, funding left out. */
  | { readonly verdict: 'reckoned'; readonly netPnl: bigint }
  | { readonly verdict: 'closed' }
  | {
      readonly verdict: 'gap';
      readonly difference: Counters;
      readonly meanings: readonly Meaning[];
    };

/**
 * Judges a state against its baseline. `told` sums the facts between the two; `unknowns` is how many transactions
 * between them could not be read. Reckoning may only be acted on when every transaction up to the state was heard.
 * `perhaps` is what the facts leave open, `flatFee` the venue's fee for keepers in force, in quote base units. A reckoned
 * profit leaves out what may have been a referral reward: a reward is no profit of trading.
 */
export function checkState(
  baseline: AccountState,
  told: Counters,
  unknowns: number,
  seen: AccountState,
  perhaps: Perhaps = NOTHING_PERHAPS,
  flatFee = 0n,
): Check {
  if (baseline.hints.exists && !seen.hints.exists) return { verdict: 'closed' };
  const difference = differenceOf(baseline, told, seen);
  if (unknowns > 0) {
    const { realised, funding } = difference ?? NO_COUNTERS;
    const rewards = perhaps.amounts.reduce((sum, each) => (each > 0n ? sum + each : sum), 0n);
    return { verdict: 'reckoned', netPnl: realised - funding - rewards };
  }
  if (difference === null) return { verdict: 'explained' };
  const onlyRealised = COUNTERS.every((name) => name === 'realised' || difference[name] === 0n);
  if (onlyRealised && mayBe(difference.realised, perhaps, flatFee)) return { verdict: 'explained' };
  return { verdict: 'gap', difference, meanings: meaningsOf(baseline, told, seen) };
}
