// Audit: histories of another system that pays right, rounds, pays twice, too late, or never; and
// that what all rows say was paid adds up to the transfers.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type AuditDebt, type AuditTransfer, auditOf, auditSums } from '../../src/core/audit.ts';
import type { Address, Signature } from '../../src/core/ids.ts';
import { type Token, USDC } from '../../src/core/token.ts';

const CREATOR = 'creator' as Address;
const debt = (share: string, slot: number, owed: bigint): AuditDebt => ({
  share,
  slot,
  owed,
  creatorWallet: CREATOR,
  token: USDC,
  atMs: null,
  signature: `close of ${share}` as Signature,
});
const paid = (
  name: string,
  slot: number,
  amount: bigint,
  covers: AuditTransfer['covers'] = null,
): AuditTransfer => ({
  slot,
  amount,
  covers,
  creatorWallet: CREATOR,
  token: USDC,
  atMs: null,
  signature: name as Signature,
});
const rowsOf = (debts: readonly AuditDebt[], ...transfers: AuditTransfer[]) =>
  auditOf({ subscriberId: 'ana', debts, transfers }).map(
    ({ kind, shares, difference, transfers: by }) => [
      kind,
      shares.join('+'),
      difference,
      by.join('+'),
    ],
  );
const THREE = [debt('a', 10, 1_000n), debt('b', 20, 2_500n), debt('c', 30, 400n)];

describe('a system that pays each debt', () => {
  test('once and to the unit is right', () =>
    expect(
      rowsOf(THREE, paid('x', 11, 1_000n), paid('y', 21, 2_500n), paid('z', 31, 400n)),
    ).toEqual([
      ['right', 'a', 0n, 'x'],
      ['right', 'b', 0n, 'y'],
      ['right', 'c', 0n, 'z'],
    ]));

  test('in one transfer for several is right, and each names it', () =>
    expect(rowsOf(THREE, paid('x', 31, 3_900n)).map(([kind, , , by]) => [kind, by])).toEqual(
      Array.from({ length: 3 }, () => ['right', 'x']),
    ));

  test('rounded is too little and too much, to the unit', () =>
    expect(rowsOf(THREE.slice(0, 2), paid('x', 11, 999n), paid('y', 21, 2_503n))).toEqual([
      ['too_little', 'a', -1n, 'x'],
      ['too_much', 'b', 3n, 'y'],
    ]));
});

describe('a system that pays twice', () => {
  test('each second payment is named with the debt that it pays again, also beside open debts', () =>
    expect(
      rowsOf(
        THREE,
        paid('x', 11, 1_000n),
        paid('x2', 22, 1_000n),
        paid('y', 23, 2_500n),
        paid('y2', 24, 2_500n),
        paid('z', 31, 400n),
        paid('z2', 32, 400n),
        paid('z3', 33, 400n),
      ),
    ).toEqual([
      ['right', 'a', 0n, 'x'],
      ['right', 'b', 0n, 'y'],
      ['twice', 'a', 1_000n, 'x2'],
      ['twice', 'b', 2_500n, 'y2'],
      ['right', 'c', 0n, 'z'],
      ['twice', 'c', 400n, 'z2'],
      ['twice', 'c', 400n, 'z3'],
    ]));

  test('a batch that is paid again names all its debts', () =>
    expect(rowsOf(THREE, paid('x', 31, 3_900n), paid('x2', 40, 3_900n)).at(-1)).toEqual([
      'twice',
      'a+b+c',
      3_900n,
      'x2',
    ]));

  test('a debt that Bailiff has paid and another system pays again is paid twice, too', () =>
    expect(
      rowsOf(
        THREE.slice(0, 1),
        paid('ours', 11, 1_000n, [{ shareId: 'a', amount: 1_000n }]),
        paid('x', 12, 1_000n),
      ),
    ).toEqual([
      ['right', 'a', 0n, 'ours'],
      ['twice', 'a', 1_000n, 'x'],
    ]));

  test('two debts of one amount are two debts', () =>
    expect(
      rowsOf([debt('a', 10, 7n), debt('b', 11, 7n)], paid('x', 12, 7n), paid('y', 13, 7n)).map(
        ([kind]) => kind,
      ),
    ).toEqual(['right', 'right']));
});

test('a debt that nobody paid is never, and a payment before its close is not for it', () =>
  expect(rowsOf([debt('a', 10, 1_000n)], paid('x', 9, 1_000n))).toEqual([
    ['nothing_owed', '', 1_000n, 'x'],
    ['never', 'a', -1_000n, ''],
  ]));

test('a payment of another amount goes to the oldest debts, and its rest is owed to none', () =>
  expect(rowsOf(THREE.slice(0, 2), paid('x', 25, 1_700n), paid('y', 26, 9_000n))).toEqual([
    ['right', 'a', 0n, 'x'],
    ['right', 'b', 0n, 'x+y'],
    ['nothing_owed', '', 7_200n, 'y'],
  ]));

describe('a transfer is meant for', () => {
  test('the oldest debts that it pays to the unit, and leaves younger ones open', () =>
    expect(rowsOf(THREE, paid('x', 31, 3_500n))).toEqual([
      ['right', 'a', 0n, 'x'],
      ['right', 'b', 0n, 'x'],
      ['never', 'c', -400n, ''],
    ]));
  test('a debt from the very slot of its close on', () =>
    expect(rowsOf([debt('a', 10, 1_000n)], paid('x', 10, 1_000n))).toEqual([
      ['right', 'a', 0n, 'x'],
    ]));
  test('a younger debt, when it differs from that by a tenth at most', () => {
    const two = [debt('a', 10, 5_000n), debt('b', 20, 1_000n)];
    const of = (amount: bigint) =>
      rowsOf(two, paid('x', 21, amount)).map(([kind, share, off]) => `${kind} ${share} ${off}`);
    expect(of(900n)).toEqual(['never a -5000', 'too_little b -100']);
    expect(of(1_100n)).toEqual(['never a -5000', 'too_much b 100']);
    expect(of(899n)).toEqual(['too_little a -4101', 'never b -1000']);
    expect(of(1_101n)).toEqual(['too_little a -3899', 'never b -1000']);
  });
  test('all open debts, when it differs from their sum by a tenth at most', () => {
    const two = [debt('a', 10, 1_000n), debt('b', 20, 2_000n)];
    expect(rowsOf(two, paid('x', 21, 3_300n))).toEqual([
      ['right', 'a', 0n, 'x'],
      ['too_much', 'b', 300n, 'x'],
    ]);
    expect(rowsOf(two, paid('x', 21, 3_301n)).at(-1)).toEqual(['nothing_owed', '', 301n, 'x']);
  });
  test('a second time what one of its amount paid before, rather than a debt nearby', () =>
    expect(
      rowsOf(
        [debt('a', 10, 1_000n), debt('b', 20, 1_050n)],
        paid('x', 11, 1_000n),
        paid('y', 21, 1_000n),
      ),
    ).toEqual([
      ['right', 'a', 0n, 'x'],
      ['never', 'b', -1_050n, ''],
      ['twice', 'a', 1_000n, 'y'],
    ]));
  test('no debt a second time, when the first of its amount paid none', () =>
    expect(rowsOf([], paid('x', 5, 500n), paid('y', 6, 500n)).map(([kind]) => kind)).toEqual([
      'nothing_owed',
      'nothing_owed',
    ]));
});

describe('a payment of Bailiff', () => {
  const ours = (amount: bigint, ...covers: [shareId: string, amount: bigint][]) =>
    paid(
      'ours',
      11,
      amount,
      covers.map(([shareId, part]) => ({ shareId, amount: part })),
    );
  const one = [debt('a', 10, 1_000n)];
  test('pays the debts that it says, and its rest is owed to none', () =>
    expect(rowsOf([...one, debt('b', 10, 700n)], ours(1_200n, ['b', 700n], ['a', 300n]))).toEqual([
      ['too_little', 'a', -700n, 'ours'],
      ['right', 'b', 0n, 'ours'],
      ['nothing_owed', '', 200n, 'ours'],
    ]));
  test('is named once by a debt of which it pays two parts', () =>
    expect(rowsOf(one, ours(1_000n, ['a', 400n], ['a', 600n]))).toEqual([
      ['right', 'a', 0n, 'ours'],
    ]));
  test('of more than a debt leaves nothing of it open', () =>
    expect(rowsOf(one, ours(1_100n, ['a', 1_100n]), paid('x', 12, 50n))).toEqual([
      ['too_much', 'a', 100n, 'ours'],
      ['nothing_owed', '', 50n, 'x'],
    ]));
  test('for a debt that is not among these is no surplus', () =>
    expect(rowsOf(one, ours(5n, ['gone', 5n]))).toEqual([['never', 'a', -1_000n, '']]));
});

test('a transfer to one creator pays no debt to another', () => {
  const other = { ...debt('b', 20, 1_000n), creatorWallet: 'other' as Address };
  expect(rowsOf([debt('a', 10, 1_000n), other], paid('x', 21, 1_000n))).toEqual([
    ['right', 'a', 0n, 'x'],
    ['never', 'b', -1_000n, ''],
  ]);
});

test('an amount of one token pays no debt in another, and sums are told token by token', () => {
  const USDT: Token = { mint: 'usdt' as Address, symbol: 'USDT', decimals: 6 };
  const rows = auditOf({
    subscriberId: 'ana',
    debts: [debt('a', 10, 1_000n), { ...debt('b', 20, 1_000n), token: USDT }],
    transfers: [{ ...paid('x', 21, 1_000n), token: USDT }],
  });
  expect(rows.map(({ kind, token, transfers }) => [kind, token.symbol, transfers])).toEqual([
    ['never', 'USDC', []],
    ['right', 'USDT', ['x']],
  ]);
  expect(
    auditSums([...rows, ...rows.map((each) => ({ ...each, kind: 'never' as const }))]),
  ).toEqual(
    expect.objectContaining({
      never: {
        rows: 3,
        differences: [
          { ...USDC, amount: -2_000n },
          { ...USDT, amount: 0n },
        ],
      },
    }),
  );
});

test('whatever the history, the rows add up to the transfers and the debts', () =>
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 0, max: 9 }), fc.bigInt({ min: 1n, max: 30n })), {
        maxLength: 8,
      }),
      fc.array(fc.tuple(fc.integer({ min: 0, max: 9 }), fc.bigInt({ min: 1n, max: 90n })), {
        maxLength: 8,
      }),
      (owed, moved) => {
        const debts = owed.map(([slot, amount], at) => debt(`d${at}`, slot, amount));
        const transfers = moved.map(([slot, amount], at) => paid(`t${at}`, slot, amount));
        const rows = auditOf({ subscriberId: 'ana', debts, transfers });
        const sum = (amounts: readonly bigint[]) => amounts.reduce((one, each) => one + each, 0n);
        expect(sum(rows.map((each) => each.paid))).toBe(sum(moved.map(([, amount]) => amount)));
        expect(sum(rows.map((each) => each.owed))).toBe(sum(owed.map(([, amount]) => amount)));
        expect(
          rows.filter((each) => each.shares.length === 1 && each.kind !== 'twice'),
        ).toHaveLength(debts.length);
        for (const { amount } of auditSums(rows).right.differences) expect(amount).toBe(0n);
      },
    ),
  ));
