// Accrual: shares round down, and what rounding leaves is carried, so that nothing is lost and nothing is owed twice.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { accrue, type Terms, termsAt } from '../../src/core/accrual.ts';
import type { Close } from '../../src/core/fact.ts';
import { termsOf } from '../support/terms.ts';

const close = (netPnl: bigint, cause: Close['cause'] = 'trade'): Close => ({
  kind: 'close',
  market: 0,
  side: 'taker',
  position: 'long',
  cause,
  baseFilled: 1n,
  baseClosed: 1n,
  proceeds: 0n,
  entry: 0n,
  grossPnl: netPnl,
  fee: 0n,
  netPnl,
  fillRecordId: 0n,
  oraclePrice: 0n,
  counterparty: null,
});

test('floors to the unit and carries the rest', () => {
  expect(accrue(close(59_339_876n), 1_000, 0n)).toEqual({ amount: 5_933_987n, carry: 6_000n });
  expect(accrue(close(4n), 1_000, 6_000n)).toEqual({ amount: 1n, carry: 0n });
});

test('a loss owes nothing and leaves the carry alone', () => {
  expect(accrue(close(-50n), 1_000, 77n)).toEqual({ amount: 0n, carry: 77n });
});

test('moving a position between own sub-accounts owes nothing', () => {
  expect(accrue(close(1_000_000n, 'transfer'), 1_000, 0n).amount).toBe(0n);
});

test('over any series of wins the shares add up to the share of the sum', () => {
  fc.assert(
    fc.property(
      fc.array(fc.bigInt({ min: 1n, max: 10n ** 12n }), { maxLength: 50 }),
      fc.integer({ min: 0, max: 10_000 }),
      (wins, bps) => {
        let carry = 0n;
        let owed = 0n;
        for (const win of wins) {
          const accrued = accrue(close(win), bps, carry);
          owed += accrued.amount;
          carry = accrued.carry;
        }
        const total = wins.reduce((sum, win) => sum + win, 0n) * BigInt(bps);
        expect(owed).toBe(total / 10_000n);
        expect(carry).toBe(total % 10_000n);
      },
    ),
  );
});

test('the terms in force are the latest that began at or before the slot', () => {
  const terms: Terms[] = [termsOf(20, 'b', 2_000), termsOf(10, 'a', 1_000)];
  expect(termsAt(terms, 9)).toBeNull();
  expect(termsAt(terms, 19)?.shareBps).toBe(1_000);
  expect(termsAt(terms, 20)?.shareBps).toBe(2_000);
});
