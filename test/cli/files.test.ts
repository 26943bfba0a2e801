// Files: a command that is given a file it cannot use says why and what to do in one line, without
// a stack, and ends with exit code 2.
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Keypair } from '@solana/web3.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Place, runCommand } from '../support/command.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';

const NODE = 'http://127.0.0.1:9';
const folder = mkdtempSync(path.join(tmpdir(), 'bailiff-files-'));
let database: TestDatabase;
let place: Place;
beforeAll(async () => {
  database = await createDatabase();
  const [agent, tokens] = [Keypair.generate(), Keypair.generate()];
  await database.sql`
    insert into subscriber (subscriber_id, agent_wallet, agent_token_account)
    values ('ana', ${agent.publicKey.toBase58()}, ${tokens.publicKey.toBase58()})`;
  place = {
    database,
    world: { chain: { rpcUrl: NODE, wsUrl: NODE.replace('http', 'ws') } },
    settings: { secrets: { masterKey: randomBytes(32) } },
  };
  mkdirSync(path.join(folder, 'folder'));
  writeFileSync(path.join(folder, 'empty'), '');
  writeFileSync(path.join(folder, 'binary'), Buffer.from([0x1f, 0x8b, 8, 0, 0xff, 0xfe, 0, 10]));
  // Cannot be opened by any user, not even by root.
  symlinkSync('loop', path.join(folder, 'loop'));
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

/** The command with the word FILE, and what is said of an empty and of a binary file. */
const commands: readonly [line: string, empty: RegExp, binary: RegExp][] = [
  ['import FILE', /has no row/, /not text in UTF-8/],
  ['import FILE --from quantumvault', /has no table/, /not text in UTF-8/],
  ['keys import ana FILE', /64 bytes in base58/, /not text in UTF-8/],
  [`verify FILE --rpc ${NODE}`, /empty has no receipt/, /not text in UTF-8/],
  ['acts compare FILE', /no line of a daemon/, /no line of a daemon/],
];

test.each(commands)('%s', async (line, empty, binary) => {
  const cases: [string, RegExp][] = [
    ['missing', /missing cannot be read: there is no such file\. Check the path\.$/],
    ['empty/under-a-file', /cannot be read: there is no such file\. Check the path\.$/],
    ['folder', /folder cannot be read: it is a folder\. Name a file in it\.$/],
    ['loop', /loop cannot be read: ELOOP/],
    ['empty', empty],
    ['binary', binary],
  ];
  for (const [name, wanted] of cases) {
    const file = path.join(folder, name);
    const args = line.split(' ').map((word) => (word === 'FILE' ? file : word));
    const { code, out } = await runCommand(place, args);
    expect(out.trim(), name).toMatch(wanted);
    expect([code, out.trim().split('\n').length], out).toEqual([2, 1]);
  }
});

test('a log of warnings alone, in which no act can be, is not compared', async () => {
  const file = path.join(folder, 'warnings');
  writeFileSync(file, '{"level":40,"event":"app.stopping"}\n{"level":50,"event":"loop.failed"}\n');
  expect(await runCommand(place, ['acts', 'compare', file])).toMatchObject({
    code: 2,
    out: expect.stringMatching(/BAILIFF_LOG_LEVEL/),
  });
});

test('a log of a daemon without acts is compared, and lost none', async () => {
  const file = path.join(folder, 'log');
  writeFileSync(file, '{"level":30,"event":"postgres.ready"}\n');
  expect(await runCommand(place, ['acts', 'compare', file])).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^0 acknowledged acts/),
  });
});
