// Sender: signs and executes transactions on the local chain for its people, gives them SOL and
// tokens, and reads what they hold. It knows no venue.
import {
  createAssociatedTokenAccountIdempotentInstruction,
  createMintToInstruction,
  getAssociatedTokenAddressSync,
} from '@solana/spl-token';
import {
  ComputeBudgetProgram,
  type Keypair,
  type PublicKey,
  SystemProgram,
  type TransactionInstruction,
  TransactionMessage,
  VersionedTransaction,
} from '@solana/web3.js';
import { Fault } from '../core/fault.ts';
import type { Cluster, Landed } from './chain/cluster.ts';

export type Sender = {
  readonly faucet: Keypair;
  /** A key that this world has not used. */
  newKey(): Keypair;
  /** Signs and executes; throws with the program's logs when it fails. */
  send(instructions: readonly TransactionInstruction[], signers: readonly Keypair[]): Landed;
  /** Executes, also when it fails. Returns a text when an error kept it from being included. */
  attempt(
    instructions: readonly TransactionInstruction[],
    signers: readonly Keypair[],
  ): Landed | string;
  giveSol(owner: PublicKey, lamports: bigint): void;
  lamportsOf(owner: PublicKey): bigint;
  /** Mints tokens into the associated token account of an owner, which is created if needed. */
  giveTokens(mint: PublicKey, owner: PublicKey, amount: bigint): void;
  /** The balance of the associated token account; null when there is no account. */
  tokensOf(mint: PublicKey, owner: PublicKey): bigint | null;
};

export type SenderOptions = {
  readonly cluster: Cluster;
  /** Pays where no other wallet pays, and may mint the tokens of this world. */
  readonly faucet: Keypair;
  readonly newKey: () => Keypair;
  /** Called before each transaction. */
  readonly before?: () => void;
};

/** Creates a sender. Each act is an ordinary signed transaction; reads come from the chain. */
export function createSender({ cluster, faucet, newKey, before }: SenderOptions): Sender {
  let nonce = 0;
  const attempt: Sender['attempt'] = (given, signers) => {
    before?.();
    const payer = signers[0] ?? faucet;
    // The unit limit also makes each transaction different, so two equal acts in one slot stay two
    // transactions.
    const units = ComputeBudgetProgram.setComputeUnitLimit({
      units: 1_000_000 + (nonce++ % 400_000),
    });
    const message = new TransactionMessage({
      payerKey: payer.publicKey,
      recentBlockhash: cluster.blockhash('processed').hash,
      instructions: [units, ...given],
    });
    const transaction = new VersionedTransaction(message.compileToV0Message());
    transaction.sign([
      ...new Map(signers.map((each) => [each.publicKey.toBase58(), each])).values(),
    ]);
    return cluster.submit(transaction, transaction.serialize());
  };
  const send: Sender['send'] = (given, signers) => {
    const landed = attempt(given, signers);
    if (typeof landed === 'string')
      throw new Fault('local_world_failed', `transaction refused: ${landed}`);
    if (landed.execution.error !== null)
      throw new Fault(
        'local_world_failed',
        `transaction failed: ${JSON.stringify(landed.execution.error)}\n${landed.execution.logs.join('\n')}`,
      );
    return landed;
  };
  return {
    faucet,
    newKey,
    attempt,
    send,
    giveSol(owner, lamports) {
      const address = owner.toBase58();
      const account = cluster.bank.get(address) ?? {
        lamports: 0n,
        owner: SystemProgram.programId.toBase58(),
        data: new Uint8Array(),
        executable: false,
      };
      cluster.put(address, { ...account, lamports: account.lamports + lamports });
    },
    lamportsOf: (owner) => cluster.account(owner.toBase58(), 'processed')?.lamports ?? 0n,
    giveTokens(mint, owner, amount) {
      const account = getAssociatedTokenAddressSync(mint, owner, true);
      send(
        [
          createAssociatedTokenAccountIdempotentInstruction(faucet.publicKey, account, owner, mint),
          createMintToInstruction(mint, account, faucet.publicKey, amount),
        ],
        [faucet],
      );
    },
    tokensOf(mint, owner) {
      const address = getAssociatedTokenAddressSync(mint, owner, true).toBase58();
      const account = cluster.account(address, 'processed');
      return account === null ? null : Buffer.from(account.data).readBigUInt64LE(64);
    },
  };
}
