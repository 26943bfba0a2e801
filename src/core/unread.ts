// Unread: decides about transactions that an account's finalized history names and that no node
// gives. The daemon goes on asking for them without end. Their effect is judged from the account's
// own state and its balances, or a person accepts them as they are.
import { FEE_LAMPORTS_MOST } from './conservation.ts';
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
  type Told,
} from './reckoning.ts';
import type { Watched } from './watch-ports.ts';

/**
 * A transaction that was asked for this long and this often may be decided by state and balances
 * instead.
 */
export const UNREADABLE = { afterMs: 15 * 60_000, tries: 5 } as const;

/**
 * The oracle price may be off by one part in this many of the quote tokens that came and went by
 * record, in USD.
 */
const PRICE_PART = 100n;
const sizeOf = (amount: bigint): bigint => (amount < 0n ? -amount : amount);

/**
 * Whether the state shows that no swap took tokens out. A swap changes no counter of deposits or
 * withdrawals, so only an account that held the quote token alone, before and after, can show it.
 */
function showsNoSwap(baseline: AccountState, told: Counters, seen: AccountState): boolean {
  if (baseline.quote?.alone !== true || seen.quote?.alone !== true) return false;
  const flow = seen.hints.quoteFlow - baseline.hints.quoteFlow;
  const moved = told.deposits - told.withdraws;
  return sizeOf(flow - moved) * PRICE_PART <= told.deposits + told.withdraws;
}

/**
 * Judges a state across transactions that no node gives. When nothing left the account, their
 * profit is reckoned as that of any unknown transaction. When something left, its destination is
 * not known: the verdict is a gap. The verdict is `unproven` when the state cannot show that
 * nothing left.
 */
export function checkUnread(
  baseline: AccountState,
  { told, unknowns, perhaps }: { told: Told; unknowns: number; perhaps: Perhaps },
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
  // More came in than the facts tell. A token account realises no profit, so this is harmless.
  if (!isVenue) return { verdict: 'explained' };
  return {
    verdict: 'reckoned',
    netPnl: difference.realised - difference.funding - rewardsOf(perhaps),
  };
}

/** Whether a wallet's lamports before and after show that no more than a network fee left it. */
export const nothingLeft = (before: Lamports, after: Lamports): boolean =>
  after + FEE_LAMPORTS_MOST >= before;
