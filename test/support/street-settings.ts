// Street settings: what the daemon of a street is started with, and where that differs from
// production.
import { randomBytes } from 'node:crypto';
import type { Keypair } from '@solana/web3.js';
import type { ServedWorld } from '../../src/local/world.ts';
import type { Settings } from '../../src/system/settings.ts';

/** No key of an API, a sponsor or a service. */
export const NO_SECRETS = {
  apiKeys: [],
  directDatabaseUrl: null,
  nextMasterKey: null,
  sponsorKey: null,
  streamToken: null,
  vaultToken: null,
  turnkeyKey: null,
  fireblocksKey: null,
} as const satisfies Partial<Settings['secrets']>;

/**
 * The settings of the daemon: those of config/local.json, with the addresses of this world, and
 * with shorter times, so that no test waits for a schedule. Behind each of these:
 * config/mainnet.json.
 */
export function settingsOf(
  base: Settings,
  world: ServedWorld,
  secrets: Pick<Settings['secrets'], 'databaseUrl' | 'heliusApiKey' | 'webhookSecrets'>,
  sponsor: Keypair | undefined,
): Settings {
  return {
    ...base,
    // Answers may take longer than in production (10,000 and 1,500), because the machine of a test
    // may be busy: only tests of the deadline have a short one.
    http: { ...base.http, port: 0, answerMs: 60_000, webhookAnswerMs: 30_000 },
    rpc: { ...base.rpc, url: world.chain.rpcUrl, wsUrl: world.chain.wsUrl },
    helius: { ...base.helius, apiUrl: world.helius.apiUrl },
    payments: {
      ...base.payments,
      retryEveryMs: 300, // 300,000
      pollMs: 50, // 1,000
      rebroadcastMs: 200, // 2,000
    },
    // Each connection plans every statement anew, which took half of the CPU of these tests. With
    // few connections a function that holds one while it waits for another is found, too.
    postgres: { connections: 3 }, // 10
    watch: {
      ...base.watch,
      backfillEveryMs: 400, // 3,600,000
      finalityMs: 60, // 5,000
      sweepEveryMs: 1_000, // 60,000
      checkEveryMs: 500, // 15,000
    },
    secrets: {
      ...NO_SECRETS,
      ...secrets,
      masterKey: new Uint8Array(randomBytes(32)),
      sponsorKey: sponsor?.secretKey ?? null,
    },
  };
}

/**
 * Settings under which no debt is tried again by schedule within a test: `retryEveryMs` is an hour.
 * Only what happens (a key, SOL, USDC, a request) lets one be tried again. `payments` are further
 * settings of payments.
 */
export const unscheduled =
  (payments: Partial<Settings['payments']> = {}) =>
  (given: Settings): Settings => ({
    ...given,
    payments: { ...given.payments, retryEveryMs: 3_600_000, ...payments },
  });
