// Unread: transactions that an account's finalized history names and that no node gives. They are
// asked for as long as it takes; what they may have done is told by the account's own state and by
// balances, or accepted by a person.
import { FEE_LAMPORTS_MOST } from './conservation.ts';
import type { Watched } from './hearing-ports.ts';
import type { Lamports } from './money.ts';
import type { Perhaps } from './perhaps.ts';
import {
  type AccountState,
  type Check,
  type Counters,
  checkState,
  differenceOf,
  meaningsOf,
  NO_COUNTERS,
  rewardsOf,
} from './reckoning.ts';

/**
 * From then on state and balances may answer for a transaction: it was asked for so long, and so
 * often.
 */
export const UNREADABLE = { afterMs: 15 * 60_000, tries: 5 } as const;

/**
 * Of the quote token that came and went by record, in USD at the oracle's price, one part in a
 * hundred may be the price's.
 */
const PRICE_PART = 100n;
const sizeOf = (amount: bigint): bigint => (amount < 0n ? -amount : amount);

/**
 * Whether the state shows that no swap took tokens out: it changes no counter of deposits and
 * withdrawals. Only an account that holds the quote token alone, before and after, shows it.
 */
function showsNoSwap(baseline: AccountState, told: Counters, seen: AccountState): boolean {
  if (baseline.quote?.alone !== true || seen.quote?.alone !== true) return false;
  const flow = seen.hints.quoteFlow - baseline.hints.quoteFlow;
  const moved = told.deposits - told.withdraws;
  return sizeOf(flow - moved) * PRICE_PART <= told.deposits + told.withdraws;
}

/**
 * Judges a state across transactions that no node gives. Where nothing left, what they realised is
 * reckoned as that of any unknown transaction is. Where something left, nobody knows to whom: a
 * gap. `unproven` when the state cannot show that nothing left.
 */
export function checkUnread(
  baseline: AccountState,
  { told, unknowns, perhaps }: { told: Counters; unknowns: number; perhaps: Perhaps },
  seen: AccountState,
  flatFee: bigint,
  role: Watched['role'],
): Check | { readonly verdict: 'unproven' } {
  if (!baseline.hints.exists || !seen.hints.exists) return { verdict: 'unproven' };
  const check = checkState(baseline, told, unknowns, seen, perhaps, flatFee);
  const difference = differenceOf(baseline, told, seen) ?? NO_COUNTERS;
  if (difference.withdraws !== 0n || difference.tokens < 0n)
    return { verdict: 'gap', difference, meanings: meaningsOf(baseline, told, seen) };
  const isVenue = role === 'drift_user';
  if (isVenue && !showsNoSwap(baseline, told, seen)) return { verdict: 'unproven' };
  if (check.verdict !== 'gap') return check;
  // More came than was heard of. A token account has realised nothing.
  if (!isVenue) return { verdict: 'explained' };
  return {
    verdict: 'reckoned',
    netPnl: difference.realised - difference.funding - rewardsOf(perhaps),
  };
}

/** Whether a wallet's lamports before and after show that no more than a network fee left it. */
export const nothingLeft = (before: Lamports, after: Lamports): boolean =>
  after + FEE_LAMPORTS_MOST >= before;
