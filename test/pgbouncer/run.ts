// PgBouncer: `npm run pgbouncer` puts 1,200 statements side by side through a PgBouncer in
// transaction mode, and plays the demo with one and with three daemons on one database,
// which they reach through a PgBouncer in transaction mode with three server connections, and
// compares what was owed with what was paid. `-- --alone` gives the daemons no direct URL, which
// shows what fails without it.
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openDatabase } from '../../src/ledger/database.ts';
import { openPools } from '../../src/ledger/pools.ts';
import { runStory } from '../../src/local/demo.ts';
import { openPostgres } from '../../src/local/postgres.ts';
import { systemClock as clock } from '../../src/system/clock.ts';
import { silentLog } from '../../src/system/log.ts';
import { startPooler } from './pooler.ts';

const SERVER_CONNECTIONS = 3;
const SAMPLE_MS = 200;
const alone = process.argv.includes('--alone');
const say = (text: string): void => void process.stdout.write(`${text}\n`);

const folder = mkdtempSync(path.join(tmpdir(), 'bailiff-pooled-'));
const server = await openPostgres({ folder: path.join(folder, 'postgres'), clock, log: silentLog });
const admin = openDatabase(server.url, silentLog, 1);
let failed = 0;

/** Plays the story with so many daemons. Returns a line of figures. */
async function play(daemons: number): Promise<string> {
  await using pooler = await startPooler(server.url, SERVER_CONNECTIONS, alone);
  const database = `pooled_${daemons}`;
  await admin.unsafe(`create database ${database}`);
  const direct = server.urlOf(database);
  let most = 0;
  const sampling = setInterval(() => {
    void admin<{ count: number }[]>`
      select count(*)::int as count from pg_stat_activity where datname = ${database}`
      .then(([row]) => {
        most = Math.max(most, row?.count ?? 0);
      })
      .catch(() => {});
  }, SAMPLE_MS);
  const beganMs = clock.nowMs();
  try {
    const ending = await runStory({
      keep: false,
      say: () => {},
      stateFolder: path.join(folder, `${daemons}`),
      databaseUrl: pooler.urlOf(database),
      daemons,
      daemonEnv: async () => (alone ? {} : { BAILIFF_DIRECT_DATABASE_URL: direct }),
    });
    const sql = openDatabase(direct, silentLog, 1);
    const [sums] = await sql<{ owed: bigint; paid: bigint; twice: number }[]>`
      select (select coalesce(sum(amount), 0)::bigint from profit_share) as owed,
        (select coalesce(sum(c.amount), 0)::bigint from payment_share c
          join payment p using (payment_id) where p.state = 'landed') as paid,
        (select count(*)::int from profit_share s where s.amount < (
          select coalesce(sum(c.amount), 0) from payment_share c
          join payment p using (payment_id)
          where c.share_id = s.share_id and p.state = 'landed')) as twice`;
    await sql.end();
    const { owed = 0n, paid = 0n, twice = 0 } = sums ?? {};
    const exact = ending.creator === owed && paid === owed && owed > 0n && twice === 0;
    if (!exact) failed++;
    const seconds = ((clock.nowMs() - beganMs) / 1_000).toFixed(0);
    return `${exact ? 'exact' : 'WRONG'}: owed ${owed}, paid ${paid}, on chain ${ending.creator}, debts paid twice ${twice}; at most ${most} connections at Postgres; ${seconds} s`;
  } catch (thrown) {
    failed++;
    return `FAILED: ${thrown instanceof Error ? thrown.message.slice(0, 2_000) : String(thrown)}`;
  } finally {
    clearInterval(sampling);
  }
}

const CONNECTIONS = 10;
const STATEMENTS = 1_200;
const AT_ONCE = 30;
const PATIENCE_MS = 120_000;
/**
 * Puts statements with and without parameters side by side over the ten connections of a pool, and
 * transactions among them. Returns how many were answered.
 */
async function crowd(): Promise<number> {
  await using pooler = await startPooler(server.url, SERVER_CONNECTIONS);
  const pools = openPools(
    { url: pooler.urlOf('postgres'), direct: server.urlOf('postgres') },
    CONNECTIONS,
    silentLog,
    clock.nowMs,
  );
  let left = STATEMENTS;
  let answered = 0;
  const work = async (): Promise<void> => {
    while (left-- > 0) {
      if (left % 7 === 0) await pools.sql.begin((tx) => tx`select ${left}::int`);
      else await (left % 2 === 0 ? pools.sql`select 1` : pools.sql`select ${left}::int`);
      answered++;
    }
  };
  const over = new AbortController();
  const all = Promise.all(Array.from({ length: AT_ONCE }, work)).catch(() => {});
  await Promise.race([all, clock.sleep(PATIENCE_MS, over.signal)]);
  over.abort();
  await pools.end(1);
  return answered;
}

const answered = await crowd();
if (answered < STATEMENTS) failed++;
say(`statements side by side: ${answered} of ${STATEMENTS} answered`);
for (const daemons of [1, 3])
  say(`${daemons} daemon${daemons === 1 ? '' : 's'}: ${await play(daemons)}`);
await admin.end();
await server.close();
await rm(folder, { recursive: true, force: true });
process.exit(failed === 0 ? 0 : 1);
