// Venue programs: the command that puts the compiled program in its place, as a person runs it,
// from a file and from a node.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { base58Text } from '../../src/core/ids.ts';
import {
  dumpProgram,
  identifyProgram,
  identifyVelocity,
  placeOf,
  presentPrograms,
  VELOCITY_BUILD,
} from '../../src/local/program-file.ts';
import { OLDER_BUILDS } from '../../src/venue/drift-v2/builds.ts';
import { PROGRAM_ID } from '../../src/venue/drift-v2/profile.ts';
import { velocityProgram } from '../support/programs.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'bailiff-programs-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ELF = Buffer.from([0x7f, 0x45, 0x4c, 0x46, 1, 2, 3, 0, 9]);
const sha256 = createHash('sha256').update(ELF).digest('hex');
const target = path.join(folder, 'deep', 'drift.so');
const run = (...args: string[]) =>
  spawnSync(process.execPath, ['src/local/venue-programs.ts', ...args], {
    cwd: path.join(import.meta.dirname, '../..'),
    env: { ...process.env, BAILIFF_DRIFT_PROGRAM: target, BAILIFF_VELOCITY_PROGRAM: '' },
    encoding: 'utf8',
  });

test('says where it looked and how to get the program, then puts a file there and says what it is', () => {
  const nothing = run();
  expect(nothing.status).toBe(1);
  expect(nothing.stdout).toContain(target);
  for (const build of OLDER_BUILDS) {
    expect(nothing.stdout).toContain(build.sha256);
    expect(nothing.stdout).toContain(build.published?.blob);
    expect(nothing.stdout).toContain(placeOf(build, target));
  }
  const given = path.join(folder, 'given.so');
  writeFileSync(given, ELF);
  const placed = run(given);
  expect(placed.stdout).toContain(`sha256 ${sha256}: no build that is known`);
  expect(placed.status).toBe(0);
  expect(readFileSync(target)).toEqual(ELF);
  writeFileSync(given, 'no program');
  expect(run(given)).toMatchObject({ status: 1 });
  expect(readFileSync(target)).toEqual(ELF);
});

test("Velocity's program has a place beside Drift's, and is put there by its venue's name", () => {
  const place = path.join(folder, 'deep', 'velocity.so');
  const nothing = run();
  expect(nothing.stdout).toContain(`${place}: no file.`);
  expect(nothing.stdout).toContain(VELOCITY_BUILD.sha256);
  expect(nothing.stdout).toContain(VELOCITY_BUILD.published.blob);
  const given = path.join(folder, 'given-velocity.so');
  writeFileSync(given, ELF);
  expect(run('--venue', 'velocity', given).stdout).toContain(
    `${place}: Velocity, ${ELF.length} bytes, sha256 ${sha256}: no build that is known.`,
  );
  expect(readFileSync(place)).toEqual(ELF);
  writeFileSync(given, 'no program');
  expect(run('--venue', 'velocity', given)).toMatchObject({ status: 1 });
  expect(readFileSync(place)).toEqual(ELF);
  const unknown = run('--venue', 'nowhere', given);
  expect(unknown).toMatchObject({ status: 1 });
  expect(unknown.stderr).toContain('--venue must be one of drift-v2, velocity; is nowhere.');
});

test.skipIf(velocityProgram === null)(
  "zeros behind the known build of Velocity's program are cut off",
  () => {
    const program = readFileSync(velocityProgram ?? '');
    const padded = identifyVelocity(Buffer.concat([program, Buffer.alloc(1_000)]));
    expect(padded.says).toContain(`${VELOCITY_BUILD.bytes} bytes`);
    expect(padded.says).toContain('the build of 2026-07');
  },
);

test('a program is dumped from a node without the zeros behind it', async () => {
  const dataAddress = Buffer.alloc(32, 7);
  const accounts: Record<string, Uint8Array> = {
    [PROGRAM_ID]: Buffer.concat([Buffer.from([2, 0, 0, 0]), dataAddress]),
    [base58Text(dataAddress)]: Buffer.concat([
      Buffer.from([3, 0, 0, 0]),
      Buffer.alloc(41),
      ELF,
      Buffer.alloc(100),
    ]),
  };
  const read = async (address: string) => accounts[address] ?? null;
  const dumped = await dumpProgram(PROGRAM_ID, read, base58Text);
  expect(Buffer.from(dumped.bytes)).toEqual(ELF);
  expect(dumped).toMatchObject({ sha256, build: null });
  await expect(dumpProgram(base58Text(dataAddress), read, base58Text)).rejects.toThrow(
    'no upgradeable program',
  );
  expect(() => identifyProgram(Buffer.from('text'))).toThrow('no compiled program');
});

test('each older build has a place of its own, and bytes of no known build take the main one', () => {
  const places = OLDER_BUILDS.map((build) => placeOf(build, target));
  expect(places[0]).toBe(target);
  expect(new Set(places).size).toBe(places.length);
  expect(placeOf(null, target)).toBe(target);
  const beside = path.join(folder, 'beside', 'drift.so');
  expect(presentPrograms(beside)).toEqual([]);
  mkdirSync(path.dirname(beside));
  for (const build of OLDER_BUILDS) writeFileSync(placeOf(build, beside), ELF);
  expect(presentPrograms(beside)).toEqual(OLDER_BUILDS.map((build) => placeOf(build, beside)));
});
