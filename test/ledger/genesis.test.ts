// Genesis: a ledger takes the chain of the first node that fits its network, and keeps it.
import { expect, test } from 'vitest';
import { KNOWN_GENESIS } from '../../src/core/genesis.ts';
import { createGenesis, keptGenesis } from '../../src/ledger/genesis.ts';
import { createTestLedger } from '../support/ledger.ts';

const MAINNET = String(KNOWN_GENESIS.mainnet);
const DEVNET = 'EtWTRABZaYq6iMfeYKouRu166VU2xqa1wcaWoxPkrZBG';
const [ONE, OTHER] = ['1'.repeat(32), '1'.repeat(33)];

test('a local ledger takes no public cluster, and after a chain of its own no other one', async () => {
  await using t = await createTestLedger();
  await t.sql`delete from chain_identity`;
  const expected = createGenesis(t.sql, 'local');
  for (const each of [MAINNET, DEVNET]) expect(await expected(each)).toBeNull();
  expect(await keptGenesis(t.sql)).toBeNull();
  expect(await expected(ONE)).toBe(ONE);
  for (const each of [OTHER, DEVNET]) {
    expect(await expected(each)).toBe(ONE);
    expect(await createGenesis(t.sql, 'local')(each)).toBe(ONE);
  }
  expect(await keptGenesis(t.sql)).toBe(ONE);
});

test('a ledger of mainnet waits for mainnet', async () => {
  await using t = await createTestLedger();
  await t.sql`delete from chain_identity`;
  const expected = createGenesis(t.sql, 'mainnet');
  for (const each of [ONE, DEVNET]) expect(await expected(each)).toBe(MAINNET);
  expect(await keptGenesis(t.sql)).toBeNull();
  expect(await expected(MAINNET)).toBe(MAINNET);
  expect(await keptGenesis(t.sql)).toBe(MAINNET);
});
