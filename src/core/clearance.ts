// Clearance: the platform's permission for a withdrawal that it will make itself. It is given when nothing is owed, lasts
// for a while, and covers an outflow that falls into its time and amount, so that a profit which closes in between does
// not make a runaway of somebody who asked.
import type { Slot } from './ids.ts';
import { type BaseUnits, formatUnits } from './money.ts';
import type { Trouble } from './payment.ts';

export type Clearance = {
  readonly id: string;
  readonly purpose: 'withdraw' | 'close';
  /** The most that may leave, in quote base units; null when the account is closed. */
  readonly amount: BaseUnits | null;
  readonly grantedSlot: Slot;
  readonly untilSlot: Slot;
};

export type ClearedOutflow = {
  readonly key: string;
  readonly slot: Slot;
  readonly amount: BaseUnits;
  readonly isQuote: boolean;
};

/**
 * Which outflows are cleared. Each, in chain order, uses up the oldest clearance that still covers it; a clearance for
 * closing covers everything in its time. Depends on nothing but the two sets.
 */
export function clearedOutflows(
  clearances: readonly Clearance[],
  outflows: readonly ClearedOutflow[],
): Set<string> {
  const left = new Map(clearances.map((each) => [each.id, each.amount]));
  const inTime = [...clearances].sort(
    (a, b) => a.grantedSlot - b.grantedSlot || (a.id < b.id ? -1 : 1),
  );
  const cleared = new Set<string>();
  const inOrder = [...outflows].sort((a, b) => a.slot - b.slot || (a.key < b.key ? -1 : 1));
  for (const outflow of inOrder) {
    const found = inTime.find((each) => {
      if (outflow.slot < each.grantedSlot || outflow.slot > each.untilSlot) return false;
      const rest = left.get(each.id) ?? null;
      return (
        each.purpose === 'close' || (outflow.isQuote && rest !== null && rest >= outflow.amount)
      );
    });
    if (found === undefined) continue;
    cleared.add(outflow.key);
    const rest = left.get(found.id) ?? null;
    if (rest !== null) left.set(found.id, rest - outflow.amount);
  }
  return cleared;
}

/** Why a withdrawal must wait, and what to do, in words for the subscriber. */
export function whyBlocked(outstanding: BaseUnits, trouble: Trouble | null): string {
  const owing = `You owe ${formatUnits(outstanding)} USDC of profit share to the creator you copied.`;
  switch (trouble?.class) {
    case 'needs_sol':
      return `${owing} It cannot be paid because the wallet that pays network fees has too little SOL. Add SOL to your agent wallet and ask again.`;
    case 'needs_authorisation':
      return `${owing} It cannot be paid because the key of your agent wallet is not available. Contact your platform.`;
    case 'venue_paused':
      return `${owing} It cannot be paid because Drift has paused withdrawals. Ask again once they are open.`;
    case 'venue_limited':
      return `${owing} It cannot be paid because Drift lets nobody withdraw more just now. It is tried again by itself; ask again later.`;
    case 'retry_when_healthier':
      return `${owing} It cannot be paid because your collateral is tied up. Close or reduce a position, or deposit, and ask again.`;
    case 'books_behind':
    case 'operator':
    case 'permanent':
      return `${owing} It cannot be paid without help. Contact your platform and give this code: ${trouble.code}.`;
    case 'retry_soon':
    case 'unexpected':
    case 'accumulating':
    case undefined:
      return `${owing} It is being paid now. Ask again in a minute.`;
  }
}
