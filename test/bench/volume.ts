// Volume: the ledger queries that the daemon and its API make all the time, on ten times the rows.
// A query about one subscriber, about one page or about new rows must not read all rows of a table.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Ledger } from '../../src/core/ports.ts';
import { openDatabase } from '../../src/ledger/database.ts';
import { createLedger } from '../../src/ledger/ledger.ts';
import { migrate } from '../../src/ledger/migrate.ts';
import { openPostgres } from '../../src/local/postgres.ts';
import { systemClock } from '../../src/system/clock.ts';
import { silentLog } from '../../src/system/log.ts';
import { questions } from '../support/questions.ts';
import { CLOSES_EACH, fillBooks } from './books.ts';
import { median } from './load.ts';

/**
 * Subscribers before and after, and the closes of each; `VOLUME=10000,100000,10` makes a million
 * closes of 100,000.
 */
const [FEW = 1_000, MANY = 10_000, EACH = CLOSES_EACH] = (process.env.VOLUME ?? '1000,10000')
  .split(',')
  .map(Number);
const ROUNDS = 9;
/**
 * A query may take this many times longer on ten times the rows. Differences below a millisecond
 * are noise.
 */
const GROWTH_MOST = 3;
const NOISE_MS = 1;

async function measure(ledger: Ledger): Promise<Map<string, number>> {
  const taken = new Map<string, number>();
  for (const [name, ask] of Object.entries(questions(ledger))) {
    const times: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const startedMs = performance.now();
      await ask();
      times.push(performance.now() - startedMs);
    }
    taken.set(name, median(times));
  }
  return taken;
}

export async function benchVolume(): Promise<boolean> {
  const folder = mkdtempSync(path.join(tmpdir(), 'bailiff-bench-'));
  const postgres = await openPostgres({ folder, clock: systemClock, log: silentLog });
  const sql = openDatabase(postgres.url, silentLog, 2);
  try {
    await migrate(sql, silentLog);
    const ledger = createLedger(sql);
    await fillBooks(sql, 1, FEW, EACH);
    const before = await measure(ledger);
    await fillBooks(sql, FEW + 1, MANY, EACH);
    const after = await measure(ledger);
    process.stdout.write(
      `\n${MANY * EACH} closes of ${MANY} subscribers, to ${FEW * EACH} of ${FEW}\n`,
    );
    let met = true;
    for (const [name, ms] of after) {
      const growth = ms / Math.max(before.get(name) ?? Number.NaN, NOISE_MS);
      met &&= growth <= GROWTH_MOST;
      process.stdout.write(
        `  ${name.padEnd(28)} ${ms.toFixed(1).padStart(8)} ms  ${growth.toFixed(1).padStart(6)} ×  ${growth <= GROWTH_MOST ? 'met' : 'MISSED'}\n`,
      );
    }
    return met;
  } finally {
    await sql.end();
    await postgres.close();
    for (const each of [folder, postgres.home]) rmSync(each, { recursive: true, force: true });
  }
}
