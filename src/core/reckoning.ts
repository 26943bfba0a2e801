// Reckoning: checks whether an account's own state agrees with all facts about it. Facts say what
// transactions did; the state shows whether every transaction was heard. A difference is either the
// profit of a transaction that could not be read, or a gap, which is shown until a person closes
// it. Formulas: drift program, T of docs/hearing.md.
import type { Held, MintChange } from './fact.ts';
import type { Address, Slot } from './ids.ts';
import { formatUnits, least } from './money.ts';
import { mayBe, NOTHING_PERHAPS, type Perhaps } from './perhaps.ts';
import { tokenDifference } from './token-difference.ts';

export const COUNTERS = ['realised', 'funding', 'deposits', 'withdraws', 'tokens'] as const;
/**
 * Counters of a watched account. Units are those of Tally; a Drift user has the first four, a token
 * account the last.
 */
export type Counters = Readonly<Record<(typeof COUNTERS)[number], bigint>>;
export const NO_COUNTERS: Counters = {
  realised: 0n,
  funding: 0n,
  deposits: 0n,
  withdraws: 0n,
  tokens: 0n,
};

/** The sums of facts. */
export type Told = Counters & {
  /** The parts of `tokens` whose mint is known, in any order. */
  readonly mints?: readonly MintChange[];
  /**
   * The number of transactions that could not be read and in which no call may have traded; absent
   * when there are none.
   */
  readonly quiet?: number;
  /**
   * Those of them in which a loss may have passed from or to the account; absent when there are
   * none.
   */
  readonly lossesMoved?: number;
};

/** Fields of the state that are not summed against facts. They tell what a difference means. */
export type Hints = {
  readonly exists: boolean;
  /** The delegate that may act for the account, as raw text; empty for none. */
  readonly delegate: string;
  /**
   * Quote tokens deposited by hand less those withdrawn, ever: `cumulative_deposits` of the quote
   * market.
   */
  readonly quoteFlow: bigint;
  /** The scaled balance in isolated positions. */
  readonly isolated: bigint;
};
/**
 * The quote tokens that a Drift user holds. From this and the tokens that left, the profit can be
 * computed after the account was deleted.
 */
export type QuoteHolding = {
  /** Scaled balance of the quote deposit, in 1e9; negative when it is a borrow. */
  readonly scaled: bigint;
  /** Profit that is realised and not yet settled into the deposit, in quote base units. */
  readonly unsettled: bigint;
  /** Whether the account holds no other token and no isolated position. */
  readonly alone: boolean;
};
export type AccountState = {
  readonly slot: Slot;
  readonly counters: Counters;
  readonly hints: Hints;
  /** Open perp positions. Null in states kept by an older release. */
  readonly positions: readonly Held[] | null;
  /** Null or absent for a token account, and in states kept by an older release. */
  readonly quote?: QuoteHolding | null;
  /** The mint of a token account. Absent for other accounts, and in states of an older release. */
  readonly mint?: Address;
  /** The bytes of the account that a sweep compares, as latin1 text. */
  readonly pulse: string;
};

/**
 * For each counter, the state's value less the baseline's and less the sum of the facts, for tokens
 * mint by mint; null when all differences are zero.
 */
export function differenceOf(
  baseline: AccountState,
  told: Told,
  seen: AccountState,
): Counters | null {
  const difference = {
    ...(Object.fromEntries(
      COUNTERS.map((name) => [name, seen.counters[name] - baseline.counters[name] - told[name]]),
    ) as Counters),
    tokens: tokenDifference(baseline, told, seen),
  };
  return COUNTERS.every((name) => difference[name] === 0n) ? null : difference;
}

/** The meanings of a difference between the state and the facts. */
const MEANINGS = [
  'withdraw',
  'deposit',
  'swap',
  'isolated_transfer',
  'trade',
  'tokens_left',
  'tokens_came',
  'delegate_changed',
  'user_deleted',
  'loss_moved',
] as const;
export type Meaning = { readonly what: (typeof MEANINGS)[number]; readonly says: string };

/**
 * The meanings of the difference between a state and the facts, told from the account's counters
 * alone; empty when there is no difference.
 */
export function meaningsOf(baseline: AccountState, told: Told, seen: AccountState): Meaning[] {
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
    say(
      'withdraw',
      `${usd(difference.withdraws)} were withdrawn or transferred out in no known transaction.`,
    );
  if (difference.deposits !== 0n)
    say('deposit', `${usd(difference.deposits)} were deposited in no known transaction.`);
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
    say(
      'trade',
      `${traded < 0n ? 'A loss' : 'A profit'} of ${usd(traded)} was realised in no known transaction.`,
    );
  if (difference.tokens < 0n)
    say('tokens_left', `${-difference.tokens} base units left in no known transaction.`);
  if (difference.tokens > 0n)
    say('tokens_came', `${difference.tokens} base units came in no known transaction.`);
  if (was.delegate !== is.delegate) say('delegate_changed', 'Another delegate may act for it.');
  return meanings;
}

export type Check =
  | { readonly verdict: 'explained' }
  /**
   * Transactions that could not be read realised this much in sum: PnL less fees, funding not
   * included.
   */
  | { readonly verdict: 'reckoned'; readonly netPnl: bigint }
  | { readonly verdict: 'closed' }
  | {
      readonly verdict: 'gap';
      readonly difference: Counters;
      readonly meanings: readonly Meaning[];
    };

/** The state of an account that was just created, or that no longer exists. */
export const blankState = (slot: Slot): AccountState => ({
  slot,
  counters: NO_COUNTERS,
  hints: { exists: false, delegate: '', quoteFlow: 0n, isolated: 0n },
  positions: [],
  pulse: '',
});

/**
 * The sum of the amounts that may have been referral rewards, and no more than the wallet ever got:
 * a fill of a stranger may name any account.
 */
export function rewardsOf({ amounts, rewardsMost }: Perhaps): bigint {
  const sum = amounts.reduce((all, each) => (each > 0n ? all + each : all), 0n);
  return rewardsMost === undefined ? sum : least(sum, rewardsMost);
}

/**
 * The verdict where a loss may have passed from or to the account unread: it stands in the realised
 * total like a profit or a loss of trading, and neither can be told from the other.
 */
const lossMoved = (difference: Counters): Check => ({
  verdict: 'gap',
  difference,
  meanings: [
    {
      what: 'loss_moved',
      says: 'A liquidation or a bankruptcy that could not be read moved a loss from or to the account, so that its profit cannot be computed.',
    },
  ],
});

/** The facts of the stretch between a baseline and the deletion of a Drift account. */
export type LastStretch = {
  readonly told: Told;
  readonly perhaps: Perhaps;
  readonly unknowns: number;
  /**
   * Quote tokens that left the account less those that came in; null when one of the movements
   * could not be read.
   */
  readonly movedOut: bigint | null;
  /**
   * The worth of the baseline's deposit at the time of the check, in quote base units; null when
   * the market cannot be read.
   */
  readonly worth: bigint | null;
};

/**
 * Judges the stretch before a deletion. An account can be deleted only when it holds nothing, so
 * every token in it has left; the profit is what left less what was there. It is computed only when
 * a transaction of the stretch could not be read. Interest earned in between counts for the
 * subscriber, because `worth` is taken afterwards; funding cannot be told apart from profit.
 */
export function checkLastStretch(baseline: AccountState, last: LastStretch): Check {
  if (last.unknowns === (last.told.quiet ?? 0)) return { verdict: 'closed' };
  const { quote } = baseline;
  if ((last.told.lossesMoved ?? 0) > 0) return lossMoved(NO_COUNTERS);
  if (!quote?.alone || last.movedOut === null || last.worth === null)
    return {
      verdict: 'gap',
      difference: NO_COUNTERS,
      meanings: [
        {
          what: 'user_deleted',
          says: 'The account was closed after transactions that could not be read; their profit cannot be computed.',
        },
      ],
    };
  const realised = last.movedOut - last.worth - quote.unsettled - last.told.realised;
  return { verdict: 'reckoned', netPnl: realised - rewardsOf(last.perhaps) };
}

/** The verdict for two stretches together, one before a deletion and one after it. */
export function together(before: Check, after: Check): Check {
  if (before.verdict === 'gap') return before;
  if (after.verdict === 'gap') return after;
  const netPnl =
    (before.verdict === 'reckoned' ? before.netPnl : 0n) +
    (after.verdict === 'reckoned' ? after.netPnl : 0n);
  if (before.verdict === 'reckoned' || after.verdict === 'reckoned')
    return { verdict: 'reckoned', netPnl };
  return before.verdict === 'closed' ? before : after;
}

/** Whether the state is one of a deleted account, or all that changed is explained. */
const explainedOr = (baseline: AccountState, seen: AccountState): Check => ({
  verdict: baseline.hints.exists && !seen.hints.exists ? 'closed' : 'explained',
});

/**
 * Judges a state against its baseline. `told` sums the facts between the two, and `unknowns` counts
 * the transactions between them that could not be read; where none of them may have traded, funding
 * and movements of collateral need no explanation. The caller must have heard every
 * transaction up to the state before it acts on the verdict `reckoned`. `perhaps` holds amounts
 * that the facts leave open, and `flatFee` is the venue's present fee for keepers, in quote base
 * units. A reckoned profit leaves out amounts that may have been referral rewards, because a reward
 * is no trading profit; where a loss may have been moved unread, nothing is reckoned.
 * `checkLastStretch` checks what a Drift account did before it was deleted.
 */
export function checkState(
  baseline: AccountState,
  told: Told,
  unknowns: number,
  seen: AccountState,
  perhaps: Perhaps = NOTHING_PERHAPS,
  flatFee = 0n,
): Check {
  const difference = differenceOf(baseline, told, seen);
  if (unknowns > 0) {
    if ((told.lossesMoved ?? 0) > 0) return lossMoved(difference ?? NO_COUNTERS);
    const { realised, funding } = difference ?? NO_COUNTERS;
    const traded = realised - funding;
    // Where no call may have traded and nothing was realised, no position was opened or closed.
    if (unknowns === (told.quiet ?? 0) && mayBe(traded, perhaps, flatFee))
      return explainedOr(baseline, seen);
    return { verdict: 'reckoned', netPnl: traded - rewardsOf(perhaps) };
  }
  if (difference === null) return explainedOr(baseline, seen);
  const onlyRealised = COUNTERS.every((name) => name === 'realised' || difference[name] === 0n);
  if (onlyRealised && mayBe(difference.realised, perhaps, flatFee)) return { verdict: 'explained' };
  return { verdict: 'gap', difference, meanings: meaningsOf(baseline, told, seen) };
}
