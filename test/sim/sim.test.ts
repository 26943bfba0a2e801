// Sim: fixed histories and fresh ones, and faults put in on purpose: each must be caught within a stated number of seeds.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { type Sabotage, simulate } from './simulate.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createDatabase();
});
afterAll(() => database[Symbol.asyncDispose]());

const FIXED = 25;
const FRESH = 5;

test(`${FIXED} fixed histories and ${FRESH} fresh ones keep every law`, async () => {
  const fresh = Date.now() % 1_000_000_000;
  const seeds = [
    ...Array.from({ length: FIXED }, (_, index) => index + 1),
    ...Array.from({ length: FRESH }, (_, index) => fresh + index),
  ];
  let deaths = 0;
  for (const seed of seeds) {
    const outcome = await simulate(seed, database.sql).catch((thrown: unknown) => {
      throw new Error(`seed ${seed} (npm run sim -- --from ${seed} --seeds 1)`, { cause: thrown });
    });
    deaths += outcome.dead;
  }
  expect(deaths).toBeGreaterThan(0);
}, 240_000);

const SABOTAGES: Record<string, { sabotage: Sabotage; within: number; prepare?: string }> = {
  'taking a confirmed close for a final one': {
    within: 30,
    sabotage: {
      ledger: (ledger) => ({
        ...ledger,
        sightings: {
          ...ledger.sightings,
          settle: (read) => ledger.sightings.settle({ ...read, finality: 'finalized' }),
        },
      }),
    },
  },
  'taking a confirmed payment for a final one': {
    within: 30,
    sabotage: {
      chain: (chain) => ({
        ...chain,
        look: async (signature) => {
          const look = await chain.look(signature);
          return look.seen === 'executed' ? { ...look, finality: 'finalized' } : look;
        },
      }),
    },
  },
  'putting stale debts back to pending without looking, and no index to stop a second payment': {
    within: 30,
    prepare: 'drop index payment_one_live',
    sabotage: {
      meddle: async (sql) =>
        void (await sql`update profit_share set status = 'pending', retry_at = null where status = 'processing'`),
      ledger: (ledger) => ({ ...ledger, payments: { ...ledger.payments, live: async () => null } }),
    },
  },
  'losing what was heard before it was read': {
    within: 10,
    sabotage: {
      ledger: (ledger) => ({ ...ledger, sightings: { ...ledger.sightings, note: async () => {} } }),
    },
  },
};

test.each(Object.entries(SABOTAGES))(
  '%s is caught',
  async (_name, { sabotage, within, prepare }) => {
    await using own = await createDatabase();
    if (prepare !== undefined) await own.sql.unsafe(prepare);
    let caught: { seed: number; law: string } | null = null;
    for (let seed = 1; seed <= within && caught === null; seed++) {
      await simulate(seed, own.sql, sabotage).catch((thrown: unknown) => {
        caught = { seed, law: thrown instanceof Error ? thrown.message : String(thrown) };
      });
    }
    expect(caught).not.toBeNull();
  },
  240_000,
);
