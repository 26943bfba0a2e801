// Fresh share: a debt of 100 base units that ana owes to the creator, as its close has made it.
import type { Address, Signature } from '../../src/core/ids.ts';
import type { Share } from '../../src/core/share.ts';
import type { Landing } from '../../src/core/share-change.ts';
import { incurred } from '../../src/core/share-transition.ts';
import { USDC } from '../../src/core/token.ts';
import type { Trouble } from '../../src/core/trouble.ts';

/** The share, and the events that tell of it. */
export const { share: FRESH, events: BORN } = incurred(
  {
    id: 'ps_1',
    subscriberId: 'ana',
    creatorWallet: 'creator' as Address,
    token: USDC,
    amount: 100n,
    observed: false,
  },
  { subscription: 'sub', signature: 's' as Signature, slot: 9, netPnl: 1_000n, shareBps: 1_000 },
);
export const shareWith = (change: Partial<Share> = {}): Share => ({ ...FRESH, ...change });
export const LANDING: Landing = { payment: 'p1', signature: 'x' as Signature, slot: 20 };
export const SHORT: Trouble = {
  class: 'retry_when_healthier',
  code: 'margin_floor',
  detail: 'short',
};
