// World: a Solana chain with Velocity's program alone, compiled or stood in for, and people who
// trade on it. Nothing listens, and slots pass only when a caller says so. Recordings and proofs of
// the profile are made here; a daemon is run in the world of `../world.ts`, which has both venues.
import { existsSync, readFileSync } from 'node:fs';
import { Keypair, type PublicKey, type TransactionInstruction } from '@solana/web3.js';
import { Fault } from '../../core/fault.ts';
import type { Clock } from '../../core/ports.ts';
import { STAND_IN } from '../../venue/velocity/profile.ts';
import { createBank } from '../chain/bank.ts';
import { type Cluster, createCluster, FAST_CLUSTER, type Landed } from '../chain/cluster.ts';
import { deployProgram, programDataAddress } from '../chain/loader.ts';
import { createVelocityDriver, PRICES } from './driver.ts';
import { type GenesisTime, PROGRAM, writeVelocityGenesis } from './genesis.ts';
import { instructions, type Trader } from './instructions.ts';
import { createVelocityStandIn } from './stand-in.ts';

export type VelocityWorld = {
  readonly cluster: Cluster;
  readonly faucet: Keypair;
  newKey(): Keypair;
  /** Signs and executes; throws with the program's logs when it fails. */
  send(given: readonly TransactionInstruction[], signers: readonly Keypair[]): Landed;
  /** Executes, also when it fails. Returns a text when an error kept it from being included. */
  attempt(given: readonly TransactionInstruction[], signers: readonly Keypair[]): Landed | string;
  giveUsdt(owner: PublicKey, amount: bigint): void;
  /** A wallet whose sub-account 0 holds `deposit` USDT. It keeps SOL for further accounts. */
  createTrader(deposit: bigint): Trader;
  /** Creates the next sub-account of a wallet. */
  createSubAccount(trader: Trader, subAccountId: number): Trader;
  /** Moves the price of SOL, in the oracle and in the market's own marks. */
  movePrice(price: bigint): void;
  /** Lets time pass: slots are made, and oracles are published again. */
  pass(seconds: number): void;
  userBytes(trader: Trader): Uint8Array;
  /** As `Bank.release`. */
  release(): void;
};

/**
 * Creates a world on the compiled program in that file, or on the stand-in. Throws
 * `local_world_failed` when there is no such file.
 */
export function createVelocityWorld(options: {
  /** The path of the compiled program; null for the stand-in. */
  readonly programFile: string | null;
  readonly clock: Clock;
  readonly newKey?: () => Keypair;
}): VelocityWorld {
  const { programFile, clock, newKey = () => Keypair.generate() } = options;
  if (programFile !== null && !existsSync(programFile))
    throw new Fault(
      'local_world_failed',
      `There is no compiled Velocity program at ${programFile}.`,
    );
  const program =
    programFile === null ? Buffer.from(STAND_IN.mark) : new Uint8Array(readFileSync(programFile));
  const genesisUnixTime = Math.floor(clock.nowMs() / 1000);
  const id = PROGRAM.toBase58();
  const bank = createBank({
    standIns: programFile === null ? [createVelocityStandIn()] : [],
    runtime: {
      name: `velocity alone, ${programFile ?? 'stand-in'}`,
      programs: [id, programDataAddress(id)],
    },
  });
  const cluster = createCluster(bank, { ...FAST_CLUSTER, genesisUnixTime });
  const faucet = newKey();
  let later = 0n;
  const time = (): GenesisTime => ({
    slot: BigInt(cluster.slot('processed')),
    unixTime: BigInt(genesisUnixTime) + later,
  });
  writeVelocityGenesis(cluster.put, faucet.publicKey, PRICES, time());
  deployProgram(cluster, id, program, time().slot);
  const driver = createVelocityDriver({ cluster, faucet, newKey, time });
  const { send, attempt, giveSol, giveQuote, createSubAccount, publish, userBytes } = driver;
  cluster.advance(20);
  return {
    cluster,
    faucet,
    newKey,
    send,
    attempt,
    createSubAccount,
    userBytes,
    giveUsdt: giveQuote,
    release: bank.release,
    createTrader(deposit) {
      const agent = newKey();
      giveSol(agent.publicKey, 1_000_000_000n);
      giveQuote(agent.publicKey, deposit);
      send([instructions.initializeUserStats(agent.publicKey, agent.publicKey)], [faucet, agent]);
      const trader = createSubAccount({ agent, subAccountId: 0 }, 0);
      send([instructions.deposit(trader, deposit)], [faucet, agent]);
      return trader;
    },
    movePrice: (price) => driver.movePrice(0, price),
    pass(seconds) {
      later += BigInt(seconds);
      cluster.advance(2);
      publish();
    },
  };
}
