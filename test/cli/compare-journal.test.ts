// Compare with a journal: systemd's journal cuts a line after 48 KiB, and `journalctl -o cat`
// prints each piece as a line. No line of an act is as long, and a piece of one is never passed
// over.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { rememberActs } from '../../src/flows/acknowledged.ts';
import { createActs } from '../../src/ledger/acts.ts';
import { openLog } from '../../src/system/log.ts';
import { createManualClock } from '../support/clock.ts';
import { runCommand } from '../support/command.ts';
import { openStreet, type Street } from '../support/street.ts';

const LINE_MAX = 48 * 1_024;
const folder = mkdtempSync(path.join(tmpdir(), 'journal-'));
let street: Street;
beforeAll(async () => {
  street = await openStreet();
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await street[Symbol.asyncDispose]();
});

const asJournald = (line: string): string[] => {
  const pieces: string[] = [];
  for (let at = 0; at < line.length; at += LINE_MAX) pieces.push(line.slice(at, at + LINE_MAX));
  return pieces;
};
const compare = (lines: readonly string[]) => {
  const file = path.join(folder, 'journal.log');
  writeFileSync(file, `${lines.join('\n')}\n`);
  return runCommand(street, ['acts', 'compare', file]);
};

test('an act with a long body is found in a journal when the ledger lacks it', async () => {
  const lines: string[] = [];
  const log = openLog('info', { write: (line: string) => void lines.push(line.trimEnd()) });
  const given = { clock: createManualClock(), log };
  const kept = rememberActs(createActs(street.database.sql), given);
  // The ledger lacks the ends of these acts, as a standby that was promoted may.
  const lost = rememberActs({ ...kept.acts, end: async () => {} }, given);
  const long = { name: 'x'.repeat(100_000), rows: Array.from({ length: 5_000 }, String) };
  for (const body of [long, { scope: 'all', reason: 'ä'.repeat(200) }]) {
    const asked = { path: { id: 'ana' }, body };
    const act = { actor: 'configured', person: null, what: 'PUT /v1/x', asked, once: null };
    const begun = await kept.acts.begin(act);
    if (begun.kind === 'begun') await kept.acts.end(begun, 200, null, 0);
    await lost.acts.begin(act).then(async (told) => {
      if (told.kind === 'begun') await lost.acts.end(told, 200, null, 0);
    });
  }
  expect(lines).toHaveLength(4);
  for (const line of lines) expect(asJournald(line)).toHaveLength(1);
  const { code, out } = await compare(lines);
  expect(code).toBe(3);
  expect(out).toContain('4 acknowledged acts in the log, of which the database lacks 2.');
  expect(out).toContain('{"path":{"id":"ana"},"body":{"name":"… 100002 bytes"');
});

test('a journal that cut the line of an act ends with 3, and its lines are named', async () => {
  const nonce = '01ea0345-f28b-4688-83dd-ed53b4fc7978';
  const line = JSON.stringify({
    level: 30,
    time: '2026-11-30T19:45:55.345Z',
    pid: 1,
    nonce,
    actor: 'configured',
    what: 'POST /v1/imports',
    asked: 'x'.repeat(2 * LINE_MAX),
    status: 200,
    event: 'act.done',
  });
  const started = '{"level":30,"time":"2026-11-30T19:45:00.000Z","pid":1,"event":"app.started"}';
  const { code, out } = await compare([started, ...asJournald(line), started]);
  expect(out).toContain('2 lines of the log tell of an act and cannot be read: 2, 4.');
  expect(code).toBe(3);
  expect((await compare([started])).code).toBe(0);
});
