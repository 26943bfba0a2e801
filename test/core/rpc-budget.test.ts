// Rpc budget: a month of the plan is spent evenly, and the sources that are given up follow from
// what was spent ahead of that, and from the last minute.
import { expect, test } from 'vitest';
import {
  evenly,
  givenUpForMinute,
  givenUpForMonth,
  monthAt,
  type RpcBudget,
} from '../../src/core/rpc-budget.ts';

const BEGAN = Date.UTC(2026, 10, 1);
const DAY_MS = 86_400_000;
const budgetOf = (given: Partial<RpcBudget>): RpcBudget => ({
  creditsAMonthMost: null,
  creditsAMinuteMost: null,
  monthBeginsOn: 1,
  ...given,
});

test.each([
  [Date.UTC(2026, 10, 27), 1, '2026-11-01', '2026-12-01'],
  [Date.UTC(2026, 10, 14), 15, '2026-10-15', '2026-11-15'],
  [Date.UTC(2026, 10, 15), 15, '2026-11-15', '2026-12-15'],
  [Date.UTC(2027, 0, 3), 28, '2026-12-28', '2027-01-28'],
])('the month of the plan at %i that begins on day %i', (nowMs, day, begins, ends) => {
  const month = monthAt(nowMs, day);
  expect(month.begins).toBe(begins);
  expect(new Date(month.endMs).toISOString().slice(0, 10)).toBe(ends);
});

test('a month is spent evenly, a tenth ahead; each further tenth is one more source', () => {
  const budget = budgetOf({ creditsAMonthMost: 3_000_000 });
  const after = (days: number): number => BEGAN + days * DAY_MS;
  expect(evenly(3_000_000, monthAt(BEGAN, 1), after(10))).toBe(1_000_000);
  const given = (spent: number, days: number, before = 0): number =>
    givenUpForMonth(budget, spent, after(days), { before, all: 3 });
  expect([given(299_999, 0), given(300_000, 0), given(600_000, 0)]).toEqual([0, 1, 2]);
  // A source comes back when half a tenth is regained, and not before.
  expect([given(1_299_999, 10, 1), given(1_150_000, 10, 1), given(1_149_999, 10, 1)]).toEqual([
    1, 1, 0,
  ]);
  expect([given(1_450_000, 10, 2), given(1_449_999, 10, 2)]).toEqual([2, 1]);
  expect(given(3_000_000, 29)).toBe(3);
  expect(givenUpForMonth(budgetOf({}), 9e9, after(1), { before: 2, all: 3 })).toBe(0);
});

test('a dear minute gives up one source with each look, a calm one takes one again', () => {
  const budget = budgetOf({ creditsAMinuteMost: 1_000 });
  const given = (minute: number, before: number): number =>
    givenUpForMinute(budget, minute, { before, all: 3 });
  expect([given(1_001, 0), given(1_001, 3), given(700, 2), given(699, 2)]).toEqual([1, 3, 2, 1]);
});

test('no more sources are given up than there are, and a month that is spent gives up all', () => {
  const budget = budgetOf({ creditsAMonthMost: 1_000 });
  const given = (spent: number, before: number, all: number): number =>
    givenUpForMonth(budget, spent, BEGAN, { before, all });
  expect([given(999, 0, 3), given(350, 0, 2), given(350, 3, 2)]).toEqual([3, 2, 2]);
  expect([given(1_000, 0, 3), given(1_001, 3, 3)]).toEqual([3, 3]);
  // Far below what the month allows, none is given up, and none below 0 either.
  expect(givenUpForMonth(budget, 0, BEGAN + 20 * DAY_MS, { before: 3, all: 3 })).toBe(0);
  expect(givenUpForMonth(budget, 0, BEGAN + 20 * DAY_MS, { before: 0, all: 3 })).toBe(0);
});

test('without a bound no minute is too dear, at the bound none is given up, and none below 0', () => {
  const given = (most: number | null, minute: number, before: number): number =>
    givenUpForMinute(budgetOf({ creditsAMinuteMost: most }), minute, { before, all: 3 });
  expect([given(null, 9e9, 2), given(1_000, 1_000, 1), given(1_000, 0, 0)]).toEqual([0, 1, 0]);
});
