// Terms: a change names what it changes, and what it leaves out stays as it was.
import { expect, test } from 'vitest';
import {
  dearer,
  dearestBetween,
  sameTerms,
  type Terms,
  termsAfter,
  termsAt,
} from '../../src/core/terms.ts';
import { termsOf } from '../support/terms.ts';

const wallet = (name: string) => name as Terms['creatorWallet'];

test('the terms in force are the latest that began at or before the slot', () => {
  const terms: Terms[] = [termsOf(20, 'b', 2_000), termsOf(10, 'a', 1_000)];
  expect(termsAt(terms, 9)).toBeNull();
  expect(termsAt(terms, 19)?.shareBps).toBe(1_000);
  expect(termsAt(terms, 20)?.shareBps).toBe(2_000);
});

test('a change of the share alone keeps the mark, the minimum and everything else', () => {
  const whole = termsOf(10, 'a', 1_000, {
    basis: 'high_water_mark',
    minimumPayment: 5_000_000n,
    offCurve: true,
    expiresAfterMs: 90_000,
    capPerPeriod: 9_000_000n,
    periodSlots: 6_480_000,
    freeBeforeSlot: 900,
  });
  const changed = termsAfter(whole, { shareBps: 1_500 }, 30);
  expect(changed).toEqual({ ...whole, fromSlot: 30, shareBps: 1_500 });
  for (const change of [
    { creatorWallet: wallet('b') },
    { basis: 'per_close' },
    { minimumPayment: 0n },
    { offCurve: false },
    { expiresAfterMs: null },
    { profit: 'gross' },
    { hurdle: 5n },
    { capPerClose: 6n },
    { capPerPeriod: null },
    { periodSlots: null },
    { freeBeforeSlot: 0 },
  ] as const)
    expect(termsAfter(whole, change, 30)).toEqual({ ...whole, ...change, fromSlot: 30 });
  expect(sameTerms(whole, termsAfter(whole, {}, 30))).toBe(true);
});

test('another creator is said, never inferred from another wallet', () => {
  const first = termsOf(10, 'a', 1_000);
  expect(termsAfter(first, { creatorWallet: wallet('b') }, 30).markSlot).toBe(10);
  const another = { creatorWallet: wallet('b'), newCreator: true };
  const said = termsAfter(first, another, 30);
  expect(said.markSlot).toBe(30);
  // The same change a second time changes nothing.
  expect(termsAfter(said, another, 60).markSlot).toBe(30);
});

test('first terms need a creator and a share; a subscription that ended begins again', () => {
  expect(() => termsAfter(null, { shareBps: 5 }, 1)).toThrow(/creatorWallet and shareBps/);
  expect(() => termsAfter(null, { creatorWallet: wallet('a') }, 1)).toThrow();
  expect(termsAfter(null, { creatorWallet: wallet('a'), shareBps: 0 }, 7)).toEqual(
    termsOf(7, 'a', 0),
  );
  const ended = termsOf(10, 'a', 1_000, { ended: true });
  expect(termsAfter(ended, {}, 30)).toMatchObject({ ended: false, shareBps: 1_000, fromSlot: 30 });
  expect(termsAfter(ended, {}, 4)).toMatchObject({ fromSlot: 11 });
});

test('the dearest terms take most: by share, then by basis, then the later', () => {
  const cheap = termsOf(10, 'a', 500);
  const marked = termsOf(20, 'b', 2_000, { basis: 'high_water_mark' });
  const plain = termsOf(30, 'c', 2_000);
  const ended = termsOf(40, 'c', 9_000, { ended: true });
  expect(dearer(cheap, marked)).toBe(marked);
  expect(dearer(plain, marked)).toBe(plain);
  expect(dearer(null, cheap)).toBe(cheap);
  const all = [cheap, marked, plain, ended];
  expect(dearestBetween(all, 5, 9)).toBeNull();
  expect(dearestBetween(all, 5, 12)).toBe(cheap);
  expect(dearestBetween(all, 12, 45)).toBe(plain);
  expect(dearestBetween(all, 41, 50)).toBeNull();
});

test('first terms without a creator or a share are refused', () => {
  for (const change of [{}, { shareBps: 1_000 }, { creatorWallet: wallet('a') }])
    expect(() => termsAfter(null, change, 10)).toThrow(
      expect.objectContaining({ code: 'body_invalid' }),
    );
});

test('a change in the slot of the latest terms, or before it, begins one slot after them', () => {
  const latest = termsOf(10, 'a', 1_000);
  const begins = [9, 10, 11, 12].map((slot) => termsAfter(latest, {}, slot).fromSlot);
  expect(begins).toEqual([11, 11, 11, 12]);
});

test('terms are the same when every field is, whenever they began', () => {
  const one = termsOf(10, 'a', 1_000);
  expect(sameTerms(one, { ...one, fromSlot: 20, markSlot: 20 })).toBe(true);
  const others: Partial<Terms>[] = [
    { creatorWallet: wallet('b') },
    { shareBps: 999 },
    { basis: 'high_water_mark' },
    { minimumPayment: 1n },
    { offCurve: true },
    { expiresAfterMs: 0 },
    { profit: 'gross' },
    { hurdle: 1n },
    { capPerClose: 0n },
    { capPerPeriod: 0n },
    { periodSlots: 9 },
    { freeBeforeSlot: 1 },
    { ended: true },
  ];
  for (const other of others) expect(sameTerms(one, { ...one, ...other })).toBe(false);
});

test('of the same share, the terms without a mark are dearer; of the same basis, the later ones', () => {
  const plain = termsOf(10, 'a', 1_000);
  const marked = termsOf(20, 'b', 1_000, { basis: 'high_water_mark' });
  const later = termsOf(30, 'c', 1_000);
  for (const [one, other, found] of [
    [plain, marked, plain],
    [plain, later, later],
    [marked, later, later],
    [plain, termsOf(5, 'd', 1_001), termsOf(5, 'd', 1_001)],
  ] as const) {
    expect(dearer(one, other)).toEqual(found);
    expect(dearer(other, one)).toEqual(found);
  }
  // Of two equal terms that began in one slot, the first is returned.
  const twin = termsOf(10, 'e', 1_000);
  expect(dearer(plain, twin)).toBe(plain);
});

test('of the same share and basis, the terms whose rules take more are dearer, whichever are later', () => {
  const usual = termsOf(20, 'a', 1_000);
  const ranked: Partial<Terms>[] = [
    { profit: 'gross' },
    {},
    { hurdle: 1n },
    { hurdle: 2n },
    { hurdle: 2n, capPerClose: 9n },
    { hurdle: 2n, capPerClose: 8n },
    { hurdle: 2n, capPerClose: 8n, capPerPeriod: 7n, periodSlots: 3 },
    { hurdle: 2n, capPerClose: 8n, capPerPeriod: 7n, periodSlots: 4 },
    { hurdle: 2n, capPerClose: 8n, capPerPeriod: 7n },
    { hurdle: 2n, capPerClose: 8n, capPerPeriod: 7n, freeBeforeSlot: 30 },
  ];
  for (const [nth, more] of ranked.entries())
    for (const less of ranked.slice(nth + 1)) {
      const [dear, cheap] = [
        { ...usual, ...more },
        { ...usual, ...less, fromSlot: 30 },
      ];
      expect(dearer(dear, cheap)).toBe(dear);
      expect(dearer(cheap, dear)).toBe(dear);
    }
});

test('the dearest between two slots includes terms that began in the last of them', () => {
  const terms = [termsOf(10, 'a', 1_000), termsOf(20, 'b', 2_000)];
  expect(dearestBetween(terms, 10, 19)?.shareBps).toBe(1_000);
  expect(dearestBetween(terms, 10, 20)?.shareBps).toBe(2_000);
});
