// Street: the whole daemon in this process, against a local world on real sockets and a database of
// its own.
import { randomBytes } from 'node:crypto';
import { type Keypair, type PublicKey, SystemProgram } from '@solana/web3.js';
import { expect } from 'vitest';
import { type App, startApp } from '../../src/app.ts';
import { base58Text } from '../../src/core/ids.ts';
import type { VenueName } from '../../src/core/venue.ts';
import type { Cluster } from '../../src/local/chain/cluster.ts';
import type { Trader } from '../../src/local/drift/instructions.ts';
import { createDriver, type Driver } from '../../src/local/driver.ts';
import { createVelocityDriver } from '../../src/local/velocity/driver.ts';
import { type ServedWorld, serveWorld } from '../../src/local/world.ts';
import { systemClock } from '../../src/system/clock.ts';
import { openLog, silentLog } from '../../src/system/log.ts';
import { loadSettings, processEnvironment, type Settings } from '../../src/system/settings.ts';
import { createDatabase, type TestDatabase } from './database.ts';
import { velocityProgram } from './programs.ts';

export type ShareView = {
  id: string;
  amount: string;
  paid: string;
  status: string;
  reason: { code: string; class: string; detail: string; lamports?: string } | null;
  paidBy: string[];
  close: { signature: string; slot: number; netPnl: string };
  credited: string;
  creditedBy: string[];
  observed: boolean;
};
export type GateView = {
  verdict: string;
  allow: boolean;
  reason: string;
  standing: string | null;
  outstanding: string | null;
  evidence: { signature: string } | null;
  revision: string | null;
};

export type Street = AsyncDisposable & {
  /** Its cluster confirms each act of the test before the call returns. */
  readonly world: ServedWorld;
  readonly driver: Driver;
  readonly database: TestDatabase;
  readonly settings: Settings;
  readonly secret: string;
  app(): App;
  /** Stops the daemon and starts it again on the same database. */
  restart(): Promise<void>;
  stop(): Promise<void>;
  post(route: string, body: unknown): Promise<{ status: number; body: Record<string, unknown> }>;
  subscribe(
    id: string,
    trader: Trader,
    creator: PublicKey,
    shareBps?: number,
    terms?: Record<string, unknown>,
    venue?: VenueName,
  ): Promise<void>;
  /** SOL by a transaction, so that accounts tell of it. */
  sendSol(to: PublicKey, lamports: bigint): void;
  shares(id: string): Promise<ShareView[]>;
  gate(id: string, action?: string): Promise<GateView>;
  /**
   * Waits for a verdict about opening, and returns the whole answer. A busy machine, or slots that
   * the chain skipped, make an answer `unknown` for some seconds: only what comes after that
   * counts.
   */
  verdict(id: string, wanted: GateView['verdict']): Promise<GateView>;
  /** Waits until a share of a subscriber is as wanted. */
  share(id: string, ready: (share: ShareView) => boolean): Promise<ShareView>;
  standing(id: string, wanted: string): Promise<GateView>;
};

/** How often a wait looks; how long it lasts at most stands in vitest.config.ts. */
const OFTEN = { interval: 25 };
/** `BAILIFF_TEST_LOG=debug` prints the lines of every daemon that a test starts in its process. */
const LOG_LEVEL = process.env.BAILIFF_TEST_LOG;
const log = LOG_LEVEL ? openLog(LOG_LEVEL) : silentLog;

export type StreetOptions = {
  /** The venues that the daemon serves; the one of the settings when absent. */
  venues?: readonly VenueName[];
  sponsor?: Keypair;
  webhooks?: boolean;
  slotMs?: number;
  /** Slots until a block is final. */
  finalizedAfter?: number;
  /** The genesis hash that the chain's nodes give; random when absent. */
  genesisHash?: string;
  settings?: (settings: Settings, world: ServedWorld) => Settings | Promise<Settings>;
};

/**
 * The cluster as a test acts on it: each transaction and each written account is in a confirmed
 * block when the call returns, so that a daemon that is asked right afterwards reads it. The
 * acts of one synchronous stretch of a test still reach a daemon of this process together.
 */
const confirming = (cluster: Cluster): Cluster => ({
  ...cluster,
  submit(...given) {
    const landed = cluster.submit(...given);
    cluster.advance();
    return landed;
  },
  put(...given) {
    cluster.put(...given);
    cluster.advance();
  },
});

export async function openStreet(options: StreetOptions = {}): Promise<Street> {
  const database = await createDatabase();
  const heliusApiKey = randomBytes(8).toString('hex');
  const env = processEnvironment();
  const base = loadSettings({
    ...(env.BAILIFF_DRIFT_PROGRAM ? { BAILIFF_DRIFT_PROGRAM: env.BAILIFF_DRIFT_PROGRAM } : {}),
    ...(options.venues === undefined ? {} : { BAILIFF_VENUES: options.venues.join(',') }),
  });
  const served = await serveWorld({
    programFile: base.programFile,
    velocityProgramFile: options.venues?.includes('velocity') ? velocityProgram : null,
    clock: systemClock,
    heliusApiKey,
    cluster: {
      slotMs: options.slotMs ?? 20,
      ...(options.finalizedAfter === undefined ? {} : { finalizedAfter: options.finalizedAfter }),
      ...(options.genesisHash === undefined ? {} : { genesisHash: options.genesisHash }),
    },
  });
  const cluster = confirming(served.cluster);
  const driver = createDriver(cluster, served.driver.faucet);
  const { prices } = served.velocity ?? {};
  const velocity =
    prices === undefined
      ? null
      : createVelocityDriver({ cluster, faucet: served.driver.faucet, prices });
  const world: ServedWorld = { ...served, cluster, driver, velocity };
  const secret = randomBytes(16).toString('hex');
  const given: Settings = {
    ...base,
    // A loaded machine may take its time: only tests of the deadline have a short one.
    http: { ...base.http, port: 0, answerMs: 60_000, webhookAnswerMs: 30_000 },
    rpc: { ...base.rpc, url: world.chain.rpcUrl, wsUrl: world.chain.wsUrl },
    helius: { ...base.helius, apiUrl: world.helius.apiUrl },
    payments: { ...base.payments, retryEveryMs: 300, pollMs: 50, rebroadcastMs: 200 },
    watch: {
      ...base.watch,
      backfillEveryMs: 400,
      finalityMs: 60,
      sweepEveryMs: 1_000,
      checkEveryMs: 500,
    },
    secrets: {
      databaseUrl: database.url,
      heliusApiKey: options.webhooks === false ? null : heliusApiKey,
      webhookSecrets: [secret],
      apiKeys: [],
      masterKey: new Uint8Array(randomBytes(32)),
      nextMasterKey: null,
      sponsorKey: options.sponsor?.secretKey ?? null,
    },
  };
  const settings = (await options.settings?.(given, world)) ?? given;
  let app: App | null = await startApp(settings, systemClock, log);
  const running = (): App => {
    if (app === null) throw new Error('the daemon is stopped');
    return app;
  };
  const get = async <T>(route: string): Promise<T> =>
    (await fetch(running().url + route)).json() as Promise<T>;
  const stop = async (): Promise<void> => {
    await app?.close();
    app = null;
  };
  const street: Street = {
    world,
    driver,
    database,
    settings,
    secret,
    app: running,
    stop,
    async restart() {
      await stop();
      app = await startApp(settings, systemClock, log);
    },
    async post(route, body) {
      const response = await fetch(running().url + route, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      const text = await response.text();
      return {
        status: response.status,
        body: (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>,
      };
    },
    async subscribe(id, trader, creator, shareBps = 1_000, terms = {}, venue = undefined) {
      const at = venue === undefined ? {} : { venue };
      const agentWallet = trader.agent.publicKey.toBase58();
      const registered = await street.post('/v1/subscribers', {
        id,
        agentWallet,
        agentSecretKey: base58Text(trader.agent.secretKey),
        subAccountIds: [0],
        ...at,
      });
      expect(registered.status, JSON.stringify(registered.body)).toBe(201);
      const subscribed = await street.post(`/v1/subscribers/${id}/subscriptions`, {
        id: `${id}-sub${venue ?? ''}`,
        subAccountId: 0,
        ...at,
        creatorWallet: creator.toBase58(),
        shareBps,
        ...terms,
      });
      expect(subscribed.status, JSON.stringify(subscribed.body)).toBe(201);
    },
    sendSol(toPubkey, lamports) {
      const fromPubkey = driver.faucet.publicKey;
      driver.send([SystemProgram.transfer({ fromPubkey, toPubkey, lamports })], [driver.faucet]);
    },
    shares: async (id) =>
      (await get<{ shares: ShareView[] }>(`/v1/shares?subscriber=${id}`)).shares,
    gate: (id, action = 'open') => get<GateView>(`/v1/gate/${id}?action=${action}`),
    async verdict(id, wanted) {
      let last = await street.gate(id);
      const read = async () => {
        last = await street.gate(id);
        return last.verdict === wanted ? wanted : last;
      };
      await expect.poll(read, OFTEN).toBe(wanted);
      return last;
    },
    async share(id, ready) {
      let found: ShareView | undefined;
      await expect
        .poll(async () => {
          const all = await street.shares(id);
          found = all.find(ready);
          return found === undefined ? all : 'as wanted';
        }, OFTEN)
        .toBe('as wanted');
      if (found === undefined) throw new Error('unreachable');
      return found;
    },
    async standing(id, wanted) {
      let last = await street.gate(id);
      const read = async () => {
        last = await street.gate(id);
        return last.standing;
      };
      await expect.poll(read, OFTEN).toBe(wanted);
      return last;
    },
    async [Symbol.asyncDispose]() {
      await stop();
      await world.close();
      await database[Symbol.asyncDispose]();
    },
  };
  return street;
}

/** Settings under which nothing is tried again by schedule: only triggers do it. */
export const unscheduled =
  (payments: Partial<Settings['payments']> = {}) =>
  (given: Settings): Settings => ({
    ...given,
    payments: { ...given.payments, retryEveryMs: 3_600_000, ...payments },
  });

export { profitableClose } from './trades.ts';
