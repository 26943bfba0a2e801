// Accrual: what one close makes a subscriber owe a creator. The fraction of a base unit that floor division
// leaves is carried to the next close of the same subscription, so that many small wins are worth exactly
// as much as one large one.
import type { Close, Reckoning } from './fact.ts';
import type { Address, Slot } from './ids.ts';
import { type BaseUnits, type BasisPoints, BPS_WHOLE } from './money.ts';

/** Terms of a subscription from one slot on. */
export type Terms = {
  readonly fromSlot: Slot;
  readonly creatorWallet: Address;
  readonly shareBps: BasisPoints;
  /** Whether the creator may be an address that nobody holds a key to, such as a vault. */
  readonly offCurve: boolean;
  /** After how long an unpaid debt lapses; null is never. */
  readonly expiresAfterMs: number | null;
};

export type Accrued = {
  /** Whole base units owed for this close; zero when it lost, or when only dust came of it. */
  readonly amount: BaseUnits;
  /** What is carried to the next close, in ten-thousandths of a base unit: 0 to 9,999. */
  readonly carry: bigint;
};

/** A profit or loss that became real: of one close, or of several that only account state tells. */
export type Realised = Close | Reckoning;

/** Whether it can make anybody owe anything: moving a position between own sub-accounts does not. */
export function paysShare(realised: Realised): boolean {
  return !isOwnTransfer(realised) && realised.netPnl > 0n;
}

/** A position moved between sub-accounts of the same owner: nothing was traded. */
export function isOwnTransfer(realised: Realised): boolean {
  return realised.kind === 'close' && realised.cause === 'transfer';
}

/** amount = floor((netPnl * bps + carry) / 10,000); the remainder is the new carry. */
export function accrue(realised: Realised, shareBps: BasisPoints, carry: bigint): Accrued {
  if (!paysShare(realised)) return { amount: 0n, carry };
  const exact = realised.netPnl * BigInt(shareBps) + carry;
  return { amount: exact / BPS_WHOLE, carry: exact % BPS_WHOLE };
}

/** The terms in force at a slot: the latest that began at or before it, or null when none had. */
export function termsAt(terms: readonly Terms[], slot: Slot): Terms | null {
  let inForce: Terms | null = null;
  for (const candidate of terms) {
    if (candidate.fromSlot > slot) continue;
    if (inForce === null || candidate.fromSlot > inForce.fromSlot) inForce = candidate;
  }
  return inForce;
}
