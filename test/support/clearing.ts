// Clearing: acts of a subscriber and its platform around a clearance, on the street of a test.

import { spotMarketAddress, userAddress } from '../../src/local/drift/addresses.ts';
import type { Trader } from '../../src/local/drift/instructions.ts';
import { editedNode } from './edited-node.ts';
import type { Street, StreetOptions } from './street.ts';
import { depositAt, profitableClose, settleAt } from './trades.ts';

/** Asks for a clearance of `ana`. Returns the body of the answer. */
export const askClearance = async (street: Street, body: Record<string, string>) =>
  (await street.post('/v1/subscribers/ana/clearances', body)).body;

/**
 * Half of a deposit of 1,000 USDC comes back, wins 150 USDC, and leaves with the win. Returns the
 * signature of the withdrawal.
 */
export function comeBackAndWin(
  street: Street,
  trader: Trader,
  to: Parameters<Street['driver']['withdrawTo']>[1],
): string {
  const { driver } = street;
  driver.giveUsdc(trader.agent.publicKey, 500_000_000n);
  depositAt(driver, trader, 500_000_000n);
  profitableClose(driver, trader, 10_000_000_000n);
  settleAt(driver, trader);
  return driver.withdrawTo(trader, to, 640_000_000n).signature;
}

/**
 * A node in front of that of the street, which does `act` once, after it has read the account of
 * `trader()` beside the quote market and before it answers.
 */
export async function nodeThatActs(trader: () => Trader | null, act: () => void) {
  let url = '';
  let done = false;
  const node = await editedNode(
    () => url,
    (question, result) => {
      const keys = (question.params as unknown[] | undefined)?.[0];
      const own = trader();
      if (done || own === null || question.method !== 'getMultipleAccounts') return result;
      const read = [userAddress(own.agent.publicKey, 0), spotMarketAddress(0)];
      if (!Array.isArray(keys) || !read.every((each) => keys.includes(each.toBase58())))
        return result;
      done = true;
      act();
      return result;
    },
  );
  const settings: StreetOptions['settings'] = (given, world) => {
    url = world.chain.rpcUrl;
    return { ...given, rpc: { ...given.rpc, url: node.url } };
  };
  return { settings, [Symbol.asyncDispose]: () => node.close() };
}
