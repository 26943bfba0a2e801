// Terms: of a subscription, plain unless said otherwise.
import type { Agreement } from '../../src/core/accrual.ts';
import type { Address } from '../../src/core/ids.ts';
import { type Terms, USUAL_RULES } from '../../src/core/terms.ts';

export const termsOf = (
  fromSlot: number,
  creatorWallet: string,
  shareBps: number,
  more: Partial<Terms> = {},
): Terms => ({
  fromSlot,
  creatorWallet: creatorWallet as Address,
  shareBps,
  basis: 'per_close',
  ...USUAL_RULES,
  minimumPayment: 0n,
  offCurve: false,
  splits: [],
  expiresAfterMs: null,
  ended: false,
  markSlot: more.fromSlot ?? fromSlot,
  ...more,
});

/** Nothing was held when the terms began. */
export const NOTHING_HELD = { slot: 0, positions: [] };

/** The agreement of a subscription with these terms and empty tabs. */
export const agreed = (terms: readonly Terms[], more: Partial<Agreement> = {}): Agreement => ({
  terms,
  held: NOTHING_HELD,
  tabs: {},
  ...more,
});
