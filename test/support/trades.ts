// Trades: acts of people on a local market, for use outside a test file.
import type { Trader } from '../../src/local/drift/instructions.ts';
import type { VenueDriver } from '../../src/local/driver.ts';

/**
 * Sets the price of market 0 to 150, buys `base` (in 1e9; 2 SOL when absent), sets the price to 165
 * and sells it all: 30 USDC of profit for 2 SOL, less the fees of both trades. Returns the
 * signature of the closing transaction.
 */
export function profitableClose(
  driver: VenueDriver,
  trader: Trader,
  base = 2_000_000_000n,
): string {
  driver.movePrice(0, 150_000_000n);
  driver.trade(trader, 'long', base);
  driver.movePrice(0, 165_000_000n);
  return driver.trade(trader, 'short', base, { reduceOnly: true }).signature;
}
