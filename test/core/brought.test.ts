// Brought: a debt of another system comes in as it was given, and is announced with its origin.
import { expect, test } from 'vitest';
import { broughtIn } from '../../src/core/brought.ts';
import { newShare } from '../../src/core/share.ts';
import { USDC } from '../../src/core/token.ts';

test('a debt that was brought is a new debt, and its event names where it comes from', () => {
  const debt = {
    id: 'ps_1' as never,
    subscriberId: 'ana',
    creatorWallet: 'creator' as never,
    token: USDC,
    amount: 1_250_000n,
    observed: false,
  };
  const brought = { id: 'iou-1', origin: 'trade 9', netPnl: 12_500_000n, shareBps: 1_000 };
  expect(broughtIn(debt, 'ana-1', brought)).toEqual({
    share: newShare(debt),
    events: [
      {
        kind: 'share.brought',
        subscriberId: 'ana',
        body: {
          share: 'ps_1',
          subscription: 'ana-1',
          broughtAs: 'iou-1',
          origin: 'trade 9',
          creatorWallet: 'creator',
          mint: USDC.mint,
          symbol: 'USDC',
          netPnl: 12_500_000n,
          shareBps: 1_000,
          amount: 1_250_000n,
        },
      },
    ],
  });
});
