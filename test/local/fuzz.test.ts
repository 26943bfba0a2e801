// Fuzz: random instructions end in the same error or the same records and accounts, field by field,
// on the stand-in and on every compiled program that is present; known differences stand in one
// table with their reasons. Longer: npm run fuzz-venue.
import { expect, test } from 'vitest';
import { DIFFERENCES, reasonOf } from '../support/differences.ts';
import { playFuzz } from '../support/fuzz-play.ts';
import { playRuins } from '../support/fuzz-ruin.ts';
import { compiledPrograms, sayIfNone } from '../support/programs.ts';

sayIfNone('fuzz');
const DONE = [
  'placeAndTakePerpOrder',
  'placePerpOrder limit',
  'placePerpOrder auction',
  'placePerpOrder trigger',
  'cancelOrder',
  'fillPerpOrder',
  'settlePnl',
  'withdraw',
  'deposit',
  'transferDeposit',
  'updateUserDelegate',
  'settleFundingPayment',
  'updateFundingRate',
];

test('every known difference names its acts, its fields and a reason, and the table knows no other', () => {
  for (const { builds, acts, where, why } of DIFFERENCES) {
    expect(why.length).toBeGreaterThan(20);
    for (const named of [builds, acts, where]) expect(named.length).toBeGreaterThan(0);
  }
  const other = { act: 'withdraw', where: 'User.totalWithdraws', standIn: '1', program: '2' };
  expect(reasonOf('2024-06', other)).toBeNull();
});

test.each(compiledPrograms.map((file, at) => [file, at === 0 ? 250 : 150] as const))(
  'random instructions do the same on the stand-in and on %s',
  { timeout: 240_000 },
  (file, steps) => {
    const { real, acts, differences } = playFuzz(file, 1, steps);
    const unknown = differences.filter((each) => reasonOf(real.build.name, each) === null);
    expect(unknown.slice(0, 20)).toEqual([]);
    for (const name of DONE) expect(acts.get(name)?.done, name).toBeGreaterThan(0);
  },
);

const LIQUIDATED = [
  'liquidatePerp',
  'liquidateSpot',
  'liquidateBorrowForPerpPnl',
  'liquidatePerpPnlForDeposit',
  'resolveBankruptcy',
];
test.each(compiledPrograms)(
  'liquidations of every kind and both bankruptcies do the same on the stand-in and on %s',
  { timeout: 120_000 },
  (file) => {
    const { real, acts, differences } = playRuins(file, 1, 30);
    const unknown = differences.filter((each) => reasonOf(real.build.name, each) === null);
    expect(unknown.slice(0, 20)).toEqual([]);
    for (const name of LIQUIDATED) expect(acts.get(name)?.done, name).toBeGreaterThan(0);
  },
);
