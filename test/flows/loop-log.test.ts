// Loop log: in an outage a failing loop writes few lines, which say what to do, and one at its end.
import { expect, test } from 'vitest';
import type { Log } from '../../src/core/ports.ts';
import { createLanes } from '../../src/flows/lanes.ts';
import { startLoop } from '../../src/flows/loop.ts';
import { openDatabase } from '../../src/ledger/database.ts';
import { createProbe } from '../../src/ledger/probe.ts';
import { silentLog } from '../../src/system/log.ts';
import { createManualClock } from '../support/clock.ts';
import { refuseWrites } from '../support/damage.ts';
import { createDatabase } from '../support/database.ts';

type Line = { readonly level: string; readonly event: string; readonly [field: string]: unknown };
/** A log that keeps its lines. */
function keepingLog(): { readonly lines: Line[]; readonly log: Log } {
  const lines: Line[] = [];
  const at =
    (level: string) =>
    (event: string, fields: Record<string, unknown> = {}) =>
      void lines.push({ level, event, ...fields });
  return {
    lines,
    log: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') },
  };
}

test('half an hour without writes is told in a few lines with the remedy, and so is its end', async () => {
  await using database = await createDatabase();
  const { lines, log } = keepingLog();
  const clock = createManualClock();
  const allowWrites = await refuseWrites(database.sql, database.url);
  const refused = openDatabase(database.url, silentLog, 1);
  const ended = Promise.withResolvers<void>();
  let runs = 0;
  const loop = startLoop({
    name: 'heartbeat',
    everyMs: 5_000,
    clock,
    log,
    async work() {
      runs++;
      if (clock.elapsedMs() < 30 * 60_000) return void (await createProbe(refused).write());
      await allowWrites();
      await createProbe(database.sql).write();
      ended.resolve();
      void loop.stop();
    },
  });
  await ended.promise;
  await loop.stop();
  await refused.end();
  expect(runs).toBeGreaterThan(300);
  const failed = lines.filter(({ event }) => event === 'loop.failed');
  expect(failed.length).toBeGreaterThan(1);
  expect(failed.length).toBeLessThan(10);
  // Postgres comes back without a change of the daemon's code: no stack, and no level `error`.
  for (const each of failed) {
    expect(each).toMatchObject({ level: 'warn', loop: 'heartbeat' });
    expect(each.message).toContain('Postgres is read-only');
    expect(each).not.toHaveProperty('err');
  }
  expect(lines.slice(failed.length)).toEqual([
    {
      level: 'info',
      event: 'loop.recovered',
      loop: 'heartbeat',
      failures: runs - 1,
      afterMs: expect.any(Number),
    },
  ]);
});

test('a failure of another kind is told at once, and an error of the program with its stack', async () => {
  const { lines, log } = keepingLog();
  const clock = createManualClock();
  const ended = Promise.withResolvers<void>();
  const kinds = ['53100', '53100', '25006', '53100', 'mistake', 'mistake'];
  const loop = startLoop({
    name: 'digest',
    everyMs: 2_000,
    clock,
    log,
    async work() {
      const kind = kinds.shift();
      if (kind === undefined) {
        ended.resolve();
        return void loop.stop();
      }
      throw kind === 'mistake' ? new TypeError('no such field') : { code: kind };
    },
  });
  await ended.promise;
  await loop.stop();
  expect(
    lines.map(({ level, event, failures }) => `${level} ${event} ${String(failures)}`),
  ).toEqual([
    'warn loop.failed 1',
    'warn loop.failed 3',
    'error loop.failed 5',
    'info loop.recovered 6',
  ]);
  expect(lines[2]?.err).toBeInstanceOf(TypeError);
});

test('a lane that fails for Postgres is told without level error', async () => {
  const { lines, log } = keepingLog();
  await using database = await createDatabase();
  const allowWrites = await refuseWrites(database.sql, database.url);
  const sql = openDatabase(database.url, silentLog, 1);
  const lanes = createLanes({
    concurrencyMost: 1,
    clock: createManualClock(),
    log,
    work: () =>
      createProbe(sql)
        .write()
        .then(() => null),
  });
  lanes.nudge('ana');
  await lanes.drain();
  await sql.end();
  await allowWrites();
  expect(lines).toMatchObject([
    { level: 'warn', event: 'lane.failed', message: expect.stringContaining('read-only') },
  ]);
});
