// Terms: of a subscription, plain unless said otherwise.
import type { Terms } from '../../src/core/accrual.ts';
import type { Address } from '../../src/core/ids.ts';

export const termsOf = (
  fromSlot: number,
  creatorWallet: string,
  shareBps: number,
  more: Partial<Terms> = {},
): Terms => ({
  fromSlot,
  creatorWallet: creatorWallet as Address,
  shareBps,
  offCurve: false,
  expiresAfterMs: null,
  ...more,
});
