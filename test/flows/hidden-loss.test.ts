// Hidden loss: what an order behind a cut log lost against the price of its market is told while
// that price is still the one of the trade.
import { expect, test } from 'vitest';
import type { AccountCheck } from '../../src/core/check-ports.ts';
import { lossNotice } from '../../src/core/hidden-loss.ts';
import type { Address } from '../../src/core/ids.ts';
import { type AccountState, NO_COUNTERS } from '../../src/core/reckoning.ts';
import { hiddenLossOf } from '../../src/flows/hidden-loss.ts';

type Ports = Parameters<typeof hiddenLossOf>[0];

const NOW_MS = 1_796_000_000_000;
const account = 'user' as Address;
/** An account that holds ten SOL bought at this price, or nothing. */
const holding = (slot: number, bought: bigint | null): AccountState => ({
  slot,
  counters: NO_COUNTERS,
  hints: { exists: true, delegate: '', quoteFlow: 0n, isolated: 0n },
  positions:
    bought === null ? [] : [{ market: 0, base: 10_000_000_000n, entry: bought * 10_000_000n }],
  pulse: '',
});

/** The notice of a buy at 150, checked while SOL costs 135, of a block of this time. */
const noticeOf = (hiddenSinceMs: number | null) =>
  hiddenLossOf(
    {
      clock: { nowMs: () => NOW_MS },
      ledger: { checks: { recorded: async () => [] } },
      chain: { accounts: async () => ({ slot: 9, accounts: [] }) },
      venue: {
        quote: { symbol: 'USDC' },
        perpPrices: async (markets: readonly number[]) =>
          new Map(markets.map((market) => [market, 135_000_000n])),
      },
    } as unknown as Ports,
    { address: account, baseline: holding(5, null), candidate: holding(8, 150n) } as AccountCheck,
    { told: NO_COUNTERS, hiddenSinceMs },
  );

test('a loss against the price is told within ten minutes of the trade, and not when the market had longer to move', async () => {
  const loss = lossNotice(150_000_000n, 'USDC');
  expect(await noticeOf(NOW_MS - 30_000)).toEqual(loss);
  expect(await noticeOf(NOW_MS - 600_000)).toEqual(loss);
  expect(await noticeOf(NOW_MS - 600_001)).toBeNull();
  expect(await noticeOf(NOW_MS - 3_600_000)).toBeNull();
  // Where no node told the time of the block, the loss is told.
  expect(await noticeOf(null)).toEqual(loss);
});
