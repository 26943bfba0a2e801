// Run: as many simulated histories as asked for. `npm run sim -- --seeds 10000 --from 1 --workers
// 2`, with --postgres on the real ledger, in one process.
import '../../src/system/native-warning.ts';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { openDatabase } from '../../src/ledger/database.ts';
import { migrate } from '../../src/ledger/migrate.ts';
import { openPostgres } from '../../src/local/postgres.ts';
import { systemClock as clock } from '../../src/system/clock.ts';
import { silentLog as log } from '../../src/system/log.ts';
import { memoryBooks, type OpenBooks, postgresBooks } from './books.ts';
import type { Mood } from './chain/moods.ts';
import { simulatePeer } from './peer.ts';
import { BLIND, caughtAt, SABOTAGES } from './sabotage.ts';
import { simulate } from './simulate.ts';
import { add, noFigures, playAmong } from './workers.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '100' },
    from: { type: 'string', default: '1' },
    verbose: { type: 'boolean', default: false },
    postgres: { type: 'boolean', default: false },
    peer: { type: 'boolean', default: false },
    mild: { type: 'boolean', default: false },
    sabotage: { type: 'boolean', default: false },
    /** With --sabotage: the faults whose name has these words. */
    only: { type: 'string', default: '' },
    /** Ends at the first history that breaks a law. */
    first: { type: 'boolean', default: false },
    moods: { type: 'string' },
    /** What keeps payments apart: blockhash, nonce, or both in turns. */
    guard: { type: 'string', default: 'blockhash' },
    /** Deletes the whole proof of death. */
    blind: { type: 'boolean', default: false },
    /** Processes that share the seeds. */
    workers: { type: 'string', default: '1' },
  },
});
/** A Postgres of its own, when it is wanted. */
async function openReal(): Promise<{ books: OpenBooks; close: () => Promise<void> }> {
  const folder = mkdtempSync(path.join(tmpdir(), 'bailiff-sim-'));
  const settings = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' };
  const server = await openPostgres({ folder, clock, log, settings });
  const sql = openDatabase(server.url, log, 4);
  await migrate(sql, log);
  return {
    books: postgresBooks(sql),
    async close() {
      await sql.end();
      await server.close();
      for (const each of [folder, server.home]) rmSync(each, { recursive: true, force: true });
    },
  };
}

if (values.peer) {
  const sum = { seeds: 0, debts: 0, owed: 0n, doubled: 0, overpaid: 0n, lost: 0, unpaid: 0n };
  for (let seed = Number(values.from); seed < Number(values.from) + Number(values.seeds); seed++) {
    const outcome = await simulatePeer(seed, values.mild);
    sum.seeds++;
    sum.debts += outcome.debts;
    sum.owed += outcome.owed;
    sum.doubled += outcome.doubled;
    sum.overpaid += outcome.overpaid;
    sum.lost += outcome.lost;
    sum.unpaid += outcome.unpaid;
  }
  const percent = (part: number, of: number): string => `${((100 * part) / of).toFixed(1)} %`;
  process.stdout.write(
    `${JSON.stringify(sum, (_, each: unknown) => (typeof each === 'bigint' ? String(each) : each))}\n` +
      `paid twice or more: ${percent(sum.doubled, sum.debts)} of debts; never paid in full: ${percent(sum.lost, sum.debts)}\n`,
  );
  process.exit(0);
}
if (values.sabotage) {
  const wanted = Object.entries(SABOTAGES).filter(([name]) => name.includes(values.only));
  for (const [name, each] of wanted) {
    const caught = await caughtAt(each);
    process.stdout.write(
      `${name}: ${caught === null ? `NOT caught within ${each.within}` : `at seed ${caught.seed} of ${each.within}: ${caught.law}`}\n`,
    );
  }
  process.exit(0);
}
if (Number(values.workers) > 1) {
  const flags = [
    ...(values.moods === undefined ? [] : ['--moods', values.moods]),
    '--guard',
    values.guard,
    ...(values.blind ? ['--blind'] : []),
  ];
  const range = { from: Number(values.from), seeds: Number(values.seeds) };
  const { failed } = await playAmong(Number(values.workers), range, flags);
  process.exit(failed === 0 ? 0 : 1);
}
const real = values.postgres ? await openReal() : null;
const total = noFigures();
for (let seed = Number(values.from); seed < Number(values.from) + Number(values.seeds); seed++) {
  total.seeds++;
  const startedMs = clock.nowMs();
  try {
    const options = {
      guard: values.guard as 'blockhash' | 'nonce' | 'both',
      traces: values.verbose,
      moods: (values.moods?.split(',') ?? []) as Mood[],
    };
    const fault = values.blind ? BLIND : {};
    const { seed: _, ...figures } = await simulate(
      seed,
      real?.books ?? memoryBooks,
      fault,
      options,
    );
    add(total, { seeds: 0, failed: 0, ...figures });
    if (values.verbose)
      process.stdout.write(
        `seed ${seed}: ${clock.nowMs() - startedMs} ms, ${JSON.stringify(figures)}\n`,
      );
  } catch (thrown) {
    total.failed++;
    process.stdout.write(
      `seed ${seed}: ${thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)}\n`,
    );
    if (values.first) break;
  }
}
process.stdout.write(`${JSON.stringify(total)}\n`);
await real?.close();
process.exit(total.failed === 0 ? 0 : 1);
