// World: everything outside Bailiff that it needs, on loopback: a Solana chain with Drift's program
// and, where a caller asks for it, Velocity's (each compiled when its file is present, else its
// stand-in), markets to trade on, Helius, and a swap service.
import { existsSync, readFileSync } from 'node:fs';
import { Keypair } from '@solana/web3.js';
import type { Clock } from '../core/ports.ts';
import { type Build, CURRENT_BUILD, STAND_IN } from '../venue/drift-v2/builds.ts';
import { STAND_IN as VELOCITY_STAND_IN } from '../venue/velocity/profile.ts';
import { type Bank, createBank } from './chain/bank.ts';
import { type Cluster, type ClusterOptions, createCluster, FAST_CLUSTER } from './chain/cluster.ts';
import { deployProgram, programDataAddress } from './chain/loader.ts';
import { createMischief, type Mischief } from './chain/mischief.ts';
import { type ChainServer, serveChain } from './chain/server.ts';
import { DRIFT } from './drift/addresses.ts';
import { writeGenesis } from './drift/genesis.ts';
import { createDriftStandIn } from './drift/program.ts';
import { translateLogs } from './drift/translation.ts';
import { createDriver, type Driver } from './driver.ts';
import { type LocalHelius, serveHelius } from './helius.ts';
import { recognise } from './recognition.ts';
import { createSwapStandIn, type LocalSwap, serveSwap, writeSwapGenesis } from './swap.ts';
import { createVelocityDriver, PRICES, type VelocityDriver } from './velocity/driver.ts';
import { PROGRAM as VELOCITY_PROGRAM, writeVelocityGenesis } from './velocity/genesis.ts';
import { createVelocityStandIn } from './velocity/stand-in.ts';

/** The prices of SOL and BTC at genesis, in PRICE precision. */
export const GENESIS_PRICES = [150_000_000n, 90_000_000_000n] as const;

export type World = {
  readonly cluster: Cluster;
  readonly mischief: Mischief;
  readonly driver: Driver;
  /** People at Velocity; null in a world without it. */
  readonly velocity: VelocityDriver | null;
  /** The kind of program that executes the venue's instructions. */
  readonly venueProgram: 'compiled' | 'stand-in';
  /** The kind of program that executes Velocity's instructions; null in a world without it. */
  readonly velocityProgram: 'compiled' | 'stand-in' | null;
  /**
   * The build of that program, or that its bytes are taken for. The stand-in behaves as the current
   * build.
   */
  readonly build: Build;
  /**
   * Replaces the bytes of the venue's program, as an upgrade does. A stand-in goes on executing.
   */
  deploy(bytes: Uint8Array): void;
  /** As `Bank.release`. A served world does it when it is closed. */
  release(): void;
};

export type WorldOptions = {
  /** The path of the compiled venue program; the stand-in is used when the file is absent. */
  readonly programFile: string | null;
  /**
   * The path of Velocity's compiled program; its stand-in is used when the file is absent. Null or
   * absent leaves Velocity out of this world.
   */
  readonly velocityProgramFile?: string | null;
  /** Whether the stand-in of Velocity is that of newer sources; false when absent. */
  readonly comingVelocity?: boolean;
  /**
   * Whether an older build's records stay as it wrote them, or are translated to those of the
   * current build (the default).
   */
  readonly records?: 'as_written' | 'as_current';
  readonly clock: Clock;
  /** The source of new keys; random by default. A recording needs the same keys each time. */
  readonly newKey?: () => Keypair;
  readonly cluster?: Partial<ClusterOptions>;
};

/** Whether a world has Velocity without its compiled program. */
const isStoodIn = (file: string | null | undefined): file is string =>
  typeof file === 'string' && !existsSync(file);

function bankFor({
  programFile,
  velocityProgramFile,
  comingVelocity,
  records = 'as_current',
}: WorldOptions): { bank: Bank; bytes: Uint8Array } & Pick<World, 'venueProgram' | 'build'> {
  const standIns = [
    createSwapStandIn(),
    ...(isStoodIn(velocityProgramFile) ? [createVelocityStandIn(comingVelocity)] : []),
  ];
  const isThere = programFile !== null && existsSync(programFile);
  const runtime = {
    name: [isThere ? programFile : 'stand-in', velocityProgramFile ?? 'no velocity'].join(),
    programs: [DRIFT, VELOCITY_PROGRAM]
      .map((each) => each.toBase58())
      .flatMap((each) => [each, programDataAddress(each)]),
  };
  if (!isThere) {
    const bank = createBank({ standIns: [createDriftStandIn(), ...standIns], runtime });
    const bytes = Buffer.from(STAND_IN.mark);
    return { bank, bytes, venueProgram: 'stand-in', build: CURRENT_BUILD };
  }
  const bytes = new Uint8Array(readFileSync(programFile));
  const build = recognise(bytes);
  const translated = records === 'as_current' && !build.tellsCloses;
  const bank = createBank({
    standIns,
    runtime,
    ...(translated ? { translate: translateLogs } : {}),
  });
  return { bank, bytes, venueProgram: 'compiled', build };
}

/**
 * Puts Velocity's program, accounts and people on the chain; null where it is left out. Its oracles
 * are published in every slot, because the program refuses old prices.
 */
function openVelocity(
  programFile: string | null,
  cluster: Cluster,
  faucet: Keypair,
  newKey: () => Keypair,
): VelocityDriver | null {
  if (programFile === null) return null;
  const slot = BigInt(cluster.slot('processed'));
  const unixTime = BigInt(cluster.blockTime(Number(slot)) ?? 0);
  writeVelocityGenesis(cluster.put, faucet.publicKey, PRICES, { slot, unixTime });
  const bytes = isStoodIn(programFile)
    ? Buffer.from(VELOCITY_STAND_IN.mark)
    : new Uint8Array(readFileSync(programFile));
  deployProgram(cluster, VELOCITY_PROGRAM.toBase58(), bytes, slot);
  const velocity = createVelocityDriver({ cluster, faucet, newKey });
  cluster.on((event) => {
    if (event.kind === 'slot') velocity.publish();
  });
  return velocity;
}

/** Creates a world in which nothing listens, and slots pass only when a caller says so. */
export function createWorld(options: WorldOptions): World {
  const { bank, bytes, venueProgram, build } = bankFor(options);
  const genesisUnixTime = Math.floor(options.clock.nowMs() / 1000);
  const cluster = createCluster(bank, { ...FAST_CLUSTER, genesisUnixTime, ...options.cluster });
  const newKey = options.newKey ?? (() => Keypair.generate());
  const faucet = newKey();
  const time = { slot: BigInt(cluster.slot('processed')), unixTime: BigInt(genesisUnixTime) };
  writeGenesis(
    (address, account) => cluster.put(address.toBase58(), account),
    faucet.publicKey,
    GENESIS_PRICES,
    time,
  );
  const deploy = (program: Uint8Array): void => {
    deployProgram(cluster, DRIFT.toBase58(), program, BigInt(cluster.slot('processed')));
  };
  deploy(bytes);
  writeSwapGenesis(
    (address, account) => cluster.put(address.toBase58(), account),
    faucet.publicKey,
  );
  const driver = createDriver(cluster, faucet, newKey);
  const velocityFile = options.velocityProgramFile ?? null;
  const velocity = openVelocity(velocityFile, cluster, faucet, newKey);
  const velocityProgram =
    velocityFile === null ? null : isStoodIn(velocityFile) ? 'stand-in' : 'compiled';
  // Some blocks are made first, so that finalized reads see the genesis accounts.
  cluster.advance(20);
  return {
    cluster,
    mischief: createMischief(),
    driver,
    velocity,
    venueProgram,
    velocityProgram,
    build,
    deploy,
    release: bank.release,
  };
}

export type ServedWorld = World & {
  readonly chain: ChainServer;
  readonly helius: LocalHelius;
  readonly swap: LocalSwap;
  close(): Promise<void>;
};

/** Serves a world on loopback, and lets its slots pass in real time. */
export async function serveWorld(
  options: WorldOptions & { heliusApiKey: string; rpcPort?: number; heliusPort?: number },
): Promise<ServedWorld> {
  const world = createWorld(options);
  const chain = await serveChain(world.cluster, world.mischief, options.rpcPort);
  const helius = await serveHelius(world.cluster, {
    apiKey: options.heliusApiKey,
    clock: options.clock,
    ...(options.heliusPort === undefined ? {} : { port: options.heliusPort }),
  });
  const swap = await serveSwap(world.cluster);
  const closing = new AbortController();
  const ticking = (async () => {
    while (!closing.signal.aborted) {
      await options.clock.sleep(world.cluster.slotMs, closing.signal);
      world.cluster.advance();
    }
  })();
  return {
    ...world,
    chain,
    helius,
    swap,
    async close() {
      closing.abort();
      await ticking;
      await swap.close();
      await helius.close();
      await chain.close();
      world.release();
    },
  };
}
