// Sim: fixed histories, and faults put in on purpose: each must be caught within a stated number of
// seeds. npm run test:long plays more of them, and one on real Postgres; fresh histories are drawn
// by `npm run sim`.
import { expect, test } from 'vitest';
import { createDatabase } from '../support/database.ts';
import { LONG } from '../support/long.ts';
import { memoryBooks, type OpenBooks, postgresBooks } from './books.ts';
import type { Outcome } from './options.ts';
import { simulatePeer } from './peer.ts';
import { BLIND, caughtAt, SABOTAGES } from './sabotage.ts';
import { simulate } from './simulate.ts';

const FIXED = LONG ? 16 : 8;
const from = (first: number, count: number): number[] =>
  Array.from({ length: count }, (_, index) => first + index);

async function play(
  seeds: readonly number[],
  books: OpenBooks,
): Promise<Pick<Outcome, 'dead' | 'atVelocity'>> {
  const sum = { dead: 0, atVelocity: 0 };
  for (const seed of seeds) {
    const outcome = await simulate(seed, books).catch((thrown: unknown) => {
      throw new Error(`seed ${seed} (npm run sim -- --from ${seed} --seeds 1)`, { cause: thrown });
    });
    sum.dead += outcome.dead;
    sum.atVelocity += outcome.atVelocity;
  }
  return sum;
}

test(`${FIXED} histories keep every law`, async () => {
  const { dead, atVelocity } = await play(from(49, FIXED), memoryBooks);
  expect(dead).toBeGreaterThan(0);
  // A quarter of the histories play at both venues.
  expect(atVelocity).toBeGreaterThan(0);
}, 240_000);

test('under nonces they keep every law, with the whole proof of death deleted', async () => {
  // Histories 11 and 23: under a blockhash the same fault breaks a law in the first.
  for (const seed of [11, 23]) await simulate(seed, memoryBooks, BLIND, { guard: 'nonce' });
  await simulate(5, memoryBooks, {}, { guard: 'both' });
}, 240_000);

test.runIf(LONG)(
  'a history at both venues on real Postgres',
  async () => {
    await using database = await createDatabase();
    const { atVelocity } = await play([4], postgresBooks(database.sql));
    expect(atVelocity).toBeGreaterThan(0);
  },
  240_000,
);

test('a seed is a history: twice the same', async () => {
  expect(await simulate(77, memoryBooks)).toEqual(await simulate(77, memoryBooks));
});

// The seed that caught it last comes first; `npm run sim -- --sabotage` begins with seed 1.
test.each(Object.entries(SABOTAGES))(
  '%s is caught',
  async (_name, each) => {
    expect(await caughtAt(each, 'known')).not.toBeNull();
  },
  240_000,
);

test('the same weather makes a payer without these laws pay twice, and lose debts', async () => {
  let [doubled, lost] = [0, 0];
  for (const seed of from(1, 12)) {
    const outcome = await simulatePeer(seed);
    doubled += outcome.doubled;
    lost += outcome.lost;
  }
  expect(doubled).toBeGreaterThan(0);
  expect(lost).toBeGreaterThan(0);
});
