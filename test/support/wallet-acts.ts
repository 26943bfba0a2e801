// Wallet acts: acts of a person with an agent's key on its SOL and tokens, as instructions of the
// real token programs and the system program, and a world to do them in.

import {
  createAssociatedTokenAccountIdempotentInstruction,
  createTransferCheckedInstruction,
  getAssociatedTokenAddressSync,
  NATIVE_MINT,
  TOKEN_PROGRAM_ID,
} from '@solana/spl-token';
import {
  type Keypair,
  type PublicKey,
  SystemProgram,
  TransactionInstruction,
} from '@solana/web3.js';
import type { Fact, Outflow } from '../../src/core/fact.ts';
import type { Address } from '../../src/core/ids.ts';
import { leftEvents } from '../../src/core/outflow.ts';
import { judge } from '../../src/core/standing.ts';
import type { Watched } from '../../src/core/watch-ports.ts';
import type { Landed } from '../../src/local/chain/cluster.ts';
import { USDC, userAddress } from '../../src/local/drift/addresses.ts';
import type { Trader } from '../../src/local/drift/instructions.ts';
import { createWorld, type World } from '../../src/local/world.ts';
import { systemClock } from '../../src/system/clock.ts';
import { DRIFT_V2 } from '../../src/venue/drift-v2/venue.ts';
import { QUOTES } from './classes.ts';
import { hear } from './hear.ts';
import { programFile } from './programs.ts';
import { transactionOf } from './transaction.ts';

export const SOL = 1_000_000_000n;

const u64 = (value: bigint): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return bytes;
};
const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};
const writable = (pubkey: PublicKey, isSigner = false) => ({ pubkey, isSigner, isWritable: true });
const signer = (pubkey: PublicKey) => ({ pubkey, isSigner: true, isWritable: false });

/**
 * A raw instruction of the classic token program: the first accounts are writable, the last one
 * signs.
 */
function token(data: readonly number[] | Buffer, owner: PublicKey, ...accounts: PublicKey[]) {
  return new TransactionInstruction({
    programId: TOKEN_PROGRAM_ID,
    data: Buffer.from(data),
    keys: [...accounts.map((each) => writable(each)), signer(owner)],
  });
}
export const withdrawExcessLamports = (account: PublicKey, to: PublicKey, owner: PublicKey) =>
  token([38], owner, account, to);
/** The whole amount. */
export const unwrapLamports = (account: PublicKey, to: PublicKey, owner: PublicKey) =>
  token([45, 0], owner, account, to);
export const batch = (...calls: TransactionInstruction[]) =>
  new TransactionInstruction({
    programId: TOKEN_PROGRAM_ID,
    data: Buffer.concat([
      Buffer.from([255]),
      ...calls.flatMap(({ keys, data }) => [Buffer.from([keys.length, data.length]), data]),
    ]),
    keys: calls.flatMap((each) => each.keys),
  });
export const createAllowPrefund = (from: PublicKey, made: PublicKey, lamports: bigint) =>
  new TransactionInstruction({
    programId: SystemProgram.programId,
    data: Buffer.concat([u32(13), u64(lamports), u64(0n), Buffer.alloc(32)]),
    keys: [writable(made, true), writable(from, true)],
  });
/** The associated USDC account of a wallet. */
export const paySol = (from: PublicKey, to: PublicKey, lamports: bigint) =>
  SystemProgram.transfer({ fromPubkey: from, toPubkey: to, lamports });
/** Sends USDC between two token accounts; `owner` is that of the first. */
export const sendUsdc = (from: PublicKey, to: PublicKey, owner: PublicKey, amount: bigint) =>
  createTransferCheckedInstruction(from, USDC, to, owner, amount, 6);
export const usdcAccount = (owner: PublicKey) => getAssociatedTokenAddressSync(USDC, owner, true);
export const wrappedAccountOf = (owner: PublicKey) =>
  getAssociatedTokenAddressSync(NATIVE_MINT, owner, true);
export const openAccount = (payer: PublicKey, owner: PublicKey, mint: PublicKey) =>
  createAssociatedTokenAccountIdempotentInstruction(
    payer,
    getAssociatedTokenAddressSync(mint, owner, true),
    owner,
    mint,
  );

/** Wraps SOL of an agent into its own account, which is opened if need be. */
export const wrapSol = (agent: PublicKey, lamports: bigint) => [
  openAccount(agent, agent, NATIVE_MINT),
  SystemProgram.transfer({ fromPubkey: agent, toPubkey: wrappedAccountOf(agent), lamports }),
  new TransactionInstruction({
    programId: TOKEN_PROGRAM_ID,
    data: Buffer.from([17]),
    keys: [writable(wrappedAccountOf(agent))],
  }),
];

export type Stage = {
  readonly world: World;
  readonly trader: Trader;
  readonly agent: PublicKey;
  /**
   * Sends a transaction that these keys sign. The faucet pays the fee, or with `payer` the first
   * key.
   */
  act(
    instructions: readonly TransactionInstruction[],
    signers?: readonly Keypair[],
    payer?: 'faucet' | 'first',
  ): Landed;
  /** All facts of a transaction, and who signed it. */
  hear(landed: Landed): { readonly facts: readonly Fact[]; readonly signers: readonly string[] };
  /** The outflows that were heard of these transactions, in the order of places. */
  outflows(...landed: Landed[]): Outflow[];
  /** The standing of a subscriber who owes 25 USDC after them. */
  standing(...landed: Landed[]): 'good' | 'delinquent';
};

/** As `openStage`, with a stranger who has 1 SOL and a USDC account of one base unit. */
export function openStageBeside(stranger: PublicKey): Stage {
  const stage = openStage();
  stage.world.driver.giveUsdc(stranger, 1n);
  stage.world.driver.giveSol(stranger, SOL);
  return stage;
}

/**
 * An agent with 100 SOL, 1,000 USDC at the venue and 100 USDC in its wallet, watched as Bailiff
 * watches.
 */
export function openStage(): Stage {
  const world = createWorld({ programFile, clock: systemClock });
  const { driver } = world;
  const trader = driver.createTrader({ deposit: 1_000_000_000n, lamports: 100n * SOL });
  driver.giveUsdc(trader.agent.publicKey, 100_000_000n);
  const agent = trader.agent.publicKey;
  const watched = new Map<string, Watched>(
    (
      [
        [agent, 'agent_wallet'],
        [userAddress(agent, 0), 'drift_user'],
        [usdcAccount(agent), 'agent_token_account'],
      ] as const
    ).map(([key, role]) => {
      const address = key.toBase58() as Address;
      return [address, { address, subscriberId: 'ana', role }];
    }),
  );
  const heard = (landed: readonly Landed[]) =>
    landed.flatMap((each) => hear(DRIFT_V2, transactionOf(each), watched));
  return {
    world,
    trader,
    agent,
    act: (instructions, signers = [trader.agent], payer = 'faucet') =>
      driver.send(instructions, [...(payer === 'faucet' ? [driver.faucet] : []), ...signers]),
    hear: (landed) => ({ facts: heard([landed]), signers: transactionOf(landed).signers }),
    outflows: (...landed) =>
      heard(landed)
        .sort((a, b) => a.position.ordinal - b.position.ordinal)
        .flatMap(({ body }) => (body.kind === 'outflow' ? [body] : [])),
    standing(...landed) {
      const facts = heard(landed);
      const outflows = facts.flatMap(({ body, signature, position }) =>
        body.kind === 'outflow'
          ? [
              {
                key: `${signature}/${position.ordinal}`,
                signature,
                slot: position.slot,
                ours: false,
                body,
                at: position,
              },
            ]
          : [],
      );
      const appointed = facts.flatMap(({ body }) =>
        body.kind === 'notice' && body.who !== null ? [body.who] : [],
      );
      const left = leftEvents(outflows, [], QUOTES, {
        creators: new Set(),
        appointed: new Set(appointed),
      });
      const owed = { slot: 1, blockIndex: 0, ordinal: 0 };
      return judge([{ kind: 'owed', at: owed, amount: 25_000_000n }, ...left]).standing;
    },
  };
}
