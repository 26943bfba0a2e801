// Recording: the results of the compiled program in this project's scenarios, as text: each
// transaction as a node gives it, failed ones too, with the records as that build wrote them, and
// every venue and token account that it could write, before and after.
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { Keypair } from '@solana/web3.js';
import type { Address } from '../../src/core/ids.ts';
import type { ChainTransaction } from '../../src/core/transaction.ts';
import { type Account, TOKEN_PROGRAM } from '../../src/local/chain/account.ts';
import type { Cluster, Landed } from '../../src/local/chain/cluster.ts';
import { DRIFT } from '../../src/local/drift/addresses.ts';
import { accountDiscriminator } from '../../src/local/drift/layout.ts';
import { createWorld, type World } from '../../src/local/world.ts';
import { createRandom } from '../sim/random.ts';
import { createManualClock } from './clock.ts';
import { LIQUIDATIONS } from './liquidation-scenarios.ts';
import { transactionOf } from './transaction.ts';
import { SCENARIOS } from './venue-scenarios.ts';

type Sides = {
  readonly address: Address;
  readonly before: Uint8Array;
  readonly after: Uint8Array;
};
export type Recorded = {
  readonly transaction: ChainTransaction;
  /** Every venue user that it names: its bytes before and after. */
  readonly users: readonly Sides[];
  /**
   * Every other account of the venue or of tokens that it could write and that was there before.
   */
  readonly others: readonly Sides[];
};
export type Recording<Each = Recorded> = {
  readonly build: string;
  readonly histories: Record<string, Each[]>;
  /** Accounts of the venue as the program left them, by the name of their kind. */
  readonly accounts?: Record<string, Uint8Array>;
};

const USER = Buffer.from(accountDiscriminator('User'));

/** The same keys each time. */
export function seededKeys(seed: number): () => Keypair {
  const random = createRandom(seed);
  return () => Keypair.fromSeed(Uint8Array.from({ length: 32 }, () => random.below(256)));
}

/**
 * Keeps every transaction with a call of the venue's program that lands while `play` runs.
 * Signatures are numbers: blockhashes are random.
 */
export function keepWhile(
  cluster: Cluster,
  program: string,
  seed: number,
  play: () => void,
): Recorded[] {
  const owners: ReadonlySet<string> = new Set([program, TOKEN_PROGRAM]);
  const isUser = (account: { owner: string; data: Uint8Array } | null): boolean =>
    account?.owner === program && USER.equals(account.data.subarray(0, 8));
  const kept: Recorded[] = [];
  const submit = cluster.submit.bind(cluster);
  const keep = (landed: Landed): void => {
    const transaction = transactionOf(landed);
    const { before } = landed.execution;
    const sides = (wanted: (account: Account) => boolean): Sides[] =>
      transaction.keys.flatMap((address) => {
        const [was, is] = [before.get(address) ?? null, cluster.bank.get(address)];
        if (was === null || is === null || !wanted(was)) return [];
        return [{ address, before: was.data, after: is.data }];
      });
    const users = sides(isUser);
    if (!transaction.keys.includes(program as Address)) return;
    const others = sides((account) => !isUser(account) && owners.has(account.owner));
    const signature = `recorded-${seed}-${kept.length}` as ChainTransaction['signature'];
    kept.push({ transaction: { ...transaction, signature }, users, others });
  };
  Object.assign(cluster, {
    submit(...given: Parameters<typeof submit>) {
      const landed = submit(...given);
      if (typeof landed !== 'string') keep(landed);
      return landed;
    },
  });
  play();
  return kept;
}

function record(programFile: string, seed: number, play: (world: World) => void): Recorded[] {
  const world = createWorld({
    programFile,
    clock: createManualClock(),
    newKey: seededKeys(seed),
    records: 'as_written',
  });
  return keepWhile(world.cluster, DRIFT.toBase58(), seed, () => play(world));
}

/** Plays everything that is recorded. */
export function recordAll(programFile: string): Recording {
  const histories: Record<string, Recorded[]> = {};
  let seed = 1;
  for (const [name, { run }] of Object.entries(SCENARIOS)) {
    histories[name] = record(programFile, seed++, (world) => {
      const trader = world.driver.createTrader({ deposit: 1_000_000_000n });
      run((step) => void step(), world, trader);
    });
  }
  for (const [name, play] of Object.entries(LIQUIDATIONS)) {
    histories[name] = record(programFile, seed++, (world) => {
      const { driver } = world;
      const victim = driver.createTrader({ deposit: 1_000_000_000n });
      const liquidator = driver.createTrader({ deposit: 100_000_000_000n });
      play({
        world,
        victim,
        liquidator,
        settled: () => {},
        act: (instructions, ...signers) =>
          void driver.send(instructions, [driver.faucet, ...signers]),
      });
    });
  }
  const { build } = createWorld({ programFile, clock: createManualClock() });
  return { build: build.name, histories };
}

/**
 * Text of a recording, one transaction a line: bigints as `123n`, bytes deflated and each kept
 * once, by its number.
 */
export function writeRecording({ build, histories, accounts }: Recording<unknown>): string {
  const numbers = new Map<string, number>();
  const text = (value: unknown): string =>
    JSON.stringify(value, function (this: Record<string, unknown>, name, each: unknown) {
      if (typeof each === 'bigint') return `${each}n`;
      // A Buffer arrives here as what its toJSON makes of it; the bytes themselves stand in the
      // holder.
      const raw = this[name];
      if (!(raw instanceof Uint8Array)) return each;
      const packed = deflateRawSync(raw, { level: 9 }).toString('base64');
      if (!numbers.has(packed)) numbers.set(packed, numbers.size);
      return { bytes: numbers.get(packed) };
    });
  const lines = Object.entries(histories).map(
    ([name, recorded]) => `${JSON.stringify(name)}: [\n${recorded.map(text).join(',\n')}\n]`,
  );
  const kept = accounts === undefined ? '' : `"accounts": ${text(accounts)}, `;
  const blobs = [...numbers.keys()].map((each) => JSON.stringify(each)).join(',\n');
  return `{"build": ${JSON.stringify(build)}, ${kept}"histories": {\n${lines.join(',\n')}\n}, "bytes": [\n${blobs}\n]}\n`;
}

export function readRecording<Each = Recorded>(text: string): Recording<Each> {
  const { bytes, ...recording } = JSON.parse(text) as Recording<Each> & {
    bytes: readonly string[];
  };
  const blobs = bytes.map((each) => new Uint8Array(inflateRawSync(Buffer.from(each, 'base64'))));
  const revive = (value: unknown): unknown => {
    if (typeof value === 'string' && /^-?\d+n$/.test(value)) return BigInt(value.slice(0, -1));
    if (Array.isArray(value)) return value.map(revive);
    if (typeof value !== 'object' || value === null) return value;
    if ('bytes' in value && typeof value.bytes === 'number') return blobs[value.bytes];
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, revive(each)]));
  };
  return revive(recording) as Recording<Each>;
}
