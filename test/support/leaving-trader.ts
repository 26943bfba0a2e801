// Leaving trader: a trader who wins by a rise of the price, closes, takes everything out and
// deletes the account, in one transaction.
import { getAssociatedTokenAddressSync } from '@solana/spl-token';
import type { TransactionInstruction } from '@solana/web3.js';
import { FAST_CLUSTER } from '../../src/local/chain/cluster.ts';
import { USDC } from '../../src/local/drift/addresses.ts';
import type { Trader } from '../../src/local/drift/instructions.ts';
import type { Street } from './street.ts';

/** The deposit of `traderWithFinalDeposit`, in base units. */
export const DEPOSIT = 1_000_000_000n;
const EVERYTHING = 10n ** 15n;
/** The order that closes what `rise` opened. */
export const CLOSE = {
  direction: 'short',
  base: 2_000_000_000n,
  market: 0,
  limit: 1n,
  reduceOnly: true,
} as const;

/** A trader whose deposit is final, so that the first state that a check reads holds it. */
export function traderWithFinalDeposit({ driver, world }: Street): Trader {
  const trader = driver.createTrader({ deposit: DEPOSIT });
  world.cluster.advance(FAST_CLUSTER.finalizedAfter + 2);
  return trader;
}
/** Opens a long position whose price rises by a tenth. */
export function rise({ driver }: Street, trader: Trader): void {
  driver.movePrice(0, 150_000_000n);
  driver.trade(trader, 'long', 2_000_000_000n);
  driver.movePrice(0, 165_000_000n);
}
/**
 * Closes the position, settles, takes everything into the agent's wallet, and deletes the account.
 * The instructions `before` stand in front of these, in the same transaction.
 */
export function leave(
  { driver }: Street,
  trader: Trader,
  before: readonly TransactionInstruction[] = [],
) {
  const { instructions } = driver;
  const own = getAssociatedTokenAddressSync(USDC, trader.agent.publicKey);
  return driver.send(
    [
      ...before,
      instructions.trade(trader, CLOSE),
      instructions.settlePnl(trader, 0),
      instructions.withdraw(trader, own, EVERYTHING),
      instructions.deleteUser(trader),
    ],
    [driver.faucet, trader.agent],
  );
}
