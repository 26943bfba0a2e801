// Share due: which debts a lane may try now, and what of a debt nothing covers yet.
import type { BaseUnits } from './money.ts';
import type { Share } from './share.ts';

/**
 * Whether a lane may try a debt now. `held`: another debt of the subscriber failed on chain, and
 * holds all of them back.
 */
export const isDue = (
  { status, observed, retryAtMs }: Pick<Share, 'status' | 'observed' | 'retryAtMs'>,
  nowMs: number,
  { held, halted }: { readonly held: boolean; readonly halted: boolean },
): boolean =>
  status === 'pending' &&
  !observed &&
  (retryAtMs === null || retryAtMs <= nowMs) &&
  !held &&
  !halted;

/**
 * What no payment and no transfer covers of a debt. `claimed` is what payments that landed or may
 * still land cover of it, `credited` what transfers by others do. Of a voided debt only what was
 * paid counts.
 */
export const uncoveredOf = (
  { status, amount, paid }: Pick<Share, 'status' | 'amount' | 'paid'>,
  claimed: BaseUnits,
  credited: BaseUnits,
): BaseUnits => (status === 'voided' ? paid : amount) - claimed - credited;
