// Roster table: behaves like a map of objects under every sequence of puts, look-ups and changes.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { RosterEntry } from '../../src/core/roster-entry.ts';
import { createRosterTable } from '../../src/core/roster-table.ts';

const entryOf = (n: number, revision: bigint, owed: bigint): RosterEntry => ({
  subscriberId: `s${n}`,
  agentWallet: `wallet-of-${n}`,
  standing: owed > 5n ? 'delinquent' : 'good',
  outstanding: owed,
  owedSinceMs: owed === 0n ? null : Number(revision),
  reason: owed > 5n ? 'ran' : null,
  evidence: null,
  revision,
});

test('any series of puts and look-ups, also across growth and loading', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 0, max: 400 }), fc.bigInt({ min: 0n, max: 9n })), {
        maxLength: 1_500,
      }),
      fc.nat(1_500),
      (puts, loadedAt) => {
        const table = createRosterTable();
        const known = new Map<string, RosterEntry>();
        for (const [index, [n, owed]] of puts.entries()) {
          const entry = entryOf(n, BigInt(index), owed);
          table.put(entry);
          known.set(entry.subscriberId, entry);
          if (index === loadedAt) table.loaded();
        }
        expect(table.size).toBe(known.size);
        for (const entry of known.values()) {
          const row = table.rowOf(entry.subscriberId);
          expect(table.entry(row)).toEqual(entry);
          expect(table.rowOf(entry.agentWallet)).toBe(row);
        }
        for (const stranger of [
          '',
          's',
          's999',
          'wallet-of-',
          'wallet-of-4000',
          '\u00e9',
          'x'.repeat(300),
        ])
          expect(table.rowOf(stranger)).toBe(-1);
      },
    ),
  );
});

test('a text that is not ASCII is refused, and nothing of it is kept', () => {
  const table = createRosterTable();
  const entry = entryOf(1, 1n, 0n);
  expect(() => table.put({ ...entry, subscriberId: 'ü' })).toThrow(RangeError);
  expect(() => table.put({ ...entry, agentWallet: 'w'.repeat(256) })).toThrow(RangeError);
  table.put(entry);
  expect(table.size).toBe(1);
  expect(table.entry(table.rowOf('s1'))).toEqual(entry);
});

test('the longest id, and the last character of ASCII, are kept', () => {
  const table = createRosterTable();
  const subscriberId = `\u007f${'w'.repeat(254)}`;
  table.put({ ...entryOf(2, 1n, 0n), subscriberId });
  expect(table.entry(table.rowOf(subscriberId)).subscriberId).toBe(subscriberId);
});

test('everybody loaded at once is found, changes, and is joined by others', () => {
  const table = createRosterTable();
  for (let n = 0; n < 5_000; n++) table.load(entryOf(n, BigInt(n), BigInt(n % 7)));
  table.loaded();
  expect(table.size).toBe(5_000);
  for (let n = 4_990; n < 6_000; n++) table.put(entryOf(n, BigInt(n) + 9n, 0n));
  expect(table.size).toBe(6_000);
  for (const n of [0, 1, 4_989])
    expect(table.entry(table.rowOf(`s${n}`))).toEqual(entryOf(n, BigInt(n), BigInt(n % 7)));
  for (const n of [4_990, 5_999])
    expect(table.entry(table.rowOf(`wallet-of-${n}`))).toEqual(entryOf(n, BigInt(n) + 9n, 0n));
});
