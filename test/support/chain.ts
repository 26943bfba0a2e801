// Chain: a local chain on sockets whose slots pass only on request, a stock Connection to it, and a
// key with SOL.
import {
  Connection,
  Keypair,
  LAMPORTS_PER_SOL,
  type PublicKey,
  SystemProgram,
  TransactionMessage,
  VersionedTransaction,
} from '@solana/web3.js';
import { type ChainServer, serveChain } from '../../src/local/chain/server.ts';
import { createWorld, type World } from '../../src/local/world.ts';
import { systemClock } from '../../src/system/clock.ts';

export type TestChain = {
  readonly world: World;
  readonly server: ChainServer;
  readonly connection: Connection;
  readonly payer: Keypair;
  transferTo(
    to: PublicKey,
    lamports: number,
    commitment?: 'processed' | 'finalized',
  ): Promise<VersionedTransaction>;
};

export async function openTestChain(): Promise<TestChain> {
  const world = createWorld({ programFile: null, clock: systemClock });
  const server = await serveChain(world.cluster, world.mischief);
  const connection = new Connection(server.rpcUrl, {
    commitment: 'confirmed',
    disableRetryOnRateLimit: true,
  });
  const payer = Keypair.generate();
  await connection.requestAirdrop(payer.publicKey, 10 * LAMPORTS_PER_SOL);
  world.cluster.advance(20);
  return {
    world,
    server,
    connection,
    payer,
    async transferTo(to, lamports, commitment = 'processed') {
      const { blockhash } = await connection.getLatestBlockhash(commitment);
      const message = new TransactionMessage({
        payerKey: payer.publicKey,
        recentBlockhash: blockhash,
        instructions: [
          SystemProgram.transfer({ fromPubkey: payer.publicKey, toPubkey: to, lamports }),
        ],
      });
      const transaction = new VersionedTransaction(message.compileToV0Message());
      transaction.sign([payer]);
      return transaction;
    },
  };
}
