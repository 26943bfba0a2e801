// Venue commands: which program the chain runs, whether it is known, and what vouches for it. Acts
// are on record. A proof runs the whole contract suite, which takes 40 s of CPU.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { deployedHash } from '../../src/chain/program.ts';
import { proveProgram } from '../../src/local/prove.ts';
import { STAND_IN } from '../../src/venue/drift-v2/builds.ts';
import { openTestChain, type TestChain } from '../support/chain.ts';
import { runCommand } from '../support/command.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { compiledPrograms } from '../support/programs.ts';

let chain: TestChain;
let database: TestDatabase;
beforeAll(async () => {
  [chain, database] = await Promise.all([openTestChain(), createDatabase()]);
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
  await chain.server.close();
});
const bailiff = (...args: string[]) =>
  runCommand(
    {
      database,
      world: { chain: chain.server },
      settings: { secrets: { masterKey: new Uint8Array(32) } },
    },
    ['venue', ...args],
  );
const upgrade = (text: string): string => {
  const bytes = Buffer.from(text);
  chain.world.cluster.advance(2);
  chain.world.deploy(bytes);
  chain.world.cluster.advance(40);
  return deployedHash(bytes);
};

test('shows what runs, accepts and distrusts bytes with a reason, on record', async () => {
  expect(await bailiff('show')).toMatchObject({
    code: 0,
    out: expect.stringContaining(`Known: ${STAND_IN.name}.`),
  });
  const hash = upgrade('an upgrade');
  const unknown = await bailiff('show');
  expect(unknown.code).toBe(3);
  expect(unknown.out).toContain(hash);
  expect((await bailiff('accept', hash)).code).toBe(2);
  expect((await bailiff('accept', 'abc', '--reason', 'a test')).code).toBe(2);
  const accepted = await bailiff('accept', hash, '--reason', 'read the change');
  expect(accepted).toMatchObject({ code: 0, out: expect.stringContaining('The chain runs it') });
  expect(await bailiff('show')).toMatchObject({
    code: 0,
    out: expect.stringContaining('Known: accepted: read the change.'),
  });
  expect((await bailiff('distrust', hash, '--reason', 'wrong')).code).toBe(0);
  expect((await bailiff('distrust', hash, '--reason', 'wrong')).code).toBe(1);
  expect((await bailiff('distrust', STAND_IN.deployedHash, '--reason', 'wrong')).out).toContain(
    "can't be taken back",
  );
  expect((await bailiff('show')).code).toBe(3);
  const acts = await database.sql<{ what: string; status: number; reason: string }[]>`
    select what, status, asked #>> '{path,reason}' as reason from act order by act_id`;
  expect(acts.map(({ what, status, reason }) => [what, status, reason])).toContainEqual([
    'venue accept',
    0,
    'read the change',
  ]);
});

test('bytes on which the contract suite fails are not trusted', async () => {
  const hash = upgrade('\x7fELF, and no program');
  const refused = await bailiff('prove');
  expect(refused).toMatchObject({ code: 3, out: expect.stringContaining('It is not trusted.') });
  expect((await bailiff('show')).out).not.toContain('proven');
  expect((await bailiff('show')).out).toContain(hash);
}, 240_000);

// The whole suite takes a minute; npm run venue-programs says how to get the file.
test.runIf(compiledPrograms.length > 0)(
  'on a build that is known a part of the suite passes',
  async () => {
    const [file = ''] = compiledPrograms;
    const proof = await proveProgram(readFileSync(file), 'drift-v2', ['test/local/builds.test.ts']);
    expect(proof).toEqual({ build: '2024-06', tests: expect.any(Number), failed: [] });
    expect(proof.tests).toBeGreaterThan(3);
  },
  240_000,
);

test('without the suite the command says where to run it', async () => {
  await expect(proveProgram(Buffer.from('x'), 'drift-v2', ['test/none.test.ts'])).rejects.toThrow(
    'Use a checkout of the project',
  );
});
