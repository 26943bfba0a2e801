// Kill rounds: real daemons in processes of their own, real Postgres, the local chain here; in
// every round they are killed at a step of a payment and started again, and in the end the creator
// holds exactly what was owed. The daemons of one round go on into the next one. With the guard
// `both` they are started again under the other one, with the payment on its way.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { Keypair, type PublicKey, SystemProgram, VersionedTransaction } from '@solana/web3.js';
import { base58Text } from '../../src/core/ids.ts';
import type { Sql } from '../../src/ledger/database.ts';
import type { Trader } from '../../src/local/drift/instructions.ts';
import { type ServedWorld, serveWorld } from '../../src/local/world.ts';
import { systemClock as clock } from '../../src/system/clock.ts';
import { COMPILED } from './compiled.ts';

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
export type Guard = 'blockhash' | 'nonce';

const ENTRY = path.join(import.meta.dirname, 'killable-daemon.ts');
const PATIENCE_MS = 120_000;

export type Rounds = {
  /**
   * Plays one round; throws when the books and the chain differ. With `next` the daemons are
   * started again under that guard, and stay under it.
   */
  play(step: Step, next?: Guard): Promise<void>;
  /** Daemons that died at a step. */
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

/** Resolves with the first line of a process that is as wanted. Throws when the process ends. */
async function said({ stdout }: ChildProcess, wanted: RegExp): Promise<RegExpExecArray> {
  if (stdout === null) throw new Error('nothing can be read of it');
  const lines = createInterface({ input: stdout });
  try {
    for await (const line of lines) {
      const found = wanted.exec(line);
      if (found !== null) return found;
    }
  } finally {
    lines.close();
    stdout.resume();
  }
  throw new Error(`the daemon ended before it said ${wanted}`);
}

export async function openRounds(options: {
  sql: Sql;
  databaseUrl: string;
  replicas: number;
  /** What keeps payments apart; `both` changes it at each start. */
  guard?: Guard | 'both';
  /** Whether the daemons share the hearing and the lanes by leases. */
  share?: boolean;
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
  const { guard = 'blockhash', share = false } = options;
  const sponsor = Keypair.generate();
  const { faucet } = world.driver;
  const funding = { fromPubkey: faucet.publicKey, toPubkey: sponsor.publicKey };
  world.driver.send([SystemProgram.transfer({ ...funding, lamports: 10n ** 10n })], [faucet]);
  /** The guard of the daemons that are started now. */
  let current: Guard = guard === 'both' ? 'nonce' : guard;
  /** Each running daemon, with its URL once it is ready. */
  const living = new Map<ChildProcess, string>();
  let kills = 0;
  let subscribers = 0;

  const launch = async (): Promise<void> => {
    const child = spawn(process.execPath, [ENTRY], {
      env: {
        PATH: process.env.PATH ?? '',
        BAILIFF_NETWORK: 'local',
        BAILIFF_HTTP_PORT: '0',
        BAILIFF_CONFIG: path.join(import.meta.dirname, share ? 'fast-shared.json' : 'fast.json'),
        BAILIFF_RPC_URL: world.chain.rpcUrl,
        BAILIFF_HELIUS_API_URL: world.helius.apiUrl,
        BAILIFF_WEBHOOK_SECRETS: 'w'.repeat(20),
        BAILIFF_MASTER_KEY: masterKey,
        BAILIFF_REPLAY_GUARD: current,
        ...(guard === 'blockhash' ? {} : { BAILIFF_SPONSOR_KEY: base58Text(sponsor.secretKey) }),
        DATABASE_URL: options.databaseUrl,
        ...COMPILED,
      },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    living.set(child, '');
    child.once('exit', () => living.delete(child));
    living.set(child, (await said(child, /^ready (\S+)$/))[1] ?? '');
  };
  const launchAll = async () => {
    await Promise.all(Array.from({ length: options.replicas }, launch));
  };
  /** From now on each daemon dies at the step. */
  const arm = (step: Step) =>
    Promise.all(
      [...living.keys()].map((child) => {
        const armed = said(child, /^armed /);
        child.stdin?.write(`${step}\n`);
        return armed;
      }),
    );
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
    const url = [...living.values()][0] ?? '';
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
    return { id, trader, creator };
  };

  await launchAll();
  return {
    get kills() {
      return kills;
    },
    async play(step, next) {
      const { driver, cluster, mischief } = world;
      const { id, trader, creator } = await register();
      const onChain = step.startsWith('chain:');
      if (onChain)
        mischief.onSend = {
          when: step === 'chain: before executing' ? 'before' : 'after',
          act: () => {
            for (const child of living.keys()) child.kill('SIGKILL');
          },
        };
      else await arm(step);
      driver.movePrice(0, 150_000_000n);
      driver.trade(trader, 'long', 2_000_000_000n);
      driver.movePrice(0, 165_000_000n);
      driver.trade(trader, 'short', 2_000_000_000n, { reduceOnly: true });
      await until(`a kill at ${step}`, async () => (living.size < options.replicas ? true : null));
      mischief.onSend = null;
      kills += options.replicas - living.size;
      await killAll();
      if (next !== undefined) current = next;
      else if (guard === 'both') current = current === 'nonce' ? 'blockhash' : 'nonce';
      await launchAll();
      const owed = await until(`${id} to be paid after a kill at ${step}`, async () => {
        const rows = await sql<
          { amount: bigint; status: string }[]
        >`select amount, status from profit_share where subscriber_id = ${id}`;
        return rows.length === 1 && rows[0]?.status === 'paid' ? rows[0].amount : null;
      });
      // Nothing of what was ever signed may still move money: the last blockhash expires, and what
      // was signed under a nonce arrives again.
      cluster.advance(200);
      const variants = await sql<{ bytes: Buffer }[]>`
        select bytes from payment_variant where subscriber_id = ${id}`;
      for (const { bytes } of variants)
        cluster.submit(VersionedTransaction.deserialize(bytes), bytes);
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
