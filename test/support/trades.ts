// Trades: acts of people on a local market, for use outside a test file.
import type { Landed } from '../../src/local/chain/cluster.ts';
import { type Trader, venueInstructions } from '../../src/local/drift/instructions.ts';
import type { VenueDriver } from '../../src/local/driver.ts';
import { instructions as atVelocity } from '../../src/local/velocity/instructions.ts';
import { noise } from './noise.ts';

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

/** Opens a further sub-account of the trader's wallet at the driver's venue, empty. */
export function openSubAccount(
  driver: VenueDriver,
  { agent }: Trader,
  subAccountId: number,
): Trader {
  const { faucet } = driver;
  const trader = { agent, subAccountId };
  const opened =
    driver.venue === 'velocity'
      ? atVelocity.initializeUser(trader, agent.publicKey)
      : venueInstructions().initializeUser(agent.publicKey, faucet.publicKey, subAccountId);
  driver.send([opened], [faucet, agent]);
  return trader;
}

/** The trader deposits quote tokens that its wallet holds. */
export function depositAt(driver: VenueDriver, trader: Trader, amount: bigint): void {
  const deposit =
    driver.venue === 'velocity'
      ? atVelocity.deposit(trader, amount)
      : venueInstructions().deposit(trader, amount);
  driver.send([deposit], [driver.faucet, trader.agent]);
}

/** The trader moves a deposit to another sub-account of its wallet. */
export function moveDeposit(driver: VenueDriver, from: Trader, to: number, amount: bigint): void {
  const moved =
    driver.venue === 'velocity'
      ? atVelocity.transferDeposit(from, to, amount)
      : venueInstructions().transferDeposit(from, to, amount);
  driver.send([moved], [driver.faucet, from.agent]);
}

/** The trader settles market 0 at the driver's venue. */
export function settleAt(driver: VenueDriver, trader: Trader): void {
  const { agent } = trader;
  const settled =
    driver.venue === 'velocity'
      ? atVelocity.settle(trader, agent.publicKey)
      : venueInstructions().settlePnl(trader, 0);
  driver.send([settled], [driver.faucet, agent]);
}

/**
 * The trader trades market 0 behind a log that is cut before the venue's records. At Velocity
 * `maker` fills the order at the driver's price.
 */
export function tradeHidden(
  driver: VenueDriver,
  trader: Trader,
  maker: Trader,
  order: { direction: 'long' | 'short'; base: bigint; price: bigint; reduceOnly?: boolean },
): Landed {
  const { direction, base, price, reduceOnly = false } = order;
  const { faucet } = driver;
  const limit = direction === 'long' ? 10n ** 15n : 1n;
  const worst = direction === 'long' ? price + price / 50n : price - price / 50n;
  const other = direction === 'long' ? 'short' : 'long';
  if (driver.venue === 'velocity')
    driver.send([atVelocity.make(maker, other, base, price)], [faucet, maker.agent]);
  const taken =
    driver.venue === 'velocity'
      ? atVelocity.take(trader, maker, { direction, base, price: worst, reduceOnly })
      : venueInstructions().trade(trader, { direction, base, market: 0, limit, reduceOnly });
  const landed = driver.send([...noise, taken], [faucet, trader.agent]);
  if (landed.execution.error !== null || !landed.execution.logs.includes('Log truncated'))
    throw new Error(`the trade was not hidden: ${landed.execution.logs.at(-1)}`);
  return landed;
}
