// Kill rounds: real daemons in processes of their own, real Postgres, the local chain here; in
// every round they are killed at a step of a payment, and in the end the creator holds exactly what
// was owed.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { Keypair, type PublicKey } from '@solana/web3.js';
import { base58Text } from '../../src/core/ids.ts';
import type { Sql } from '../../src/ledger/database.ts';
import type { Trader } from '../../src/local/drift/instructions.ts';
import { type ServedWorld, serveWorld } from '../../src/local/world.ts';
import { systemClock as clock } from '../../src/system/clock.ts';

/** Steps at which the daemon dies: its own events, and two moments only the chain can see. */
export const STEPS = [
  'transaction.inspected',
  'share.accrued',
  'payment.planned',
  'payment.signed',
  'payment.sent',
  'payment.landed',
  'chain: before executing',
  'chain: executed, not answered',
] as const;
export type Step = (typeof STEPS)[number];

const ENTRY = path.join(import.meta.dirname, 'killable-daemon.ts');
const PATIENCE_MS = 60_000;

export type Rounds = {
  /** Plays one round; throws when the books and the chain differ. */
  play(step: Step): Promise<void>;
  readonly kills: number;
  close(): Promise<void>;
};

async function until<T>(what: string, look: () => Promise<T | null>): Promise<T> {
  const startedMs = clock.nowMs();
  for (;;) {
    const found = await look();
    if (found !== null) return found;
    if (clock.nowMs() - startedMs > PATIENCE_MS) throw new Error(`waited too long for ${what}`);
    await clock.sleep(20, new AbortController().signal);
  }
}

export async function openRounds(options: {
  sql: Sql;
  databaseUrl: string;
  replicas: number;
}): Promise<Rounds> {
  const { sql } = options;
  const heliusApiKey = randomBytes(8).toString('hex');
  const world: ServedWorld = await serveWorld({
    programFile: null,
    clock,
    heliusApiKey,
    cluster: { slotMs: 20 },
  });
  const masterKey = randomBytes(32).toString('base64');
  const living = new Map<ChildProcess, string>();
  let kills = 0;
  let subscribers = 0;

  const launch = async (killAt: Step | null): Promise<string> => {
    const child = spawn(process.execPath, [ENTRY], {
      env: {
        PATH: process.env.PATH ?? '',
        BAILIFF_NETWORK: 'local',
        BAILIFF_HTTP_PORT: '0',
        BAILIFF_CONFIG: path.join(import.meta.dirname, 'fast.json'),
        BAILIFF_RPC_URL: world.chain.rpcUrl,
        BAILIFF_HELIUS_API_URL: world.helius.apiUrl,
        BAILIFF_WEBHOOK_SECRETS: 'w'.repeat(20),
        BAILIFF_MASTER_KEY: masterKey,
        DATABASE_URL: options.databaseUrl,
        ...(killAt === null ? {} : { KILL_AT: killAt }),
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    living.set(child, '');
    child.once('exit', (_, signal) => {
      living.delete(child);
      if (signal === 'SIGKILL') kills++;
    });
    return new Promise((resolve, reject) => {
      let output = '';
      child.stdout?.on('data', (chunk: Buffer) => {
        output += chunk.toString();
        const ready = /^ready (\S+)$/m.exec(output);
        if (ready?.[1]) {
          living.set(child, ready[1]);
          resolve(ready[1]);
        }
        if (output.length > 100_000) output = output.slice(-1_000);
      });
      // The process may die before it is ready; then there is nothing to ask.
      child.once('exit', () => resolve(''));
      child.once('error', reject);
    });
  };
  const killAll = async (): Promise<void> => {
    const ended = [...living.keys()].map(
      (child) => new Promise((resolve) => child.once('exit', resolve)),
    );
    for (const child of living.keys()) child.kill('SIGKILL');
    await Promise.all(ended);
  };
  const post = async (url: string, route: string, body: unknown): Promise<void> => {
    const response = await fetch(url + route, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(await response.text());
  };

  const register = async (): Promise<{ id: string; trader: Trader; creator: PublicKey }> => {
    const id = `s${++subscribers}`;
    const creator = Keypair.generate().publicKey;
    const trader = world.driver.createTrader({ deposit: 1_000_000_000n, lamports: 50_000_000n });
    const url = await launch(null);
    await post(url, '/v1/subscribers', {
      id,
      agentWallet: trader.agent.publicKey.toBase58(),
      agentSecretKey: base58Text(trader.agent.secretKey),
      subAccountIds: [0],
    });
    await post(url, `/v1/subscribers/${id}/subscriptions`, {
      id: `${id}-sub`,
      subAccountId: 0,
      creatorWallet: creator.toBase58(),
      shareBps: 1_000,
    });
    await killAll();
    return { id, trader, creator };
  };

  return {
    get kills() {
      return kills;
    },
    async play(step) {
      const { driver, cluster, mischief } = world;
      const { id, trader, creator } = await register();
      driver.movePrice(0, 150_000_000n);
      driver.trade(trader, 'long', 2_000_000_000n);
      driver.movePrice(0, 165_000_000n);
      driver.trade(trader, 'short', 2_000_000_000n, { reduceOnly: true });
      const onChain = step.startsWith('chain:');
      if (onChain)
        mischief.onSend = {
          when: step === 'chain: before executing' ? 'before' : 'after',
          act: () => {
            for (const child of living.keys()) child.kill('SIGKILL');
          },
        };
      await Promise.all(
        Array.from({ length: options.replicas }, () => launch(onChain ? null : step)),
      );
      await until(`a kill at ${step}`, async () => (living.size < options.replicas ? true : null));
      mischief.onSend = null;
      await killAll();
      await Promise.all(Array.from({ length: options.replicas }, () => launch(null)));
      const owed = await until(`${id} to be paid after a kill at ${step}`, async () => {
        const rows = await sql<
          { amount: bigint; status: string }[]
        >`select amount, status from profit_share where subscriber_id = ${id}`;
        return rows.length === 1 && rows[0]?.status === 'paid' ? rows[0].amount : null;
      });
      await killAll();
      // Nothing of what was ever signed may still be able to move money: let the last blockhash
      // expire.
      cluster.advance(200);
      const held = driver.usdcOf(creator);
      if (held !== owed) throw new Error(`${step}: the creator holds ${held}, owed was ${owed}`);
      const payments = await sql<
        { state: string; signature: string | null }[]
      >`select state, signature from payment where subscriber_id = ${id}`;
      for (const { state, signature } of payments) {
        const found = signature === null ? null : cluster.find(signature);
        if ((state === 'landed') !== (found !== null && found.execution.error === null))
          throw new Error(`${step}: payment ${state}, on chain ${found !== null}`);
      }
    },
    async close() {
      await killAll();
      await world.close();
    },
  };
}
