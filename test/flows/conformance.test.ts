// Conformance: the program on the local chain, its program data account, upgrades under a running
// watch, and the ledger's vouchers.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createProgramReader, deployedHash } from '../../src/chain/program.ts';
import type { OnUnknownProgram } from '../../src/core/conformance.ts';
import type { Log } from '../../src/core/ports.ts';
import { createConformance } from '../../src/flows/conformance.ts';
import { createVenuePrograms } from '../../src/ledger/venue-programs.ts';
import { programDataAddress } from '../../src/local/chain/loader.ts';
import { DRIFT, USDC } from '../../src/local/drift/addresses.ts';
import { PROVEN_ON, STAND_IN } from '../../src/venue/drift-v2/builds.ts';
import { openTestChain, type TestChain } from '../support/chain.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';

let chain: TestChain;
let database: TestDatabase;
beforeAll(async () => {
  [chain, database] = await Promise.all([openTestChain(), createDatabase()]);
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
  await chain.server.close();
});

const bytesOf = (text: string) => new Uint8Array(Buffer.from(text));
const HASH = deployedHash(bytesOf('first upgrade'));

function watch(onUnknown: OnUnknownProgram) {
  const said: { event: string; fields: Record<string, unknown> }[] = [];
  const note = (event: string, fields?: Record<string, unknown>) =>
    said.push({ event, fields: fields ?? {} });
  const log = { debug: note, info: note, warn: note, error: note } as unknown as Log;
  const program = createProgramReader(chain.connection, DRIFT.toBase58());
  let whole = 0;
  const conformance = createConformance(
    {
      program: {
        deployedIn: program.deployedIn,
        read: () => {
          whole++;
          return program.read();
        },
      },
      programs: createVenuePrograms(database.sql),
      venue: { provenOn: PROVEN_ON },
      log,
    },
    { onUnknownProgram: onUnknown },
  );
  return { conformance, said, whole: () => whole };
}
const upgrade = (text: string, zeros = 0): void => {
  chain.world.cluster.advance(3);
  chain.world.deploy(Buffer.concat([bytesOf(text), Buffer.alloc(zeros)]));
  chain.world.cluster.advance(3);
};

test('an upgrade is noticed by its slot, told once, and halts signing until somebody vouches for the bytes', async () => {
  const { conformance, said, whole } = watch('halt');
  expect(conformance.state()).toEqual({ state: 'unread' });
  expect(conformance.objection()?.code).toBe('venue_program_unread');
  await conformance.look();
  expect(conformance.state()).toMatchObject({ state: 'known', as: STAND_IN.name });
  expect(conformance.objection()).toBeNull();
  await conformance.look();
  // As long as the slot stays, the bytes are not asked for again.
  expect(whole()).toBe(1);
  expect(said).toEqual([]);

  upgrade('first upgrade', 64);
  await conformance.look();
  await conformance.look();
  expect(whole()).toBe(2);
  expect(conformance.state()).toMatchObject({ state: 'unknown', hash: HASH });
  expect(conformance.objection()?.code).toBe('venue_program_unknown');
  expect(said.map((each) => each.event)).toEqual([
    'venue.program_changed',
    'venue.program_unknown',
  ]);
  expect(said[0]?.fields).toMatchObject({ hash: HASH, before: STAND_IN.deployedHash });

  const programs = createVenuePrograms(database.sql);
  await programs.vouch(HASH, 'accepted', 'read the change');
  await conformance.look();
  expect(conformance.state()).toMatchObject({ state: 'known', as: 'accepted: read the change' });
  expect(conformance.objection()).toBeNull();
  expect(await programs.withdraw(HASH)).toBe(true);
  expect(await programs.withdraw(HASH)).toBe(false);
  await conformance.look();
  expect(conformance.objection()?.code).toBe('venue_program_unknown');
  await programs.vouch(HASH, 'proven', 'all tests');
});

test('a program that changed while no daemon ran is reported at the next start', async () => {
  upgrade('second upgrade');
  const { conformance, said } = watch('tell');
  await conformance.look();
  expect(said.map((each) => each.event)).toEqual([
    'venue.program_changed',
    'venue.program_unknown',
  ]);
  expect(said[0]?.fields).toMatchObject({ before: HASH });
  expect(conformance.state().state).toBe('unknown');
  // With `tell` payments go on.
  expect(conformance.objection()).toBeNull();
  // The bytes that were proven before are known as soon as they are back.
  upgrade('first upgrade');
  await conformance.look();
  expect(conformance.state()).toMatchObject({ state: 'known', as: 'proven: all tests' });
});

test('an address without an upgradeable program is refused by name, and the known state stays', async () => {
  const none = createProgramReader(chain.connection, USDC.toBase58());
  await expect(none.read()).rejects.toThrow(programDataAddress(USDC.toBase58()));
  const { conformance } = watch('halt');
  await conformance.look();
  chain.world.mischief.failing.set('getAccountInfo', 1);
  await expect(conformance.look()).rejects.toThrow();
  expect(conformance.objection()).toBeNull();
});

test('a node that is behind and shows the program before the upgrade lets nothing be signed', async () => {
  const { conformance } = watch('halt');
  await conformance.look();
  expect(conformance.objection()).toBeNull();
  const { cluster } = chain.world;
  const before = cluster.bank.get(programDataAddress(DRIFT.toBase58()));
  upgrade('third upgrade');
  await conformance.look();
  expect(conformance.objection()?.code).toBe('venue_program_unknown');
  cluster.put(programDataAddress(DRIFT.toBase58()), before);
  cluster.advance(3);
  await conformance.look();
  expect(conformance.objection()?.code).toBe('venue_program_unknown');
});
