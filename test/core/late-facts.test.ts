// Late facts: what may be recorded of a transaction beside a reckoning that has summed it already.
import { expect, test } from 'vitest';
import type { Fact, FactBody } from '../../src/core/fact.ts';
import type { Address, Signature } from '../../src/core/ids.ts';
import { admit, isSameStretch, lateSums, type Reckoned } from '../../src/core/late-facts.ts';
import { takeReading } from '../../src/core/reading.ts';
import { NO_COUNTERS } from '../../src/core/reckoning.ts';
import { LAST_ORDINAL } from '../../src/core/transaction.ts';

const USER = 'user' as Address;
const RECKONED: Reckoned = {
  subscriberId: 'ana',
  account: USER,
  slot: 60,
  afterSlot: 40,
  uptoSlot: 80,
};
function fact(slot: number, ordinal: number, body: object, more: Partial<Fact> = {}): Fact {
  return {
    subscriberId: 'ana',
    account: USER,
    signature: 'sig' as Signature,
    position: { slot, blockIndex: 0, ordinal },
    body: body as FactBody,
    ...more,
  };
}
const close = (slot: number, ordinal: number, netPnl: bigint, more: Partial<Fact> = {}) =>
  fact(slot, ordinal, { kind: 'close', netPnl }, more);
const tally = (slot: number, realised: bigint, funding = 0n) =>
  fact(slot, LAST_ORDINAL, { kind: 'tally', ...NO_COUNTERS, realised, funding });
const bodies = (facts: readonly Fact[], reckonings: readonly Reckoned[] = [RECKONED]) =>
  admit(facts, reckonings, () => false).facts.map(({ body }) => body);
const late = (body: object = {}) => ({ kind: 'unknown', why: 'reckoned', tradedAt: null, ...body });

test('the records of a reckoned stretch become one fact at the end of the transaction', () => {
  const facts = [close(50, 7, 5n), close(50, 9, -3n), close(50, 11, 4n), tally(50, 6n)];
  const admitted = admit(facts, [RECKONED], () => false);
  expect(admitted).toEqual({
    facts: [fact(50, LAST_ORDINAL, late({ tradedAt: 11, tradedFrom: 7 }))],
    late: [USER],
  });
});

test.each([
  ['after the first state', 41, true],
  ['in the slot of the first state', 40, false],
  ['in the slot of the second state', 80, true],
  ['after the second state', 81, false],
])('%s', (_, slot, isLate) => {
  const facts = [close(slot, 7, -1n), tally(slot, -1n)];
  expect(bodies(facts)).toEqual(isLate ? [late()] : facts.map(({ body }) => body));
});

test('a gain is owed from its place on only when that is before the reckoning', () => {
  expect(bodies([close(59, 7, 1n)])).toEqual([late({ tradedAt: 7 })]);
  expect(bodies([close(60, 7, 1n)])).toEqual([late()]);
  expect(bodies([close(59, 7, -1n)])).toEqual([late()]);
  expect(bodies([close(59, 7, 0n)])).toEqual([late()]);
  expect(bodies([fact(59, 7, { kind: 'open' })])).toEqual([late()]);
});

test('other accounts, other subscribers, and an account that was counted before keep their facts', () => {
  const other = close(50, 8, 2n, { account: 'other' as Address });
  const foreign = close(50, 8, 2n, { subscriberId: 'bo' });
  expect(bodies([close(50, 7, -1n), other, foreign])).toEqual([other.body, foreign.body, late()]);
  const facts = [close(50, 7, 1n)];
  expect(admit(facts, [RECKONED], () => true)).toEqual({ facts, late: [] });
  expect(admit(facts, [], () => true)).toEqual({ facts, late: [] });
});

test('what is no part of the sum stays, and a log that was cut stays as it is', () => {
  const outflow = fact(50, 3, { kind: 'outflow' });
  const funding = tally(50, 4n, 4n);
  expect(bodies([outflow, funding])).toEqual([outflow.body, funding.body]);
  expect(bodies([outflow, tally(50, 5n, 4n)])).toEqual([outflow.body, late()]);
  const cut = fact(50, LAST_ORDINAL, { kind: 'unknown', why: 'log_truncated', tradedAt: 9 });
  expect(bodies([cut])).toEqual([cut.body]);
  expect(bodies([close(50, 7, 1n), cut])).toEqual([cut.body]);
});

test('a reading takes back what it had told at confirmed, and counts nothing of a final one again', () => {
  const given = { isFinal: false, insist: false, reckonings: [RECKONED] };
  const facts = [close(50, 7, -1n), tally(50, -1n)];
  const reading = { slot: 50, finality: 'finalized', facts } as const;
  const known = facts.map((each) => ({ fact: each, finality: 'confirmed' as const }));
  expect(takeReading(known, reading, given)).toMatchObject({
    withdraw: [facts[0]],
    put: [{ body: late() }],
    late: [USER],
  });
  const final = facts.map((each) => ({ fact: each, finality: 'finalized' as const }));
  const again = takeReading(final, reading, { ...given, isFinal: true });
  expect(again).toEqual({ outcome: 'recorded', withdraw: [], put: facts });
});

test('the sums that the operator is told', () => {
  const facts = [close(50, 7, 5n), close(50, 8, -2n), tally(50, 7n, 3n)];
  expect(lateSums(facts, USER)).toEqual({ netPnl: 3n, realised: 4n });
  expect(lateSums(facts, 'other' as Address)).toEqual({ netPnl: 0n, realised: 0n });
});

test('two readings of a stretch are the same when all that the verdict depends on is', () => {
  const one = {
    told: NO_COUNTERS,
    perhaps: { amounts: [], untoldFees: 0 },
    tallies: 1,
    unknowns: 1,
    hiddenSinceMs: 7,
    complete: true,
    unreadable: [],
    deletedSlot: null,
  };
  expect(isSameStretch(one, { ...one })).toBe(true);
  const changes = [
    ...Object.keys(NO_COUNTERS).map((name) => ({ told: { ...NO_COUNTERS, [name]: 1n } })),
    { told: { ...NO_COUNTERS, quiet: 1 } },
    { told: { ...NO_COUNTERS, lossesMoved: 1 } },
    { perhaps: { amounts: [5n], untoldFees: 0 } },
    { perhaps: { amounts: [], untoldFees: 1 } },
    { tallies: 2 },
    { unknowns: 2 },
    { complete: false },
    { deletedSlot: 50 },
    { unreadable: ['sig' as Signature] },
  ];
  expect(changes).toHaveLength(14);
  for (const change of changes) expect(isSameStretch(one, { ...one, ...change })).toBe(false);
  // Of possible rewards both their sum and their number count, and their bound where it is lower.
  const rewards = (...amounts: bigint[]) => ({ ...one, perhaps: { amounts, untoldFees: 0 } });
  const bounded = (rewardsMost: bigint) => ({
    ...one,
    perhaps: { ...rewards(5n).perhaps, rewardsMost },
  });
  expect(isSameStretch(rewards(5n), rewards(6n))).toBe(false);
  expect(isSameStretch(rewards(5n), rewards(5n, -1n))).toBe(false);
  expect(isSameStretch(bounded(5n), bounded(4n))).toBe(false);
  expect(isSameStretch(bounded(5n), bounded(6n))).toBe(true);
});
