// History: the events of two subscribers on a local chain, kept so that they can be told in any
// order: transactions with their slots and webhook bodies, and the state of every watched account
// after each of them.
import { getAssociatedTokenAddressSync } from '@solana/spl-token';
import { Keypair, PublicKey, TransactionInstruction } from '@solana/web3.js';
import type { ChainAccount } from '../../src/core/chain-ports.ts';
import type { Address } from '../../src/core/ids.ts';
import type { ChainTransaction } from '../../src/core/transaction.ts';
import type { Watched } from '../../src/core/watch-ports.ts';
import { encodeDelivery } from '../../src/local/chain/encode.ts';
import { USDC, userAddress } from '../../src/local/drift/addresses.ts';
import type { Trader } from '../../src/local/drift/instructions.ts';
import { createWorld } from '../../src/local/world.ts';
import { createRandom } from '../sim/random.ts';
import { createManualClock } from './clock.ts';
import { transactionOf } from './transaction.ts';

export type Happened = {
  readonly transaction: ChainTransaction;
  readonly body: Uint8Array;
  /** Watched accounts that it names. */
  readonly touches: readonly Address[];
};
export type History = {
  readonly subscribers: readonly { id: string; agent: Address; accounts: readonly Watched[] }[];
  readonly fromSlot: number;
  readonly toSlot: number;
  readonly happened: readonly Happened[];
  /** The state of an account at the end of a slot. */
  at(address: Address, slot: number): ChainAccount | null;
};

const MEMO = new PublicKey('MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr');
const noise = Array.from(
  { length: 60 },
  (_, index) =>
    new TransactionInstruction({
      programId: MEMO,
      keys: [],
      data: Buffer.from(String(index % 10)),
    }),
);

/** Plays a random history of some length. */
export function playHistory(seed: number, length: number): History {
  const world = createWorld({ programFile: null, clock: createManualClock() });
  const { driver, cluster } = world;
  const { instructions } = driver;
  const random = createRandom(seed);
  const traders = ['ana', 'bo'].map((id) => ({
    id,
    trader: driver.createTrader({ deposit: 2_000_000_000n, lamports: 1_000_000_000n }),
  }));
  const subscribers = traders.map(({ id, trader }) => {
    const { publicKey } = trader.agent;
    const roles: [string, Watched['role']][] = [
      [userAddress(publicKey, 0).toBase58(), 'drift_user'],
      [publicKey.toBase58(), 'agent_wallet'],
      [getAssociatedTokenAddressSync(USDC, publicKey).toBase58(), 'agent_token_account'],
    ];
    const accounts = roles.map(([address, role]) => ({
      address: address as Address,
      subscriberId: id,
      role,
    }));
    return { id, agent: publicKey.toBase58() as Address, accounts };
  });
  const watched = subscribers.flatMap((each) => each.accounts.map((account) => account.address));
  cluster.advance(1);
  const fromSlot = cluster.slot('processed') - 1;
  const states = new Map<Address, { slot: number; account: ChainAccount | null }[]>();
  const remember = (slot: number): void => {
    for (const address of watched) {
      const found = cluster.bank.get(address);
      const account = found && {
        lamports: found.lamports,
        owner: found.owner as Address,
        data: found.data,
      };
      states.set(address, [...(states.get(address) ?? []), { slot, account: account ?? null }]);
    }
  };
  remember(0);
  const happened: Happened[] = [];
  const outside = Keypair.generate().publicKey;
  driver.giveUsdc(outside, 1n);
  let price = 150_000_000n;

  const act = (trader: Trader, other: Trader) => {
    const side = random.pick(['long', 'short'] as const);
    const base = 10_000_000n * BigInt(1 + random.below(100));
    const limit = side === 'long' ? 10n ** 15n : 1n;
    const trade = instructions.trade(trader, {
      direction: side,
      base,
      market: 0,
      limit,
      reduceOnly: false,
      makers: random.chance(0.5) ? [other] : [],
    });
    const own = getAssociatedTokenAddressSync(USDC, trader.agent.publicKey);
    const to = random.chance(0.5) ? own : getAssociatedTokenAddressSync(USDC, outside);
    switch (random.below(8)) {
      case 0:
        return [instructions.withdraw(trader, to, BigInt(1 + random.below(9_000_000)))];
      case 1:
        return [instructions.settlePnl(trader, 0)];
      case 2:
        return [
          instructions.rest(trader, {
            direction: side,
            base,
            market: 0,
            limit: side === 'long' ? price - 100_000n : price + 100_000n,
          }),
        ];
      case 3:
        return [...noise, trade];
      case 4:
        return [trade, instructions.withdraw(trader, to, BigInt(1 + random.below(5_000_000)))];
      default:
        return [trade];
    }
  };
  while (happened.length < length) {
    const [one, two] = random.chance(0.5) ? [0, 1] : [1, 0];
    const [trader, other] = [traders[one]?.trader, traders[two]?.trader];
    if (trader === undefined || other === undefined) throw new Error('two traders');
    if (random.chance(0.2)) {
      price = (price * BigInt(9_800 + random.below(401))) / 10_000n;
      driver.movePrice(0, price);
    }
    const landed = driver.attempt(act(trader, other), [driver.faucet, trader.agent]);
    if (random.chance(0.6)) cluster.advance(1 + random.below(3));
    if (typeof landed === 'string') continue;
    remember(landed.slot);
    const transaction = transactionOf(landed);
    happened.push({
      transaction,
      body: Buffer.from(JSON.stringify([encodeDelivery(landed)])),
      touches: watched.filter((address) => transaction.keys.includes(address)),
    });
  }
  return {
    subscribers,
    fromSlot,
    toSlot: cluster.slot('processed'),
    happened,
    at(address, slot) {
      const known = (states.get(address) ?? []).filter((each) => each.slot <= slot);
      return known.at(-1)?.account ?? null;
    },
  };
}
