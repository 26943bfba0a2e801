// Fuzz: random instructions end in the same error or the same records and accounts, field by field,
// on the stand-in and on every compiled program that is present; known differences stand in one
// table with their reasons. Longer: npm run fuzz-venue.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { perpMarketAddress } from '../../src/local/drift/addresses.ts';
import { decodeAccount, discriminatorOf, idl } from '../../src/local/drift/layout.ts';
import { EXECUTED } from '../../src/local/drift/program.ts';
import { recognise } from '../../src/local/recognition.ts';
import { CALLS } from '../../src/venue/drift-v2/profile.ts';
import { DIFFERENCES, unexplained } from '../support/differences.ts';
import { playFuzz } from '../support/fuzz-play.ts';
import { playRuins } from '../support/fuzz-ruin.ts';
import type { Pair } from '../support/program-pair.ts';
import { compiledPrograms, sayIfNone } from '../support/programs.ts';

sayIfNone('fuzz');
/** By the name of the build: a history with its seed and steps in which everything comes up. */
const HISTORIES: Record<string, readonly [seed: number, steps: number]> = {
  '2024-06': [5, 250],
  '2023-12': [3, 150],
};
/**
 * Instructions that the product builds or decodes, and those that the stand-in executes beside
 * them.
 */
const USED = idl.instructions
  .map(({ name }) => name)
  .filter((name) => {
    const discriminator = Buffer.from(discriminatorOf(name)).toString('hex');
    return discriminator in CALLS || EXECUTED.includes(name);
  });

test('every known difference names its acts, its fields and a reason, and the table knows no other', () => {
  for (const { builds, acts, where, why } of DIFFERENCES) {
    expect(why.length).toBeGreaterThan(20);
    for (const named of [builds, acts, where]) expect(named.length).toBeGreaterThan(0);
  }
  const other = { act: 'withdraw', where: 'User.totalWithdraws', standIn: '1', program: '2' };
  expect(unexplained('2024-06', [{ ...other, nth: 1 }])).toHaveLength(1);
});

describe.each(compiledPrograms)('on %s', (file) => {
  const { name, lacks } = recognise(readFileSync(file));
  const [seed, steps] = HISTORIES[name] ?? [1, 250];
  /** Instructions that the program did in either history. */
  const executed = new Set<string>();
  const hold = (pair: Pair): void => {
    expect(unexplained(name, pair.differences).slice(0, 20)).toEqual([]);
    for (const each of pair.executed) executed.add(each);
  };

  test('random instructions do the same as on the stand-in', { timeout: 240_000 }, async () => {
    const pair = await playFuzz(file, seed, steps);
    hold(pair);
    // On 2024-06 the AMM's curve and its reference price move.
    const market = pair.real.cluster.bank.get(perpMarketAddress(0).toBase58());
    const { amm } = decodeAccount('PerpMarket', market?.data ?? new Uint8Array());
    expect(amm.curveUpdateIntensity).toBe(name === '2024-06' ? 130 : 0);
  });

  test(
    'liquidations of every kind and both bankruptcies do the same as on the stand-in',
    {
      timeout: 120_000,
    },
    async () => hold(await playRuins(file, 1, 30)),
  );

  test('the two histories did every instruction that is used or heard and that the build has', () => {
    const owed = USED.filter((each) => !lacks.includes(each));
    expect(owed.length).toBeGreaterThan(20);
    expect(owed.filter((each) => !executed.has(each))).toEqual([]);
  });
});
