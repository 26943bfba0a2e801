// Wire: an entry of the gate stream comes back from JSON as it went in.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Address } from '../../src/core/ids.ts';
import { UNEXPLAINED } from '../../src/core/roster.ts';
import { ROSTER_STANDINGS, type RosterEntry } from '../../src/core/roster-entry.ts';
import {
  doubtsOf,
  entryOf,
  helloOf,
  markOf,
  markText,
  rulesOf,
  wireEvidenceOf,
  wireOf,
} from '../../src/core/wire.ts';

const json = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;
const evidence = fc.record({
  signature: fc.string() as fc.Arbitrary<never>,
  slot: fc.nat(),
  amount: fc.bigInt(0n, 2n ** 63n),
  what: fc.string(),
  owedThen: fc.bigInt(0n, 2n ** 63n),
});
const entry: fc.Arbitrary<RosterEntry> = fc.record({
  subscriberId: fc.string(),
  agentWallet: fc.string() as fc.Arbitrary<Address> as fc.Arbitrary<never>,
  standing: fc.constantFrom(...ROSTER_STANDINGS),
  outstanding: fc.bigInt(0n, 2n ** 63n),
  owedSinceMs: fc.option(fc.nat(2_000_000_000), { nil: null }),
  reason: fc.option(fc.string(), { nil: null }),
  evidence: fc.option(evidence, { nil: null }),
  revision: fc.bigInt(0n, 2n ** 63n),
});

test('any entry comes back as it was', () =>
  fc.assert(
    fc.property(entry, (given) => {
      expect(entryOf(json(wireOf(given)))).toEqual(given);
    }),
  ));

test('amounts and revisions are decimal text, and instants are ISO 8601', () => {
  const given = { amount: 12n, owedThen: 34n, signature: 'sig' as never, slot: 5, what: '12 USDC' };
  expect(wireEvidenceOf(given)).toEqual({ ...given, amount: '12', owedThen: '34' });
  expect(wireEvidenceOf(null)).toBeNull();
  const told = wireOf({
    subscriberId: 'ana',
    agentWallet: 'wallet' as Address,
    standing: ROSTER_STANDINGS[0],
    outstanding: 7n,
    owedSinceMs: 0,
    reason: null,
    evidence: null,
    revision: 9n,
  });
  expect(told).toMatchObject({
    outstanding: '7',
    revision: '9',
    owedSince: '1970-01-01T00:00:00.000Z',
  });
});

test('a standing that is not known is refused', () =>
  expect(() => entryOf({ standing: 'rich' } as never)).toThrow(/not a standing: rich/));

test('the rules come back as they were, with and without a limit', () => {
  for (const outstandingMost of [null, 5n]) {
    const rules = { staleAfterMs: 1, failOpen: true, outstandingMost, owedForMsMost: 3 };
    expect(rulesOf(json(helloOf(rules)))).toEqual(rules);
  }
});

describe('a mark', () => {
  const nonce = '0f8fad5b-d9cb-469f-a165-70867728950e';
  test('comes back as it was', () =>
    expect(markOf(markText({ revision: 12n, nonce }))).toEqual({ revision: 12n, nonce }));
  test('without its nonce, or with more around it, is none', () => {
    expect(markText({ revision: 12n, nonce: null })).toBe('12:');
    const others = ['12', '12:', `x12:${nonce}`, `12:${nonce}0`, `1234567890123456789:${nonce}`];
    for (const text of [...others, '', `:${nonce}`, `12:${nonce.slice(1)}`, `12:${'z'.repeat(36)}`])
      expect(markOf(text), text).toBeNull();
  });
});

test('doubts have the reason of their own, or the common one', () => {
  const beat = { revision: '1', asOfSlot: null, ageMs: null, doubt: null };
  const own = { subscriber: 'bo', code: 'gap', says: 'why' } as never;
  const doubts = doubtsOf({ ...beat, doubted: ['ana', 'bo'], doubts: [own] });
  expect([...doubts]).toEqual([
    ['ana', UNEXPLAINED],
    ['bo', { code: 'gap', says: 'why' }],
  ]);
  expect([...doubtsOf({ ...beat, doubted: ['ana'] })]).toEqual([['ana', UNEXPLAINED]]);
});
