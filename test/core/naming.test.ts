// Naming: what a further naming of a transaction changes in its sighting.
import { describe, expect, test } from 'vitest';
import type { Signature } from '../../src/core/ids.ts';
import {
  firstNamed,
  isUntold,
  isUntoldOfAny,
  type NamedSighting,
  namedAgain,
  type OpenSighting,
} from '../../src/core/naming.ts';
import type { Naming, Rumour } from '../../src/core/watch-ports.ts';

const RUMOUR: Rumour = { signature: 'sig' as Signature, blockIndex: 3, accounts: [], slot: 20 };
const naming = (by: Naming['by'], more: Partial<Naming> = {}): Naming => ({
  source: 'replay',
  by,
  nowMs: 100,
  ...more,
});
const sighting = (more: Partial<NamedSighting> = {}): NamedSighting => ({
  ...firstNamed(RUMOUR, naming('confirmed', { nowMs: 50 }), 70),
  ...more,
});
const again = (known: Partial<NamedSighting>, by: Naming['by'], more: Partial<Naming> = {}) =>
  namedAgain(sighting(known), RUMOUR, naming(by, more), 90);

test('a rumour names no slot and no index, and is read after what a history named', () => {
  const rumour = firstNamed(RUMOUR, naming('rumour'), 70);
  expect(rumour).toMatchObject({ rank: 2, namedSlot: null, blockIndex: null, namedFinal: false });
  expect(sighting()).toMatchObject({ rank: 1, namedSlot: 20, blockIndex: 3, namedFinal: false });
  const urgent = firstNamed({ ...RUMOUR, urgent: true }, naming('finalized'), 70);
  expect(urgent).toMatchObject({ rank: 0, namedFinal: true, status: 'wanted', dueMs: 70 });
});

describe('a transaction that is named again', () => {
  test('stays as it is when nothing better is said', () => {
    expect(again({}, 'confirmed')).toBeNull();
    expect(again({}, 'rumour')).toBeNull();
    expect(again({ status: 'finalized', readRevision: 5 }, 'finalized')).toBeNull();
    expect(again({ namedSlot: null, blockIndex: null, rank: 1 }, 'rumour')).toBeNull();
    // A sighting that no reading has ended is not read again for a later watch-list.
    expect(again({}, 'confirmed', { listedRevision: 6 })).toBeNull();
  });
  test('takes better evidence while it is open, and is due no later than before', () => {
    expect(again({}, 'finalized')).toMatchObject({ namedFinal: true, dueMs: 70, wantedMs: 50 });
    expect(again({ rank: 2, dueMs: 95 }, 'confirmed')).toMatchObject({ rank: 1, dueMs: 90 });
    expect(again({ namedSlot: null }, 'confirmed')).toMatchObject({ namedSlot: 20 });
    expect(again({ rank: 2 }, 'confirmed')).toMatchObject({ namedFinal: false });
    expect(again({ status: 'confirmed' }, 'finalized')).toMatchObject({ namedFinal: true });
    const final = again({ namedSlot: 19 }, 'finalized');
    expect(final).toMatchObject({ namedSlot: 20 });
  });
  test('learns its index in the block also when it is final', () => {
    const placed = again({ status: 'finalized', blockIndex: null }, 'confirmed');
    expect(placed).toMatchObject({ blockIndex: 3, status: 'finalized' });
  });
  test('is read again when it was given up, when that is asked, or by a later watch-list', () => {
    const anew = { status: 'wanted', attempts: 0, wantedMs: 100, readRevision: null, dueMs: 90 };
    const read = { status: 'finalized', attempts: 4, readRevision: 5 } as const;
    expect(again({ status: 'dropped' }, 'rumour')).toMatchObject(anew);
    expect(again({ status: 'unfound', absentMs: 60 }, 'rumour')).toMatchObject({ absentMs: null });
    expect(again(read, 'rumour', { again: true })).toMatchObject(anew);
    expect(again(read, 'confirmed', { listedRevision: 6 })).toMatchObject(anew);
    expect(again(read, 'confirmed', { listedRevision: 5 })).toBeNull();
  });
});

test('a stretch is not told while a named transaction in it is unread, or not read as final', () => {
  const untold = (more: Partial<OpenSighting>, slot: number | null = null) =>
    isUntold({ status: 'wanted', rank: 1, namedSlot: 20, ...more, slot }, 20);
  expect(untold({})).toBe(true);
  expect(untold({ namedSlot: null })).toBe(true);
  expect(untold({ namedSlot: 21 })).toBe(false);
  expect(untold({ rank: 2 })).toBe(false);
  expect(untold({ status: 'confirmed' }, 20)).toBe(true);
  expect(untold({ status: 'confirmed' }, 21)).toBe(false);
  expect(untold({ status: 'confirmed' }, null)).toBe(false);
});

test('a transaction of accounts that are not known leaves each account untold, unless it was noted later', () => {
  const untold = (status: OpenSighting['status'], notedMs: number, slot: number | null = null) =>
    isUntoldOfAny({ status, slot, notedMs }, 20, 100);
  expect([untold('wanted', 100), untold('wanted', 101)]).toEqual([true, false]);
  expect([untold('confirmed', 101, 20), untold('confirmed', 100, 21)]).toEqual([true, false]);
  expect(untold('confirmed', 100)).toBe(false);
});
