// Fuzz owners: random acts by which owners make, empty, change and close their accounts, and the
// cancelling of what an account that became too poor has open.
import type { PublicKey } from '@solana/web3.js';
import { userAddress, userStatsAddress } from '../../src/local/drift/addresses.ts';
import type { Trader } from '../../src/local/drift/instructions.ts';
import {
  forceCancelOrders,
  updateMarginTrading,
} from '../../src/local/drift/keeper-instructions.ts';
import type { Struct } from '../../src/local/drift/layout.ts';
import type { Pair } from './program-pair.ts';
import { bendAccount } from './venue-world.ts';

/** Scaled balance of one USDC, which pays the fees of a few cancelled orders. */
const LITTLE = 1_000_000_000n;

const ACTS = ['delegate', 'margin trading', 'delete', 'create', 'newcomer'] as const;

/** One act of a trader on its own accounts; a named one is made so that it can be done. */
export function playOwner(
  { random, real, worlds, both, track }: Pair,
  trader: Trader,
  other: Trader,
  act: (typeof ACTS)[number] | null = null,
): void {
  const always = act !== null;
  const create = ({ publicKey }: { publicKey: PublicKey }, id: number, by: Trader): void =>
    void both(
      'initializeUser',
      ({ driver }) => [driver.instructions.initializeUser(publicKey, driver.faucet.publicKey, id)],
      by,
    );
  switch (act ?? random.pick(ACTS)) {
    case 'delegate':
      both(
        'updateUserDelegate',
        ({ driver }) => [driver.instructions.updateDelegate(trader, other.agent.publicKey)],
        trader,
      );
      return;
    case 'margin trading': {
      const enabled = random.chance(0.5);
      both('updateUserMarginTradingEnabled', () => [updateMarginTrading(trader, enabled)], trader);
      return;
    }
    case 'delete': {
      const closed = { ...trader, subAccountId: random.pick([0, 1, 1, 2, 3]) };
      both('deleteUser', ({ driver }) => [driver.instructions.deleteUser(closed)], trader);
      return;
    }
    case 'create':
      create(trader.agent, random.below(5), trader);
      return;
    case 'newcomer': {
      const [agent] = worlds.map(({ driver }) => driver.newKey());
      const newcomer =
        agent !== undefined && (always || random.chance(0.8)) ? { agent, subAccountId: 0 } : trader;
      const { publicKey } = newcomer.agent;
      track(userStatsAddress(publicKey), userAddress(publicKey, 0));
      both(
        'initializeUserStats',
        ({ driver }) => [
          driver.instructions.initializeUserStats(publicKey, real.driver.faucet.publicKey),
        ],
        newcomer,
      );
      create(newcomer.agent, 0, newcomer);
      if (newcomer !== trader)
        both('deleteUser', ({ driver }) => [driver.instructions.deleteUser(newcomer)], newcomer);
      return;
    }
  }
}

/** Cancels what a trader has open, now and then after it lost nearly everything it had. */
export function playForcedCancel(
  { random, worlds, both }: Pair,
  owner: Trader,
  keeper: Trader,
  poor = random.chance(0.5),
): void {
  const address = userAddress(owner.agent.publicKey, owner.subAccountId).toBase58();
  const deposits = ({ spotPositions }: Struct): Struct[] =>
    (spotPositions as Struct[]).filter(
      ({ balanceType, scaledBalance }) => balanceType === 'deposit' && scaledBalance > LITTLE,
    );
  const taken: { market: number; balance: bigint }[] = [];
  for (const [at, world] of worlds.entries())
    if (poor)
      bendAccount(world, 'User', address, (bent) => {
        for (const each of deposits(bent)) {
          if (at === 0)
            taken.push({ market: each.marketIndex, balance: each.scaledBalance - LITTLE });
          each.scaledBalance = LITTLE;
        }
      });
  both('forceCancelOrders', () => [forceCancelOrders(keeper, owner)], keeper);
  for (const world of worlds)
    bendAccount(world, 'User', address, (bent) => {
      for (const { market, balance } of taken) {
        const held = (bent.spotPositions as Struct[]).find(
          ({ marketIndex, scaledBalance }) => marketIndex === market && scaledBalance > 0n,
        );
        if (held !== undefined) held.scaledBalance += balance;
      }
    });
}
