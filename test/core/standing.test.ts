// Standing: the rules of who is delinquent, and that hearing a history in another order changes no verdict.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Signature } from '../../src/core/ids.ts';
import { judge, type StandingEvent } from '../../src/core/standing.ts';

const at = (slot: number, blockIndex: number | null = 0, ordinal = 0) => ({
  slot,
  blockIndex,
  ordinal,
});
const owed = (slot: number, amount: bigint, blockIndex: number | null = 0): StandingEvent => ({
  kind: 'owed',
  at: at(slot, blockIndex),
  amount,
});
const settled = (slot: number, amount: bigint): StandingEvent => ({
  kind: 'settled',
  at: at(slot, null),
  amount,
});
const left = (slot: number, amount = 5n, blockIndex: number | null = 0): StandingEvent => ({
  kind: 'left',
  what: '5 units',
  at: at(slot, blockIndex),
  amount,
  signature: `sig${slot}` as Signature,
});

describe('delinquency', () => {
  test('withdrawing while owing', () => {
    const verdict = judge([owed(1, 10n), left(2)]);
    expect(verdict).toMatchObject({
      standing: 'delinquent',
      outstanding: 10n,
      evidence: { signature: 'sig2', owedThen: 10n },
    });
  });

  test('withdrawing before anything was owed is nobody’s business', () => {
    expect(judge([left(1), owed(2, 10n)])).toEqual({ standing: 'good', outstanding: 10n });
  });

  test('paying everything clears it', () => {
    expect(judge([owed(1, 10n), left(2), settled(3, 10n)])).toEqual({
      standing: 'good',
      outstanding: 0n,
    });
  });

  test('paying a part does not', () => {
    expect(judge([owed(1, 10n), left(2), settled(3, 9n)])).toMatchObject({
      standing: 'delinquent',
      outstanding: 1n,
    });
  });

  test('an old runaway does not count once everything was paid, even when something new is owed', () => {
    expect(judge([owed(1, 10n), left(2), settled(3, 10n), owed(4, 7n)])).toEqual({
      standing: 'good',
      outstanding: 7n,
    });
  });

  test('a withdrawal heard before the close that made the debt is judged right afterwards', () => {
    expect(judge([left(5)]).standing).toBe('good');
    expect(judge([left(5), owed(3, 10n)]).standing).toBe('delinquent');
  });

  test('inside one slot the order in the block decides', () => {
    expect(judge([left(5, 5n, 1), owed(5, 10n, 0)]).standing).toBe('delinquent');
    expect(judge([left(5, 5n, 0), owed(5, 10n, 1)]).standing).toBe('good');
  });

  test('where the order inside a slot is unknown, nobody is accused', () => {
    expect(judge([left(5, 5n, null), owed(5, 10n, 0)]).standing).toBe('good');
  });
});

test('the verdict does not depend on the order in which things were heard', () => {
  const event = fc.oneof(
    fc
      .record({ slot: fc.integer({ min: 1, max: 30 }), amount: fc.bigInt({ min: 1n, max: 100n }) })
      .map((e) => owed(e.slot, e.amount)),
    fc
      .record({ slot: fc.integer({ min: 1, max: 30 }), amount: fc.bigInt({ min: 1n, max: 100n }) })
      .map((e) => settled(e.slot, e.amount)),
    fc.integer({ min: 1, max: 30 }).map((slot) => left(slot)),
  );
  const history = fc.uniqueArray(event, {
    maxLength: 12,
    selector: (each) => `${each.kind}/${each.at.slot}`,
  });
  const both = history.chain((events) =>
    fc.tuple(fc.constant(events), fc.shuffledSubarray(events, { minLength: events.length })),
  );
  fc.assert(
    fc.property(both, ([one, other]) => {
      expect(judge(other)).toEqual(judge(one));
    }),
    { numRuns: 2_000 },
  );
});
