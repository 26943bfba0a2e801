// Resync: what lots become when the account itself says what it holds, and what of them is known
// where a record or the state told no entry.
import { describe, expect, test } from 'vitest';
import {
  type Average,
  type Holdings,
  type Lot,
  type Movement,
  takeLots,
} from '../../src/core/lot.ts';
import { hiddenFrom, lotsAfter, resync } from '../../src/core/lots.ts';
import { NOTHING_HELD, termsOf } from '../support/terms.ts';

const OLD = termsOf(10, 'a', 1_000);
const NEW = termsOf(50, 'b', 2_000);
const TERMS = [OLD, NEW];

const lot = (base: bigint, entry: bigint | null, more: Partial<Lot> = {}): Lot => ({
  market: 0,
  position: 'long',
  terms: OLD,
  openedSlot: 20,
  base,
  entry,
  fee: 0n,
  ...more,
});
const holdings = (lots: Lot[], average: Average | null = null): Holdings => ({
  lots,
  averages: new Map(average === null ? [] : [[0, average]]),
  hidden: [30],
});
const held = (base: bigint, entry: bigint | null, market = 0) => [{ market, base, entry }];
/** What the account says in slot 60, after something that was hidden from slot 40 on. */
const seen = (given: Holdings, now: ReturnType<typeof held>) => resync(given, now, 40, 60, TERMS);
const added = (base: bigint, entry: bigint | null, more: Partial<Lot> = {}): Lot =>
  lot(base, entry, { terms: NEW, openedSlot: 40, ...more });

describe('takeLots', () => {
  const take = (lots: Lot[], baseClosed: bigint, position: Lot['position'] = 'long') =>
    takeLots(lots, { market: 0, position, baseClosed });

  test('leaves the rest of a lot with the rest of its entry and fees, rounded for the subscriber', () => {
    const whole = lot(3n, 100n, { fee: 10n });
    expect(take([whole], 1n)).toEqual({
      taken: [lot(1n, 33n, { fee: 4n })],
      left: [lot(2n, 67n, { fee: 6n })],
      unexplained: 0n,
    });
    expect(take([whole], 3n)).toEqual({ taken: [whole], left: [], unexplained: 0n });
    expect(take([whole], 0n)).toEqual({ taken: [], left: [whole], unexplained: 0n });
  });
  test('of a lot without an entry leaves one without an entry', () => {
    expect(take([lot(3n, null)], 1n)).toMatchObject({
      taken: [{ base: 1n, entry: null }],
      left: [{ base: 2n, entry: null }],
    });
  });
  test('drops lots of the other direction, and keeps those of other markets in their order', () => {
    const others = [lot(1n, 1n, { market: 1 }), lot(2n, 2n, { market: 2 })];
    const [first, second] = others as [Lot, Lot];
    expect(take([first, lot(4n, 4n), second], 3n, 'short')).toEqual({
      taken: [],
      left: others,
      unexplained: 3n,
    });
  });
});

describe('what the account holds', () => {
  test('is what was known: nothing was closed, and nothing opened', () => {
    const own = [lot(5n, 500n)];
    const { closed, holdings: after } = seen(
      holdings(own, { base: 5n, entry: 500n }),
      held(5n, 500n),
    );
    expect(closed).toEqual([]);
    expect(after.lots).toEqual(own);
    expect(after.averages.get(0)).toEqual({ base: 5n, entry: 500n });
    expect(after.hidden).toEqual([]);
  });
  test('is less: the youngest lots were closed', () => {
    const own = [lot(5n, 500n), lot(4n, 800n, { terms: NEW })];
    const { closed, holdings: after } = seen(
      holdings(own, { base: 9n, entry: 1_300n }),
      held(6n, 866n),
    );
    expect(closed).toEqual([lot(3n, 600n, { terms: NEW })]);
    expect(after.lots).toEqual([lot(5n, 500n), lot(1n, 200n, { terms: NEW })]);
  });
  test('is more: the rest was opened under the dearest terms, for what was paid beyond', () => {
    const { holdings: after, closed } = seen(
      holdings([lot(5n, 500n)], { base: 5n, entry: 500n }),
      held(7n, 900n),
    );
    expect(closed).toEqual([]);
    expect(after.lots).toEqual([lot(5n, 500n), added(2n, 400n)]);
    expect(after.averages).toEqual(new Map([[0, { base: 7n, entry: 900n }]]));
  });
  test('is more for less: the rest cost nothing, never less than that', () => {
    const { holdings: after } = seen(
      holdings([lot(5n, 500n)], { base: 5n, entry: 500n }),
      held(7n, 300n),
    );
    expect(after.lots.at(-1)).toEqual(added(2n, 0n));
  });
  test('is nothing: everything was closed, and no average is left', () => {
    const own = [lot(5n, 500n), lot(3n, 1n, { market: 1 })];
    const { closed, holdings: after } = seen(holdings(own, { base: 5n, entry: 500n }), []);
    expect(closed).toEqual(own);
    expect(after).toEqual({ lots: [], averages: new Map(), hidden: [] });
  });
  test('is the other direction: all was closed, and the new position is of its own', () => {
    const { closed, holdings: after } = seen(
      holdings([lot(5n, 500n)], { base: 5n, entry: 500n }),
      held(-2n, 220n),
    );
    expect(closed).toEqual([lot(5n, 500n)]);
    expect(after.lots).toEqual([added(2n, 220n, { position: 'short' })]);
  });
  test('is in a market where nothing was known', () => {
    const { holdings: after } = seen(holdings([]), held(-2n, 220n, 3));
    expect(after.lots).toEqual([added(2n, 220n, { market: 3, position: 'short' })]);
  });
});

describe('an entry', () => {
  const own = [lot(100n, 500_000n)];
  const known = { base: 100n, entry: 500_000n };
  test('that rounding alone explains was not traded anew; one unit more was', () => {
    for (const entry of [249_000n, 251_000n])
      expect(seen(holdings(own, known), held(50n, entry)).holdings.lots).toEqual([
        lot(50n, 250_000n),
      ]);
    for (const entry of [248_999n, 251_001n]) {
      const { closed, holdings: after } = seen(holdings(own, known), held(50n, entry));
      expect(closed).toEqual(own);
      expect(after.lots).toEqual([added(50n, entry)]);
    }
  });
  test('of a position that grew is no sign of a new trade, however much was paid', () => {
    const { closed, holdings: after } = seen(holdings(own, known), held(120n, 900_000n));
    expect(closed).toEqual([]);
    expect(after.lots).toEqual([...own, added(20n, 400_000n)]);
  });
  test('of a short position is compared in the same way', () => {
    const short = [lot(100n, 500_000n, { position: 'short' })];
    const was = holdings(short, { base: -100n, entry: 500_000n });
    expect(seen(was, held(-50n, 250_000n)).holdings.lots).toEqual([
      lot(50n, 250_000n, { position: 'short' }),
    ]);
    expect(seen(was, held(-50n, 300_000n)).closed).toEqual(short);
  });
  test('that either side does not tell shows no new trade, and stays untold', () => {
    for (const [average, now] of [
      [null, 9n],
      [{ base: 100n, entry: null }, 9n],
      [known, null],
    ] as const) {
      const { closed, holdings: after } = seen(holdings(own, average), held(100n, now));
      expect(closed).toEqual([]);
      expect(after.lots).toEqual(own);
      const more = seen(holdings(own, average), held(120n, now)).holdings.lots;
      expect(more).toEqual([own[0], added(20n, null)]);
    }
  });
});

test('the first slot with something unread is the first one after the last check', () => {
  const from = (...hidden: number[]) =>
    hiddenFrom({ ...holdings([]), hidden }, { slot: 60, afterSlot: 20 });
  expect([from(20, 30, 40), from(20), from(), from(70)]).toEqual([30, 60, 60, 60]);
});

describe('the average of a market', () => {
  const open = (slot: number, base: bigint, quote: bigint | null, more: object = {}): Movement =>
    ({
      kind: 'open',
      slot,
      market: 0,
      position: 'long',
      base,
      quote,
      fee: 0n,
      ...more,
    }) as Movement;
  const close = (slot: number, baseClosed: bigint): Movement => ({
    kind: 'close',
    slot,
    market: 0,
    position: 'long',
    baseClosed,
  });
  const played = (...moves: Movement[]) => lotsAfter(NOTHING_HELD, moves, TERMS);
  const average = (...moves: Movement[]) => played(...moves).averages.get(0);

  test('grows with openings and shrinks as the venue rounds', () => {
    expect(average(open(20, 3n, 100n))).toEqual({ base: 3n, entry: 100n });
    expect(average(open(20, 3n, 100n), open(21, 1n, 10n))).toEqual({ base: 4n, entry: 110n });
    expect(average(open(20, 3n, 100n), close(21, 1n))).toEqual({ base: 2n, entry: 67n });
    const short = open(20, 3n, 100n, { position: 'short' });
    expect(average(short, close(21, 1n))).toEqual({ base: -2n, entry: 67n });
  });
  test('is nothing after all of it, or more, was closed', () => {
    for (const closed of [3n, 4n])
      for (const quote of [100n, null])
        expect(average(open(20, 3n, quote), close(21, closed))).toEqual({ base: 0n, entry: 0n });
  });
  test('is not known while one opening told no entry, and begins anew in the other direction', () => {
    expect(average(open(20, 3n, null), open(21, 1n, 10n))).toEqual({ base: 4n, entry: null });
    expect(average(open(20, 3n, 100n), open(21, 1n, null))).toEqual({ base: 4n, entry: null });
    expect(average(open(20, 3n, null), close(21, 1n))).toEqual({ base: 2n, entry: null });
    const short = open(21, 1n, 10n, { position: 'short' });
    expect(average(open(20, 3n, null), short)).toEqual({ base: -1n, entry: 10n });
    expect(average(open(20, 3n, null), close(21, 3n), open(22, 1n, 9n))).toEqual({
      base: 1n,
      entry: 9n,
    });
  });
  test('of a close in a market where nothing was known stays unknown', () =>
    expect(average(close(20, 1n))).toBeUndefined());
  test('openings under the same terms are one lot, without an entry where one is untold', () => {
    expect(played(open(20, 3n, 100n), open(21, 1n, 10n)).lots).toEqual([lot(4n, 110n)]);
    expect(played(open(20, 3n, null), open(21, 1n, 10n)).lots).toEqual([lot(4n, null)]);
    expect(played(open(20, 3n, 100n), open(21, 1n, null)).lots).toEqual([lot(4n, null)]);
  });
  test('an opening in the other direction drops what must have been closed unseen', () => {
    const short = open(21, 1n, 10n, { position: 'short' });
    const elsewhere = open(20, 2n, 5n, { market: 1 });
    expect(played(open(20, 3n, 100n), elsewhere, short).lots).toEqual([
      lot(2n, 5n, { market: 1 }),
      lot(1n, 10n, { position: 'short', openedSlot: 21 }),
    ]);
  });
  test('a market that was shown to be flat is forgotten, and no other', () => {
    const elsewhere = open(20, 2n, 5n, { market: 1 });
    const flat: Movement = { kind: 'flat', slot: 22, market: 0 };
    const given = played(open(20, 3n, 100n), elsewhere, flat);
    expect(given.lots).toEqual([lot(2n, 5n, { market: 1 })]);
    expect([...given.averages.keys()]).toEqual([1]);
  });
  test('a reckoning that does not know what is held changes nothing', () => {
    const untold = { kind: 'reckoning', slot: 22, held: null, afterSlot: 20 } as Movement;
    const unknown: Movement = { kind: 'unknown', slot: 21 };
    const given = played(open(20, 3n, 100n), unknown, untold);
    expect(given.lots).toEqual([lot(3n, 100n)]);
    expect(given.hidden).toEqual([21]);
  });
  test('what moved up to the slot in which it was held is in it already', () => {
    const begun = { slot: 20, positions: held(3n, 100n) };
    expect(lotsAfter(begun, [open(20, 5n, 5n)], TERMS).lots).toEqual([
      lot(3n, 100n, { terms: null }),
    ]);
    expect(lotsAfter(begun, [open(21, 5n, 5n)], TERMS).averages.get(0)?.base).toBe(8n);
  });
});
