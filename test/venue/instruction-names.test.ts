// Instruction names: the instructions that the profiles list are those of the venues' programs, in
// both directions. The programs' names are recorded (npm run record-fixtures); where a program is
// present, the names in its bytes must be the recorded ones.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { DRIFT } from '../../src/local/drift/addresses.ts';
import { idl } from '../../src/local/drift/layout.ts';
import { instructionDiscriminator } from '../../src/venue/discriminator.ts';
import { DRIFT_PROFILE } from '../../src/venue/drift-v2/profile.ts';
import { INSTRUCTION_NAMES } from '../../src/venue/velocity/interface.ts';
import { VELOCITY_PROFILE } from '../../src/venue/velocity/profile.ts';
import {
  buildOf,
  hasInstruction,
  instructionNames,
  openProgram,
  presentPrograms,
} from '../support/instruction-names.ts';
import { sayIfNone, velocityProgram, velocityProgramFile } from '../support/programs.ts';

const RECORDED: Readonly<Record<string, readonly string[]>> = JSON.parse(
  readFileSync(path.join(import.meta.dirname, '../fixtures/instruction-names.json'), 'utf8'),
);
const PROFILES = { 'drift-v2': DRIFT_PROFILE, velocity: VELOCITY_PROFILE };
/** Anchor's own instructions, which keep a description of the program in an account. */
const DESCRIPTION_TAG = '40f4bc78a7e9690a';

sayIfNone('instruction names');
if (velocityProgram === null)
  process.stdout.write(
    `instruction names: no compiled Velocity program at ${velocityProgramFile}, so the recorded names alone are compared. npm run venue-programs says how to get the file.\n`,
  );

test('the profile of Velocity lists the recorded program and the calls of isolated positions', () => {
  const names = RECORDED['velocity 2026-07'] ?? [];
  expect(names.length).toBeGreaterThan(200);
  const isolated = [
    'deposit_into_isolated_perp_position',
    'transfer_isolated_perp_position_deposit',
    'withdraw_from_isolated_perp_position',
  ];
  expect([...INSTRUCTION_NAMES].sort()).toEqual([...names, ...isolated].sort());
  expect(VELOCITY_PROFILE.instructions).toEqual(
    new Set(INSTRUCTION_NAMES.map(instructionDiscriminator)),
  );
});

test('the profile of Drift lists its published interface and the recorded programs', () => {
  const published = idl.instructions.map(({ name }) =>
    name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
  );
  const builds = ['drift-v2 2024-06', 'drift-v2 2023-12'].map((build) => RECORDED[build] ?? []);
  expect(builds.map((each) => each.length > 130)).toEqual([true, true]);
  // The program of 2026-03 has three more, whose bytes are not public.
  const untold = [
    'admin_withdraw_from_insurance_fund_vault',
    'place_scale_orders',
    'update_perp_market_config',
  ];
  const names = [...published, ...builds.flat(), ...untold];
  expect(DRIFT_PROFILE.instructions).toEqual(
    new Set([...names.map(instructionDiscriminator), DESCRIPTION_TAG]),
  );
});

test.each(Object.values(PROFILES))('every call of $title is one of its instructions', (profile) => {
  const calls = Object.keys(profile.calls);
  expect(calls.length).toBeGreaterThan(15);
  expect(calls.filter((each) => !profile.instructions.has(each))).toEqual([]);
});

describe.each(presentPrograms)('the program $file', (program) => {
  test('has the instructions that are recorded, and no listed one beside them', () => {
    const world = openProgram(program);
    const { instructions, programId } = PROFILES[program.venue];
    const names = instructionNames(program, world);
    expect(names).toEqual(RECORDED[buildOf(program, world)]);
    const known = new Set(names.map(instructionDiscriminator));
    expect([...known].filter((each) => !instructions.has(each))).toEqual([]);
    expect(programId === DRIFT.toBase58()).toBe(program.venue === 'drift-v2');
    const beside = [...instructions].filter(
      (each) => !known.has(each) && hasInstruction(world, programId, each),
    );
    expect(beside).toEqual(program.venue === 'drift-v2' ? [DESCRIPTION_TAG] : []);
    world.release();
  });
});
