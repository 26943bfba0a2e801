// Covered: decides whether a withdrawal certainly leaves enough for amounts that may be owed. A
// withdrawal does when nothing is owed, every transaction is known and its shares are paid, and no
// more leaves than is settled. Pure: flows/clearance.ts reads, this file decides.
import type { Explained } from './check-ports.ts';
import type { Held } from './fact.ts';
import type { BaseUnits } from './money.ts';
import type { AccountState } from './reckoning.ts';
import { amountText, type Token, USDC } from './token.ts';

/** One Drift account of the subscriber, at one reading of the chain. */
export type Holding = {
  readonly exists: boolean;
  /** Whether the facts explain the account's realised total, by `isHeard`. */
  readonly heard: boolean;
  /** The number of open positions. */
  readonly positions: number;
  /** The deposit, in quote base units. */
  readonly deposit: BaseUnits;
  /** Quote base units that closed positions can still settle into the deposit. */
  readonly claimable: BaseUnits;
};
/**
 * Whether the facts explain what the account has realised by this state. Funding is left out: it is
 * no profit, and a call that settles it may be in a transaction that could not be read. Where such
 * a transaction may have traded, the positions must be the same as before it, each with its entry.
 */
export function isHeard(
  { traded, positions }: Explained,
  { counters, positions: seen }: Pick<AccountState, 'counters' | 'positions'>,
): boolean {
  if (counters.realised - counters.funding !== traded) return false;
  if (positions === null) return true;
  const textOf = ({ market, base, entry }: Held) => `${market} ${base} ${entry}`;
  const known = new Set(positions.map(textOf));
  return seen?.length === positions.length && seen.every((each) => known.has(textOf(each)));
}
export const BLOCKS = [
  'owes',
  'books_behind',
  'accounts_not_followed',
  'no_account',
  'results_not_final',
  'positions_open',
  'too_much',
] as const;
export type Block = (typeof BLOCKS)[number];
export type Uncovered = {
  readonly code: Exclude<Block, 'owes' | 'books_behind' | 'accounts_not_followed'>;
  readonly reason: string;
  /** Whether the objection passes within seconds. */
  readonly passes: boolean;
};

/**
 * Why a withdrawal, or the closing of the account, must not be cleared; null when it may. `amount`
 * is null for closing. Holdings, `tokens` and `amount` are those of one venue, in its quote token.
 */
export function uncovered(
  holdings: readonly Holding[],
  tokens: BaseUnits,
  amount: BaseUnits | null,
  token: Token = USDC,
): Uncovered | null {
  const existing = holdings.filter((each) => each.exists);
  if (existing.length === 0)
    return {
      code: 'no_account',
      reason:
        'No Drift account of this subscriber exists, so there is nothing to clear. Register the sub-account that is in use.',
      passes: false,
    };
  if (existing.some((each) => !each.heard))
    return {
      code: 'results_not_final',
      reason:
        'A transaction of the Drift account is not read and final yet. Ask again in half a minute.',
      passes: true,
    };
  const open = existing.some((each) => each.positions > 0);
  if (open && amount === null)
    return {
      code: 'positions_open',
      reason:
        'Positions are open, and their profit is shared when they are closed. Close every position, then ask again.',
      passes: false,
    };
  if (amount === null) return null;
  const there = settledIn(holdings, tokens);
  if (amount <= there) return null;
  return {
    code: 'too_much',
    reason: `${amountText(amount, token)} is more than the ${amountText(there, token)} that is settled${open ? ' while positions are open' : ''}. Ask for at most that much${open ? ', or close every position first' : ''}.`,
    passes: false,
  };
}

/**
 * The most that may be cleared, earlier clearances included: the deposits and the agent's own
 * tokens, and without an open position what closed ones can still settle. Later profit of an open
 * position stays covered as long as no more leaves than is there now. Quote base units.
 */
export function settledIn(holdings: readonly Holding[], tokens: BaseUnits): BaseUnits {
  const existing = holdings.filter((each) => each.exists);
  const open = existing.some((each) => each.positions > 0);
  return existing.reduce((sum, each) => sum + each.deposit + (open ? 0n : each.claimable), tokens);
}

/**
 * Why a withdrawal must not be cleared beside earlier clearances, of which `unspent` may still
 * leave: together they would let out more than `there`. Quote base units.
 */
export const besideOthers = (
  amount: BaseUnits,
  there: BaseUnits,
  unspent: BaseUnits,
  token: Token,
): string =>
  `Earlier clearances still let ${amountText(unspent, token)} leave, and with ${amountText(amount, token)} more that is above the ${amountText(there, token)} that is settled. Withdraw under the earlier one, or end it with DELETE /v1/subscribers/{id}/clearances/{clearance}, then ask again. A withdrawal counts as soon as it is read, within half a minute.`;
