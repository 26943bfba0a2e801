// Velocity stage: what tests on Velocity's compiled program share: accounts that are edited as
// administrators of the venue or older builds left them, and what is heard of a transaction.
import { PublicKey } from '@solana/web3.js';
import type { Address } from '../../src/core/ids.ts';
import type { Watched } from '../../src/core/watch-ports.ts';
import type { Landed } from '../../src/local/chain/cluster.ts';
import { type Trader, userOf } from '../../src/local/velocity/instructions.ts';
import type { VelocityWorld } from '../../src/local/velocity/world.ts';
import { VELOCITY } from '../../src/venue/velocity/venue.ts';
import { hear } from './hear.ts';
import { transactionOf } from './transaction.ts';

export const key = (address: string): PublicKey => new PublicKey(address);
export const meta = (pubkey: PublicKey, isWritable = false, isSigner = false) => ({
  pubkey,
  isWritable,
  isSigner,
});

/** Changes the bytes of an account, and its length where `bytes` gives another one. */
export function edit(
  { cluster }: VelocityWorld,
  address: string,
  write: (data: Buffer) => unknown,
  bytes?: number,
): void {
  const account = cluster.bank.get(address);
  if (account === null) throw new Error(`${address} is not there`);
  const data = Buffer.from(account.data.subarray(0, bytes));
  write(data);
  cluster.put(address, { ...account, data: new Uint8Array(data) });
}

export const agentOf = ({ agent }: Trader): Address => agent.publicKey.toBase58() as Address;
export const watchedOf = (...traders: readonly Trader[]): Map<string, Watched> =>
  new Map(
    traders.flatMap((trader): [string, Watched][] => {
      const user = userOf(trader).toBase58() as Address;
      const agent = agentOf(trader);
      return [
        [user, { address: user, subscriberId: 'ana', role: 'drift_user', venue: 'velocity' }],
        [agent, { address: agent, subscriberId: 'ana', role: 'agent_wallet' }],
      ];
    }),
  );

/** The facts about these traders, each with its account. */
export const factsAbout = (landed: Landed, ...traders: readonly Trader[]) =>
  hear(VELOCITY, transactionOf(landed), watchedOf(...traders));
export const heard = (landed: Landed, ...traders: readonly Trader[]) =>
  factsAbout(landed, ...traders).map(({ body }) => body);
