// Street: a town for a test. It opens the whole daemon in this process, against a local chain, a
// local Helius and a database of its own, all on real sockets. `openStreet` says what is there at
// the beginning, `Street` what a test can do.
import { randomBytes } from 'node:crypto';
import { type Keypair, type PublicKey, SystemProgram } from '@solana/web3.js';
import { expect } from 'vitest';
import { type App, startApp } from '../../src/app.ts';
import { base58Text } from '../../src/core/ids.ts';
import type { Clock } from '../../src/core/ports.ts';
import type { VenueName } from '../../src/core/venue-name.ts';
import type { Cluster } from '../../src/local/chain/cluster.ts';
import type { Trader } from '../../src/local/drift/instructions.ts';
import { createDriver, type Driver, type VenueDriver } from '../../src/local/driver.ts';
import { createVelocityDriver } from '../../src/local/velocity/driver.ts';
import { type ServedWorld, serveWorld } from '../../src/local/world.ts';
import { systemClock } from '../../src/system/clock.ts';
import { openLog, silentLog } from '../../src/system/log.ts';
import { loadSettings, processEnvironment, type Settings } from '../../src/system/settings.ts';
import { createDatabase, type TestDatabase } from './database.ts';
import { requireDescribedEvents } from './described-events.ts';
import { velocityProgramFile } from './programs.ts';
import { settingsOf } from './street-settings.ts';

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
  recipient: number;
};
export type GateView = {
  verdict: string;
  allow: boolean;
  reason: string;
  standing: string | null;
  outstanding: string | null;
  evidence: { signature: string } | null;
  revision: string | null;
  asOfSlot: number | null;
};

export type Street = AsyncDisposable & {
  /** Its cluster confirms each act of the test before the call returns. */
  readonly world: ServedWorld;
  /** People at Drift, who act without Bailiff. */
  readonly driver: Driver;
  /** People at the first of the venues that the daemon serves. */
  readonly people: VenueDriver;
  readonly database: TestDatabase;
  /** What the daemon was started with; `restart` reads them again. */
  readonly settings: Settings;
  /** The secret in the Authorization header of webhook deliveries. */
  readonly secret: string;
  /** The running daemon. Throws while it is stopped. */
  app(): App;
  /** Stops the daemon and starts it again on the same database. */
  restart(): Promise<void>;
  stop(): Promise<void>;
  /** Sends JSON to the API. A body that is empty is `{}` in the answer. */
  post(route: string, body: unknown): Promise<{ status: number; body: Record<string, unknown> }>;
  /**
   * Registers a subscriber with the secret key of the trader's agent, and its sub-account 0. Agrees
   * on the subscription `<id>-sub` there: `shareBps` of each close's profit (1,000, a tenth, when
   * absent) for the creator, by the basis per_close, without a minimum payment and without an
   * expiry. `terms` are further fields of the API's terms, and replace these.
   */
  subscribe(
    id: string,
    trader: Trader,
    creator: PublicKey,
    shareBps?: number,
    terms?: Record<string, unknown>,
    venue?: VenueName,
  ): Promise<void>;
  /** The faucet sends SOL by a transaction, which the daemon hears as a change of the account. */
  sendSol(to: PublicKey, lamports: bigint): void;
  /** The first page of a subscriber's shares, as the API lists them: newest first. */
  shares(id: string): Promise<ShareView[]>;
  /** The gate's answer just now, about `open` when no action is given. */
  gate(id: string, action?: string): Promise<GateView>;
  /**
   * Waits for a verdict about opening, and returns the whole answer. A busy machine, or slots that
   * the chain skipped, make an answer `unknown` for some seconds: only what comes after that
   * counts.
   */
  verdict(id: string, wanted: GateView['verdict']): Promise<GateView>;
  /** Waits until a share of a subscriber satisfies the test. */
  share(id: string, ready: (share: ShareView) => boolean): Promise<ShareView>;
  /** Waits until the gate tells this standing of a subscriber, and returns the whole answer. */
  standing(id: string, wanted: string): Promise<GateView>;
};

/** How often a wait looks; how long it lasts at most stands in vitest.config.ts. */
const OFTEN = { interval: 25 };
/** `BAILIFF_TEST_LOG=debug` prints the lines of every daemon that a test starts in its process. */
const LOG_LEVEL = process.env.BAILIFF_TEST_LOG;
const log = LOG_LEVEL ? openLog(LOG_LEVEL) : silentLog;

export type StreetOptions = {
  /**
   * The venues that the daemon serves: Drift v2 alone when absent. With `velocity` its program is
   * on the chain, too.
   */
  venues?: readonly VenueName[];
  /** True: Velocity is the stand-in of newer sources, wherever the compiled program is. */
  comingVelocity?: boolean;
  /** Pays the fees of payments. It holds what the test gives it. No sponsor when absent. */
  sponsor?: Keypair;
  /** False: the daemon has no key for Helius, so that it registers no webhook and is sent none. */
  webhooks?: boolean;
  /** Milliseconds between two blocks; 20 when absent, 400 on mainnet. */
  slotMs?: number;
  /** Blocks until a block is final; 8 when absent, about 32 on mainnet. */
  finalizedAfter?: number;
  /** The genesis hash that the chain's nodes give; random when absent. */
  genesisHash?: string;
  /** The daemon's clock; the machine's when absent. */
  clock?: Clock;
  /** Changes the settings with which the daemon starts, those of `settingsOf`. */
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

/**
 * Opens a street. Unless an option says otherwise, there are:
 *
 * - a fresh database with the whole schema, and no row that a person made;
 * - a chain with a block every 20 ms by the machine's clock, confirmed after one block and final
 *   after eight, whose faucet has SOL and USDC for every wallet;
 * - Drift: the compiled program where its file is present, else the stand-in
 *   (`BAILIFF_DRIFT_PROGRAM` names another file). SOL costs 150 USD and BTC 90,000 until
 *   `driver.movePrice`;
 * - Helius, which sends the daemon each transaction of the accounts that it registers;
 * - the daemon, started, in mode `settle`, with all four sources, a random master key, no sponsor,
 *   no swap service and no API key, so that a request needs none.
 *
 * There are no people: `driver.createTrader` makes a trader, whose agent has no SOL unless
 * `lamports` says so and then cannot pay, and `street.subscribe` registers it. A creator has no
 * token account until it is paid or given USDC.
 */
export async function openStreet(options: StreetOptions = {}): Promise<Street> {
  const { clock = systemClock } = options;
  const database = await createDatabase();
  const heliusApiKey = randomBytes(8).toString('hex');
  const env = processEnvironment();
  const base = loadSettings({
    ...(env.BAILIFF_DRIFT_PROGRAM ? { BAILIFF_DRIFT_PROGRAM: env.BAILIFF_DRIFT_PROGRAM } : {}),
    ...(options.venues === undefined ? {} : { BAILIFF_VENUES: options.venues.join(',') }),
  });
  const served = await serveWorld({
    programFile: base.programFile,
    velocityProgramFile: options.venues?.includes('velocity')
      ? options.comingVelocity === true
        ? '/no/compiled/program'
        : velocityProgramFile
      : null,
    comingVelocity: options.comingVelocity ?? false,
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
  const given = settingsOf(
    base,
    world,
    {
      databaseUrl: database.url,
      heliusApiKey: options.webhooks === false ? null : heliusApiKey,
      webhookSecrets: [secret],
    },
    options.sponsor,
  );
  const settings = (await options.settings?.(given, world)) ?? given;
  let app: App | null = await startApp(settings, clock, log);
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
    people: options.venues?.[0] === 'velocity' && velocity !== null ? velocity : driver,
    database,
    settings,
    secret,
    app: running,
    stop,
    async restart() {
      await stop();
      app = await startApp(settings, clock, log);
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
      await using _ = database;
      await requireDescribedEvents(database.sql);
    },
  };
  return street;
}

/**
 * Makes two blocks: each act before the call stands in an earlier confirmed slot than each act
 * after it.
 */
export const aSlotLater = ({ world }: Pick<Street, 'world'>): void => world.cluster.advance(2);

export { unscheduled } from './street-settings.ts';
export * from './trades.ts';
