// Lost acts: requests that were answered with success, and that a database which went back does not
// hold, are found by the daemon that remembers them, or in the log of one that has ended, and are
// listed until a person has reviewed them.
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { NewAct } from '../../src/core/act.ts';
import { acknowledgedIn, rememberActs } from '../../src/flows/acknowledged.ts';
import { createActs } from '../../src/ledger/acts.ts';
import { openLog } from '../../src/system/log.ts';
import { createManualClock } from '../support/clock.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';

let database: TestDatabase;
beforeEach(async () => {
  database = await createDatabase();
});
afterEach(() => database[Symbol.asyncDispose]());

const halt = (scope: string): NewAct => ({
  actor: 'configured',
  person: null,
  what: 'PUT /v1/halts',
  asked: { body: { scope, reason: 'a test' } },
  once: null,
});
const begin = async (acts: ReturnType<typeof createActs>, act: NewAct) => {
  const begun = await acts.begin(act);
  if (begun.kind !== 'begun') throw new Error(begun.kind);
  return begun;
};
const daemon = () => {
  const lines: string[] = [];
  const log = openLog('info', { write: (line: string) => void lines.push(line) });
  const memory = rememberActs(createActs(database.sql), { clock: createManualClock(), log });
  const told = () => lines.filter((line) => line.includes('"acts.lost"'));
  return { ...memory, lines, told };
};
/** Makes the database lack what a replica lacked: the last acts, and the end of one earlier act. */
const loseActs = async (from: bigint, endOf: bigint): Promise<void> => {
  await database.sql`delete from act where act_id >= ${from}`;
  await database.sql`update act set status = null, ended_at = null where act_id = ${endOf}`;
  // Another daemon's act takes the number that was lost.
  await database.sql`alter sequence act_act_id_seq restart with ${database.sql.unsafe(String(from))}`;
};

test('the daemon lists what it acknowledged and the database lost, once, and nothing else', async () => {
  const { acts, wentBack, check, told } = daemon();
  const kept = await begin(acts, halt('creator:kept'));
  await acts.end(kept, 204, null, 0);
  const half = await begin(acts, halt('creator:half'));
  await acts.end(half, 204, null, 0);
  const gone = await begin(acts, halt('creator:gone'));
  await acts.end(gone, 201, null, 0);
  const refused = await begin(acts, halt('creator:refused'));
  await acts.end(refused, 409, null, 0);
  const running = await begin(acts, halt('creator:running'));
  await check();
  expect(await acts.lost(10)).toEqual([]);

  await loseActs(gone.id, half.id);
  const another = createActs(database.sql);
  await another.end(await begin(another, halt('creator:other')), 204, null, 0);
  await check();
  expect(told()).toEqual([]);
  wentBack();
  await check();
  const lost = [...(await acts.lost(10))].sort((a, b) => (a.kept < b.kept ? -1 : 1));
  expect(lost.map(({ asked, kept: left, status }) => [asked, left, status])).toEqual([
    [{ body: { scope: 'creator:half', reason: 'a test' } }, 'beginning', 204],
    [{ body: { scope: 'creator:gone', reason: 'a test' } }, 'nothing', 201],
  ]);
  expect(told()).toHaveLength(1);
  // An act whose row is gone is not answered with success, nor does its end become that of another
  // act with its number.
  await expect(acts.end(running, 204, null, 0)).rejects.toMatchObject({
    code: 'ledger_unavailable',
  });
  await expect(acts.end({ ...gone, nonce: running.nonce }, 500, null, 0)).rejects.toThrow();
  expect((await acts.list({ limit: 1 }))[0]).toMatchObject({ id: gone.id, status: 204 });

  wentBack();
  await check();
  expect(told()).toHaveLength(1);
  const by = { actor: 'command', reason: 'done again' };
  expect(await acts.reviewLost(lost[1]?.nonce ?? '', by)).toBe(true);
  expect(await acts.reviewLost(lost[1]?.nonce ?? '', by)).toBe(false);
  expect((await acts.lost(10)).map((each) => each.kept)).toEqual(['beginning']);
});

test('acts of commands are heard of, logged once, and listed when the database lost them', async () => {
  const { acts, lines, wentBack, check } = daemon();
  const commands = createActs(database.sql);
  const command = (what: string): NewAct => ({
    actor: 'command',
    person: 'Ana',
    what,
    asked: { path: { id: 'k' } },
    once: null,
  });
  const before = await begin(commands, command('api-keys revoke'));
  const long = await begin(commands, command('import'));
  await commands.end(before, 0, null, 0);
  await check();
  const done = () => lines.filter((line) => line.includes('"act.done"'));
  const logged = () => done().flatMap((line) => /"what":"([^"]+)"/.exec(line)?.[1] ?? []);
  expect(logged()).toEqual(['api-keys revoke']);
  // The daemon's own acts raise the numbers meanwhile.
  for (let n = 0; n < 3; n++) await acts.end(await begin(acts, halt('all')), 409, null, 0);
  const failed = await begin(commands, command('shares void'));
  await commands.end(failed, 1, null, 0);
  const halted = await begin(commands, command('halt'));
  await commands.end(halted, 0, null, 0);
  await commands.end(long, 3, null, 0);
  await check();
  await check();
  expect(logged()).toEqual(['api-keys revoke', 'import', 'halt']);
  expect(lines.map(acknowledgedIn)).toMatchObject([
    { nonce: before.nonce, actor: 'command', status: 0 },
    { nonce: long.nonce, status: 3 },
    { nonce: halted.nonce, status: 0 },
  ]);

  await loseActs(halted.id, long.id);
  const again = await begin(commands, command('resume'));
  await commands.end(again, 0, null, 0);
  wentBack();
  await check();
  await check();
  const lost = await acts.lost(10);
  expect(lost.map(({ what, kept }) => [what, kept]).sort()).toEqual([
    ['halt', 'nothing'],
    ['import', 'beginning'],
  ]);
  expect(logged()).toEqual(['api-keys revoke', 'import', 'halt', 'resume']);

  // A daemon that starts tells of the commands of the last day.
  await database.sql`update act set at = now() - interval '25 hours' where nonce = ${before.nonce}`;
  const other = daemon();
  await other.check();
  expect(other.lines.map(acknowledgedIn)).toMatchObject([{ what: 'resume' }]);
});

test('a check that Postgres does not answer is made again', async () => {
  const { acts, wentBack, check } = daemon();
  await acts.end(await begin(acts, halt('all')), 204, null, 0);
  await database.sql`delete from act`;
  await database.sql`alter table lost_act rename to moved`;
  wentBack();
  await expect(check()).rejects.toThrow();
  await database.sql`alter table moved rename to lost_act`;
  await check();
  expect(await acts.lost(10)).toHaveLength(1);
});

test('the log of a daemon that has ended tells the same acts', async () => {
  const { acts, lines } = daemon();
  await acts.end(await begin(acts, halt('creator:a')), 204, null, 0);
  await acts.end(await begin(acts, halt('creator:b')), 204, null, 0);
  await database.sql`delete from act where asked #>> '{body,scope}' = 'creator:b'`;
  const noise = ['', 'no JSON', '{"event":"payment.sent"}', '{"event":"x","of":"act.done"}'];
  expect(noise.map(acknowledgedIn)).toEqual([null, null, null, null]);
  const [line = ''] = lines;
  const cut = ['no JSON "act.done"', '{"event":"act.done"}', line.slice(0, 150), line.slice(150)];
  expect(cut.map(acknowledgedIn)).toEqual(cut.map(() => 'unreadable'));
  const read = lines.flatMap((each) => {
    const act = acknowledgedIn(each);
    return act === null || act === 'unreadable' ? [] : [act];
  });
  expect(read).toHaveLength(2);
  const lost = await acts.missing(read);
  expect(lost).toMatchObject([{ asked: { body: { scope: 'creator:b' } }, kept: 'nothing' }]);
});
