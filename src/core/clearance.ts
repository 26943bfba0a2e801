// Clearance: the permission for a withdrawal that the platform will make itself. A clearance is
// granted when nothing is owed and the remaining funds cover what may be owed (core/covered.ts). A
// clearance lasts for `clearances.lastsMs` and covers outflows in that time up to its amount, so
// that a profit which is realised between clearance and withdrawal does not make the subscriber a
// runaway.
import { pausesSettling } from './aftermath.ts';
import type { Address, Slot } from './ids.ts';
import { type BaseUnits, least } from './money.ts';
import { amountsText, type Owed, USDC } from './token.ts';
import type { Trouble } from './trouble.ts';

/** The acts of the platform that a clearance permits. `close` closes the account. */
export const CLEARANCE_PURPOSES = ['withdraw', 'close'] as const;
export type ClearancePurpose = (typeof CLEARANCE_PURPOSES)[number];

export type Clearance = {
  readonly id: string;
  readonly purpose: ClearancePurpose;
  /** The most that may leave, in base units of `mint`; null when the account is closed. */
  readonly amount: BaseUnits | null;
  /** The quote token that may leave; left out for the default venue's. */
  readonly mint?: Address;
  readonly grantedSlot: Slot;
  readonly untilSlot: Slot;
  /**
   * The first slot after the grant in which the subscriber traded; null while there is none. A
   * trade ends a clearance to close.
   */
  readonly tradedSlot: Slot | null;
};

export type ClearedOutflow = {
  readonly key: string;
  readonly slot: Slot;
  readonly amount: BaseUnits;
  /** Null for SOL. */
  readonly mint: Address | null;
};

export type Spent = {
  /** The cleared amount of each outflow; one that is not in the map is not cleared at all. */
  readonly cleared: ReadonlyMap<string, BaseUnits>;
  /** What each clearance to withdraw has left, by its id; null for one to close. */
  readonly left: ReadonlyMap<string, BaseUnits | null>;
};

/**
 * Clears outflows. In chain order, each outflow uses up the clearances in its time, oldest first,
 * up to their amounts. A clearance to close covers every token until the subscriber trades again,
 * because later earnings were not checked. The result depends only on the two sets.
 */
export function spend(
  clearances: readonly Clearance[],
  outflows: readonly ClearedOutflow[],
): Spent {
  const left = new Map(clearances.map((each) => [each.id, each.amount]));
  const inTime = [...clearances].sort(
    (a, b) => a.grantedSlot - b.grantedSlot || (a.id < b.id ? -1 : 1),
  );
  const cleared = new Map<string, BaseUnits>();
  const inOrder = [...outflows].sort((a, b) => a.slot - b.slot || (a.key < b.key ? -1 : 1));
  for (const outflow of inOrder) {
    let open = outflow.amount;
    for (const each of inTime) {
      if (open === 0n) break;
      if (outflow.slot < each.grantedSlot || outflow.slot > each.untilSlot) continue;
      if (each.purpose === 'close') {
        if (each.tradedSlot === null || outflow.slot <= each.tradedSlot) open = 0n;
        continue;
      }
      const rest = left.get(each.id) ?? 0n;
      if (outflow.mint !== (each.mint ?? USDC.mint) || rest === 0n) continue;
      const covered = least(rest, open);
      left.set(each.id, rest - covered);
      open -= covered;
    }
    if (open < outflow.amount) cleared.set(outflow.key, outflow.amount - open);
  }
  return { cleared, left };
}

/**
 * The sum of a quote token that clearances to withdraw may still cover in this slot or later, given
 * what each has left. Base units.
 */
export const unspent = (
  clearances: readonly Clearance[],
  left: Spent['left'],
  mint: Address,
  slot: Slot,
): BaseUnits =>
  clearances
    .filter((each) => each.untilSlot >= slot && (each.mint ?? USDC.mint) === mint)
    .reduce((sum, each) => sum + (left.get(each.id) ?? 0n), 0n);

/** Why a withdrawal must wait and what to do, in words for the subscriber. */
export function whyBlocked(
  owed: readonly Owed[],
  trouble: Trouble | null,
  venue: string = 'Drift',
): string {
  const owing = `You owe ${amountsText(owed)} of profit share to the creator you copied.`;
  switch (trouble?.class) {
    case 'needs_sol':
      return `${owing} It cannot be paid because the wallet that pays network fees has too little SOL. Add SOL to your agent wallet and ask again.`;
    case 'needs_authorisation':
      return `${owing} It cannot be paid because the key of your agent wallet is not available. Contact your platform.`;
    case 'venue_paused':
      if (pausesSettling(trouble))
        return `${owing} It cannot be paid because ${venue} has paused the settling of profit in a market, and your accounts hold too little without that profit. Deposit and ask again, or ask again once settling is open.`;
      return `${owing} It cannot be paid because ${venue} has paused withdrawals. Ask again once they are open.`;
    case 'venue_limited':
      return `${owing} It cannot be paid because ${venue} allows no further withdrawals just now. It is tried again by itself; ask again later.`;
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
