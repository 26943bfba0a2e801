// Clearance: which outflows a permission covers, and what a subscriber is told otherwise.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Clearance,
  type ClearedOutflow,
  type FundsChange,
  spend,
  unspent,
  whyBlocked,
} from '../../src/core/clearance.ts';
import type { Address, Signature } from '../../src/core/ids.ts';
import { USDC } from '../../src/core/token.ts';
import { ERROR_CLASSES, type TroubleCode } from '../../src/core/trouble.ts';

const place = (
  slot: number,
  blockIndex: number | null,
  ordinal: number,
  signature = `${slot}/${blockIndex}`,
): ClearedOutflow['at'] => ({ slot, blockIndex, ordinal, signature: signature as Signature });

/** The keys of outflows that are cleared completely. */
const clearedOutflows = (
  clearances: readonly Clearance[],
  outflows: readonly ClearedOutflow[],
): Set<string> => {
  const cleared = spend(clearances, outflows).cleared;
  const whole = outflows.filter((each) => cleared.get(each.key) === each.amount);
  return new Set(whole.map(({ key }) => key));
};
const clearance = (
  id: string,
  grantedSlot: number,
  amount: bigint | null,
  untilSlot = grantedSlot + 10,
): Clearance => ({
  id,
  purpose: amount === null ? 'close' : 'withdraw',
  amount,
  grantedSlot,
  untilSlot,
  trades: [],
});
const outflow = (key: string, slot: number, amount: bigint, isQuote = true): ClearedOutflow => ({
  key,
  at: { slot, blockIndex: null, ordinal: 0 },
  amount,
  mint: isQuote ? USDC.mint : null,
});

test('covers what was asked for, in its time, once', () => {
  const given = [clearance('a', 10, 100n)];
  expect([...clearedOutflows(given, [outflow('x', 10, 60n), outflow('y', 20, 40n)])]).toEqual([
    'x',
    'y',
  ]);
  expect([...clearedOutflows(given, [outflow('x', 10, 60n), outflow('y', 11, 41n)])]).toEqual([
    'x',
  ]);
  expect([...clearedOutflows(given, [outflow('x', 9, 1n), outflow('y', 21, 1n)])]).toEqual([]);
  expect([...clearedOutflows(given, [outflow('x', 12, 1n, false)])]).toEqual([]);
});

test('one for closing covers everything in its time, in any token', () => {
  const given = [clearance('a', 10, null)];
  expect([
    ...clearedOutflows(given, [outflow('x', 12, 10n ** 12n), outflow('y', 13, 5n, false)]),
  ]).toEqual(['x', 'y']);
});

test('covers an outflow up to its amount, and the excess is judged', () => {
  const given = [clearance('a', 10, 100n), clearance('b', 11, 20n)];
  const left = [outflow('x', 12, 90n), outflow('y', 13, 50n)];
  expect([...spend(given, left).cleared]).toEqual([
    ['x', 90n],
    ['y', 30n],
  ]);
});

test('the oldest grant is used up first, then by id; of two outflows in one slot the one by key', () => {
  // The grant that ends in slot 12 must be used for the outflow in slot 12, or the one in slot 20
  // lacks a grant.
  const given = [clearance('b', 11, 60n, 30), clearance('a', 10, 70n, 12)];
  const left = [outflow('x', 12, 70n), outflow('y', 20, 60n)];
  for (const grants of [given, [...given].reverse()])
    expect([...spend(grants, left).cleared]).toEqual([
      ['x', 70n],
      ['y', 60n],
    ]);
  const twins = [clearance('a', 10, 70n, 12), clearance('b', 10, 60n, 30)];
  for (const grants of [twins, [...twins].reverse()])
    expect([...spend(grants, left).cleared]).toEqual([
      ['x', 70n],
      ['y', 60n],
    ]);
  const renamed = [clearance('b', 10, 70n, 12), clearance('a', 10, 60n, 30)];
  for (const grants of [renamed, [...renamed].reverse()])
    expect([...spend(grants, left).cleared]).toEqual([['x', 70n]]);
  const together = [outflow('d', 12, 50n), outflow('c', 12, 50n)];
  expect([...spend([clearance('a', 10, 60n)], together).cleared]).toEqual([
    ['c', 50n],
    ['d', 10n],
  ]);
});

test('what is unspent is what clearances to withdraw that token, and still last, have left', () => {
  const given = [
    clearance('a', 10, 100n),
    clearance('b', 15, 40n),
    clearance('closes', 10, null, 99),
    { ...clearance('other', 15, 7n), mint: 'another mint' as Address },
  ];
  const { left } = spend(given, [outflow('x', 12, 70n)]);
  expect(unspent(given, left, USDC.mint, 16)).toBe(70n);
  expect(unspent(given, left, USDC.mint, 20)).toBe(70n);
  expect(unspent(given, left, USDC.mint, 21)).toBe(40n);
  expect(unspent(given, left, USDC.mint, 26)).toBe(0n);
  expect(unspent(given, left, 'another mint' as Address, 16)).toBe(7n);
});

test('an outflow without any clearance is not named at all', () => {
  expect([...spend([], [outflow('x', 1, 5n)]).cleared]).toEqual([]);
  const used = [outflow('x', 12, 100n), outflow('y', 13, 5n)];
  expect([...spend([clearance('a', 10, 100n)], used).cleared]).toEqual([['x', 100n]]);
});

test('one for closing covers nothing behind the trade that ends it', () => {
  const trades = [place(13, 4, 200, 'trade')];
  const given = [{ ...clearance('a', 10, null), trades }];
  const at = (key: string, where: ClearedOutflow['at']) => ({ ...outflow(key, 0, 5n), at: where });
  const left = [
    at('a block before', place(12, 9, 300)),
    at('before in the block', place(13, 3, 300)),
    at('before in its transaction', place(13, 4, 100, 'trade')),
    at('without a told place', place(13, null, 0)),
    at('behind in its transaction', place(13, 4, 300, 'trade')),
    at('behind in the block', place(13, 5, 0)),
    at('a block later', place(14, 0, 0)),
  ];
  expect([...clearedOutflows(given, left)].sort()).toEqual([
    'a block before',
    'before in its transaction',
    'before in the block',
    'without a told place',
  ]);
});

test('of several trades in the first block, each one ends a clearance to close', () => {
  const trades = [place(13, null, 200, 'one'), place(13, null, 200, 'other')];
  const given = [{ ...clearance('a', 10, null), trades }];
  for (const signature of ['one', 'other']) {
    const behind = { ...outflow('x', 0, 5n), at: place(13, null, 300, signature) };
    expect([...clearedOutflows(given, [behind])]).toEqual([]);
  }
});

describe('what stays behind', () => {
  const change = (at: ClearedOutflow['at'], amount: bigint | null) => ({ at, amount });
  const holding = (settled: bigint, ...changes: FundsChange[]): Clearance => ({
    ...clearance('a', 10, 1_000n, 99),
    funds: { settled, changes },
  });
  const leaving = (amount: bigint, at = place(20, 5, 100, 'x')) => ({
    ...outflow('x', 0, amount),
    at,
  });
  const covered = (given: Clearance, left: readonly ClearedOutflow[], owed: bigint) =>
    spend([given], left, () => owed).cleared;
  const whole = change(place(20, 5, 900, 'x'), -600n);

  test('an outflow is covered as far as as much stays as is owed', () => {
    const lost = change(place(15, 0, 900, 'lost'), -400n);
    const won = change(place(16, 0, 900, 'won'), 300n);
    const given = holding(1_000n, lost, won, whole);
    expect(covered(given, [leaving(600n)], 300n).get('x')).toBe(600n);
    expect(covered(given, [leaving(600n)], 330n).get('x')).toBe(570n);
    expect(covered(given, [leaving(600n)], 901n).has('x')).toBe(false);
  });

  test('what happens after the outflow changes nothing, and neither does the order of hearing', () => {
    const later = change(place(20, 6, 900, 'later'), -400n);
    const far = change(place(21, 0, 900, 'far'), -400n);
    for (const changes of [
      [whole, later, far],
      [far, later, whole],
    ])
      expect(covered(holding(900n, ...changes), [leaving(600n)], 300n).get('x')).toBe(600n);
  });

  test('where the order in a slot is not told, only a gain counts', () => {
    const loss = change(place(20, null, 900, 'loss'), -400n);
    const gain = change(place(20, null, 900, 'gain'), 30n);
    expect(covered(holding(900n, loss, whole), [leaving(600n)], 300n).get('x')).toBe(600n);
    expect(covered(holding(900n, gain, whole), [leaving(600n)], 330n).get('x')).toBe(600n);
    expect(covered(holding(900n, whole), [leaving(600n)], 330n).get('x')).toBe(570n);
  });

  test('nothing is covered behind a transaction that does not tell what it changed', () => {
    const unread = change(place(19, 0, 900, 'unread'), null);
    expect(covered(holding(9_000n, unread, whole), [leaving(600n)], 1n).has('x')).toBe(false);
    const after = change(place(21, 0, 900, 'unread'), null);
    expect(covered(holding(9_000n, after, whole), [leaving(600n)], 1n).get('x')).toBe(600n);
  });

  test('several outflows of one transaction are covered together, by several clearances as well', () => {
    const second = { ...outflow('y', 0, 400n), at: place(20, 5, 200, 'x') };
    const both = change(place(20, 5, 900, 'x'), -1_000n);
    const given = holding(1_040n, both);
    const cleared = covered(given, [second, leaving(600n)], 100n);
    expect([cleared.get('x'), cleared.get('y')]).toEqual([600n, 340n]);
    const small = { ...given, amount: 500n };
    const more = { ...small, id: 'b' };
    const shared = spend([small, more], [leaving(600n), second], () => 100n);
    expect([shared.cleared.get('x'), shared.cleared.get('y')]).toEqual([600n, 340n]);
    expect([...shared.left]).toEqual([
      ['a', 0n],
      ['b', 60n],
    ]);
  });

  test('of two outflows of one transaction the first call’s is covered first, whatever their keys', () => {
    const first = { ...leaving(600n), key: 'z' };
    const second = { ...outflow('b', 0, 400n), at: place(20, 5, 200, 'x') };
    const both = change(place(20, 5, 900, 'x'), -1_000n);
    const cleared = covered(holding(1_040n, both), [second, first], 100n);
    expect([cleared.get('z'), cleared.get('b')]).toEqual([600n, 340n]);
  });

  test('several clearances together cover no more of one outflow than may leave', () => {
    const given = { ...holding(940n, whole), amount: 500n };
    const shared = spend([given, { ...given, id: 'b' }], [leaving(600n)], () => 400n);
    expect(shared.cleared.get('x')).toBe(540n);
    expect([...shared.left]).toEqual([
      ['a', 0n],
      ['b', 460n],
    ]);
  });

  test('what left in another token in the same transaction does not count as still there', () => {
    const sol = { ...outflow('y', 0, 900n), mint: null, at: place(20, 5, 200, 'x') };
    expect(covered(holding(900n, whole), [leaving(600n), sol], 330n).get('x')).toBe(570n);
  });
});

test('does not depend on the order in which anything was heard, and never covers more than was granted', () => {
  const grants = fc.uniqueArray(
    fc.record({
      id: fc.string({ minLength: 1 }),
      slot: fc.integer({ min: 0, max: 30 }),
      amount: fc.bigInt({ min: 1n, max: 50n }),
    }),
    { maxLength: 5, selector: (each) => each.id },
  );
  const flows = fc.uniqueArray(
    fc.record({
      key: fc.string({ minLength: 1 }),
      slot: fc.integer({ min: 0, max: 40 }),
      amount: fc.bigInt({ min: 1n, max: 50n }),
    }),
    { maxLength: 8, selector: (each) => each.key },
  );
  fc.assert(
    fc.property(grants, flows, (some, others) => {
      const given = some.map((each) => clearance(each.id, each.slot, each.amount));
      const left = others.map((each) => outflow(each.key, each.slot, each.amount));
      const cleared = clearedOutflows(given, left);
      expect(clearedOutflows([...given].reverse(), [...left].reverse())).toEqual(cleared);
      const total = left
        .filter((each) => cleared.has(each.key))
        .reduce((sum, each) => sum + each.amount, 0n);
      expect(total <= given.reduce((sum, each) => sum + (each.amount ?? 0n), 0n)).toBe(true);
    }),
  );
});

test('every kind of trouble is a sentence that says what to do', () => {
  for (const each of [...ERROR_CLASSES, null]) {
    const said = whyBlocked(
      [{ ...USDC, amount: 4_454_983n }],
      each === null ? null : { class: each, code: 'expired', detail: '' },
    );
    expect(said).toContain('4.454983 USDC');
    expect(said).toMatch(/(ask again|Ask again|Contact your platform)/);
  }
});

test('each kind of trouble asks for what mends it', () => {
  const said = (each: (typeof ERROR_CLASSES)[number]) =>
    whyBlocked([{ ...USDC, amount: 1n }], { class: each, code: 'expired', detail: '' });
  expect(said('needs_sol')).toContain('Add SOL to your agent wallet');
  expect(said('needs_authorisation')).toContain('the key of your agent wallet');
  expect(said('retry_when_healthier')).toContain('Close or reduce a position');
  for (const each of ['books_behind', 'operator', 'permanent'] as const)
    expect(said(each)).toContain('give this code: expired');
  for (const each of ['retry_soon', 'unexpected', 'accumulating'] as const)
    expect(said(each)).toContain('It is being paid now');
});

test('a pause of settlements is not told as a pause of withdrawals', () => {
  const said = (code: TroubleCode) =>
    whyBlocked([{ ...USDC, amount: 1n }], { class: 'venue_paused', code, detail: '' });
  const WITHDRAWALS = 'Drift has paused withdrawals';
  for (const code of ['withdrawals_paused', 'venue_101', 'venue_6149'] as const)
    expect(said(code)).toContain(WITHDRAWALS);
  for (const code of ['venue_6158', 'venue_6024'] as const) {
    expect(said(code)).not.toContain(WITHDRAWALS);
    expect(said(code)).toContain('paused the settling of profit');
    expect(said(code)).toContain('Deposit and ask again');
  }
});

test("the venue's own limit is no reason to close positions", () => {
  const said = (code: TroubleCode) =>
    whyBlocked([{ ...USDC, amount: 5_000_000n }], { class: 'venue_limited', code, detail: '' });
  expect(said('venue_6128')).toContain('Drift allows no further withdrawals just now');
  expect(said('venue_6128')).not.toMatch(/Close or reduce a position/);
  // Nor is an empty profit pool a limit of withdrawals.
  for (const code of ['settled_short', 'venue_6180', 'venue_6260'] as const)
    expect(said(code)).toContain('cannot pay out its profit just now, and your accounts hold too');
});
