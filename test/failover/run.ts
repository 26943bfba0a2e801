// Failover: real daemon, real streaming replication. In each round the primary is killed under load
// while its asynchronous replica lacks the last commits, and the replica is promoted. Afterwards
// every close on chain is booked once, every creator holds exactly what is owed, and each act that
// the API acknowledged is in the database or listed as lost by the daemon. `npm run failover --
// --rounds 100`, with `--guard nonce` under nonces. With `--blind` the daemon runs without the
// evidence of lost commits, and the run passes only when that ends in a double payment; under
// nonces, when it does not.
import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import { Keypair, type PublicKey, SystemProgram } from '@solana/web3.js';
import type { App } from '../../src/app.ts';
import { base58Text } from '../../src/core/ids.ts';
import { acknowledgedIn } from '../../src/flows/acknowledged.ts';
import { createActs } from '../../src/ledger/acts.ts';
import { openDatabase } from '../../src/ledger/database.ts';
import type { Trader } from '../../src/local/drift/instructions.ts';
import { serveWorld } from '../../src/local/world.ts';
import { systemClock as clock } from '../../src/system/clock.ts';
import { openLog, silentLog } from '../../src/system/log.ts';
import { loadSettings, type Settings } from '../../src/system/settings.ts';
import { NO_SECRETS } from '../support/street-settings.ts';
import { profitableClose } from '../support/trades.ts';
import { blindBooks } from './blind.ts';
import { findBinaries, openPair } from './pair.ts';
import { tellStory } from './story.ts';

const say = (text: string): boolean => process.stdout.write(`${text}\n`);
const sleep = (ms: number) => clock.sleep(ms, new AbortController().signal);
const binaries = findBinaries();
if (binaries === null) {
  say('npm run failover needs a PostgreSQL with pg_basebackup: apt-get install postgresql');
  process.exit(2);
}
const { values, positionals } = parseArgs({
  options: {
    rounds: { type: 'string' },
    blind: { type: 'boolean' },
    guard: { type: 'string', default: 'blockhash' },
  },
  allowPositionals: true,
});
const wanted = Number(values.rounds ?? positionals[0] ?? 100);
const blind = values.blind === true;
if (blind) blindBooks();
const { startApp } = await import('../../src/app.ts');
const PEOPLE = 3;
const PATIENCE_MS = 90_000;

const pair = await openPair(binaries);
const heliusApiKey = randomBytes(8).toString('hex');
const world = await serveWorld({
  programFile: null,
  clock,
  heliusApiKey,
  cluster: { slotMs: 8 },
});
const replayGuard = values.guard === 'nonce' ? 'nonce' : 'blockhash';
const sponsor = Keypair.generate();
const { faucet } = world.driver;
const funding = { fromPubkey: faucet.publicKey, toPubkey: sponsor.publicKey };
world.driver.send([SystemProgram.transfer({ ...funding, lamports: 10n ** 11n })], [faucet]);
const base = loadSettings({});
const settings: Settings = {
  ...base,
  http: { ...base.http, port: 0 },
  rpc: { ...base.rpc, url: world.chain.rpcUrl, wsUrl: world.chain.wsUrl },
  helius: { ...base.helius, apiUrl: world.helius.apiUrl },
  payments: { ...base.payments, replayGuard, retryEveryMs: 300, pollMs: 50, rebroadcastMs: 200 },
  watch: {
    ...base.watch,
    backfillEveryMs: 400,
    finalityMs: 60,
    sweepEveryMs: 1_000,
    checkEveryMs: 500,
  },
  secrets: {
    ...NO_SECRETS,
    databaseUrl: pair.url,
    heliusApiKey,
    webhookSecrets: [randomBytes(16).toString('hex')],
    masterKey: new Uint8Array(randomBytes(32)),
    sponsorKey: replayGuard === 'nonce' ? sponsor.secretKey : null,
  },
};
/** The log of the daemon since the last round began, a line each. */
let logged: string[] = [];
const log = openLog('info', { write: (line: string) => void logged.push(line.trimEnd()) });
let app: App = await startApp(settings, clock, log);
const sql = openDatabase(pair.url, silentLog, 2);
const post = async (route: string, body: unknown): Promise<boolean> => {
  try {
    const response = await fetch(app.url + route, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    return response.status === 201;
  } catch {
    return false;
  }
};
const register = (id: string, agent: Keypair): Promise<boolean> =>
  post('/v1/subscribers', {
    id,
    agentWallet: agent.publicKey.toBase58(),
    agentSecretKey: base58Text(agent.secretKey),
    subAccountIds: [0],
  });
const people: { id: string; trader: Trader; creator: PublicKey; closes: number }[] = [];
for (let n = 0; n < PEOPLE; n++) {
  const trader = world.driver.createTrader({ deposit: 5_000_000_000n, lamports: 1_000_000_000n });
  const creator = Keypair.generate().publicKey;
  const id = `s${n}`;
  if (!(await register(id, trader.agent))) throw new Error('not registered');
  await post(`/v1/subscribers/${id}/subscriptions`, {
    id: `${id}-sub`,
    subAccountId: 0,
    creatorWallet: creator.toBase58(),
    shareBps: 1_000,
  });
  people.push({ id, trader, creator, closes: 0 });
}

/** Waits until every close is booked and paid. Throws with what differs. */
async function settled(): Promise<void> {
  const startedMs = clock.nowMs();
  for (let last = ''; ; ) {
    try {
      const rows = await sql<
        { id: string; shares: bigint; open: bigint; owed: bigint; overpaid: bigint }[]
      >`
        select subscriber_id as id, count(*) as shares, count(*) filter (where status <> 'paid') as open,
          coalesce(sum(amount), 0)::bigint as owed, coalesce(sum(overpaid), 0)::bigint as overpaid
        from profit_share group by subscriber_id`;
      const wrong = people.flatMap(({ id, creator, closes }) => {
        const row = rows.find((each) => each.id === id);
        const held = world.driver.usdcOf(creator) ?? 0n;
        if (held > (row?.owed ?? 0n) && Number(row?.shares ?? 0) === closes)
          throw new RangeError(`${id} is paid twice: owed ${row?.owed}, held ${held}`);
        return Number(row?.shares ?? 0n) === closes && row?.open === 0n && row.owed === held
          ? []
          : [
              `${id}: ${row?.shares} of ${closes} closes booked, ${row?.open} open, owed ${row?.owed}, held ${held}`,
            ];
      });
      if (wrong.length === 0) return;
      last = wrong.join('; ');
    } catch (thrown) {
      if (thrown instanceof RangeError) throw thrown;
      last = String(thrown);
    }
    if (clock.nowMs() - startedMs > PATIENCE_MS) throw new RangeError(last);
    await sleep(100);
  }
}
const counted = async (): Promise<{ restored: bigint; payments: bigint }> => {
  const [row] = await sql<{ restored: bigint; payments: bigint }[]>`
    select count(*) filter (where restored) as restored, count(*) as payments from payment`;
  return row ?? { restored: 0n, payments: 0n };
};

/**
 * Acts that the daemon lists as lost, by itself or, where it did not live through the failover,
 * compared with its log.
 */
async function listedAsLost(restarted: boolean): Promise<ReadonlySet<string>> {
  const acts = createActs(sql);
  if (restarted) {
    const told = logged.flatMap((line) => {
      const act = acknowledgedIn(line);
      if (act === 'unreadable') throw new Error(`this line cannot be read: ${line}`);
      return act ?? [];
    });
    await acts.noteLost(await acts.missing(told));
  }
  const response = await fetch(`${app.url}/v1/audit/lost`);
  const body = (await response.json()) as { acts: { asked: { body?: { id?: string } } }[] };
  return new Set(body.acts.flatMap(({ asked }) => asked.body?.id ?? []));
}

let failed = 0;
let acts = 0;
let lost = 0;
let unlisted = 0;
let twice = false;
for (let round = 1; round <= wanted && failed === 0; round++) {
  for (let tries = 0; tries < 100 && !(await pair.caughtUp().catch(() => false)); tries++)
    await sleep(50);
  logged = [];
  let running = true;
  const load = (async () => {
    while (running) {
      for (const each of people) {
        profitableClose(world.driver, each.trader, 200_000_000n);
        each.closes++;
      }
      await sleep(60 + Math.floor(clock.random() * 120));
    }
  })();
  await sleep(150 + Math.floor(clock.random() * 500));
  pair.lag();
  // The API acknowledges this act, and the replica will lack it.
  const name = `late${round}`;
  const acknowledged = await register(
    name,
    world.driver.createTrader({ deposit: 1_000_000n }).agent,
  );
  if (acknowledged) acts++;
  await sleep(Math.floor(clock.random() * 400));
  running = false;
  await load;
  const restart = round % 3 === 0;
  if (restart) await app.close().catch(() => {});
  await pair.failOver();
  if (restart) app = await startApp(settings, clock, log);
  try {
    await settled();
    const [kept] = await sql`select 1 from subscriber where subscriber_id = ${name}`;
    if (acknowledged && kept === undefined) {
      lost++;
      // A blind daemon does not know that anything can be lost.
      for (let tries = 0; !blind && !(await listedAsLost(restart)).has(name); tries++) {
        if (tries > 100)
          throw new RangeError(`${name} was acknowledged, is lost, and is not listed`);
        await sleep(100);
      }
    }
  } catch (thrown) {
    failed++;
    twice = String(thrown).includes('paid twice');
    if (String(thrown).includes('not listed')) unlisted++;
    say(`round ${round}${restart ? ', restarted,' : ''} FAILED: ${String(thrown)}`);
    if (!blind) await tellStory(sql, app.url, logged, say);
  }
  if (round % 10 === 0 || round === wanted || failed > 0) {
    const { restored, payments } = await counted();
    say(
      `${round} failovers: ${payments} payments, ${restored} of them lost with a primary and booked from the chain; ${lost} of ${acts} acknowledged acts lost, ${lost - unlisted} of these listed; ${failed} failures`,
    );
  }
}
if (blind)
  say(
    twice
      ? 'Blind as it was, the daemon paid twice: the run sees what the evidence prevents.'
      : 'Blind as it was, the daemon paid nothing twice: this run proves nothing.',
  );
await app.close().catch(() => {});
await sql.end({ timeout: 2 });
await world.close();
pair.close();
process.exit((blind ? twice === (replayGuard === 'blockhash') : failed === 0) ? 0 : 1);
