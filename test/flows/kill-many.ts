// Kill many: as many kill rounds as asked for, steps drawn in turn, with one and three daemons.
// `npm run kill -- 100 --guard nonce`; with `both` each start changes the guard. With `--share`
// three daemons share the hearing and the lanes by leases. Prints what was survived.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { openDatabase } from '../../src/ledger/database.ts';
import { migrate } from '../../src/ledger/migrate.ts';
import { openPostgres } from '../../src/local/postgres.ts';
import { systemClock as clock } from '../../src/system/clock.ts';
import { silentLog as log } from '../../src/system/log.ts';
import { type Guard, openRounds, STEPS } from '../support/kill-rounds.ts';

const { values, positionals } = parseArgs({
  options: {
    guard: { type: 'string', default: 'blockhash' },
    share: { type: 'boolean', default: false },
  },
  allowPositionals: true,
});
const wanted = Number(positionals[0] ?? 100);
const guard = values.guard as Guard | 'both';
const { share } = values;
const folder = mkdtempSync(path.join(tmpdir(), 'bailiff-kill-'));
const server = await openPostgres({ folder, clock, log });
let failed = 0;
for (const replicas of share ? [3] : [1, 3]) {
  // Each number of daemons has a chain of its own, and a ledger belongs to one chain.
  const admin = openDatabase(server.url, log, 1);
  await admin.unsafe(`create database rounds_${replicas}`);
  await admin.end();
  const databaseUrl = server.url.replace(/\/[^/]*$/, `/rounds_${replicas}`);
  const sql = openDatabase(databaseUrl, log);
  await migrate(sql, log);
  const rounds = await openRounds({ sql, databaseUrl, replicas, guard, share });
  const count = share ? wanted : Math.ceil(wanted / 2);
  for (let round = 0; round < count; round++) {
    const step = STEPS[round % STEPS.length] ?? STEPS[0];
    try {
      await rounds.play(step);
    } catch (thrown) {
      failed++;
      process.stdout.write(
        `FAILED with ${replicas}: ${thrown instanceof Error ? thrown.message : String(thrown)}\n`,
      );
    }
  }
  process.stdout.write(
    `${replicas} daemon(s)${share ? ' that share the hearing' : ''}, guard ${guard}: ${count} rounds, ${rounds.kills} kills, ${failed} failures so far\n`,
  );
  await rounds.close();
  await sql.end();
}
await server.close();
for (const each of [folder, server.home]) rmSync(each, { recursive: true, force: true });
process.exit(failed === 0 ? 0 : 1);
