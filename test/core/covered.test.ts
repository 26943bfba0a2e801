// Covered: a withdrawal is cleared only when enough certainly remains for what open positions may
// owe.
import { expect, test } from 'vitest';
import { type Holding, isHeard, settledIn, uncovered } from '../../src/core/covered.ts';
import { NO_COUNTERS } from '../../src/core/reckoning.ts';

const holding = (more: Partial<Holding> = {}): Holding => ({
  exists: true,
  heard: true,
  positions: 0,
  deposit: 1_000n,
  claimable: 30n,
  ...more,
});
const code = (holdings: Holding[], amount: bigint | null, tokens = 0n) =>
  uncovered(holdings, tokens, amount)?.code ?? null;

test('without positions everything that is there may leave, settled or not, and nothing beyond', () => {
  expect(code([holding()], null)).toBeNull();
  expect(code([holding()], 1_030n)).toBeNull();
  expect(code([holding()], 1_037n, 7n)).toBeNull();
  expect(code([holding()], 1_031n)).toBe('too_much');
});

test('while a position is open nothing is closed, and only what is settled may leave', () => {
  const open = [holding({ positions: 1 }), holding({ deposit: 5n, claimable: 5n })];
  expect(code(open, null)).toBe('positions_open');
  expect(code(open, 1_005n)).toBeNull();
  expect(code(open, 1_006n)).toBe('too_much');
});

test('the most that may be cleared is what is there, with an open position only what is settled', () => {
  expect(settledIn([holding(), holding({ exists: false })], 7n)).toBe(1_037n);
  expect(settledIn([holding({ positions: 1 }), holding()], 7n)).toBe(2_007n);
});

test('a transaction that is not heard yet may owe: nothing is cleared before, and this reason passes', () => {
  const found = uncovered([holding({ heard: false })], 0n, 1n);
  expect(found).toMatchObject({ code: 'results_not_final', passes: true });
  expect(code([holding({ exists: false, heard: false }), holding()], 1n)).toBeNull();
  expect(code([holding(), holding({ heard: false })], 1n)).toBe('results_not_final');
});

test('a subscriber without any account is not cleared, and the answer says why', () => {
  const found = uncovered([holding({ exists: false })], 0n, null);
  expect(found).toMatchObject({ code: 'no_account', passes: false });
  expect(found?.reason).toContain('No Drift account');
});

test('the most that may leave is told, and whether positions must be closed for more', () => {
  const [flat, open] = [holding(), holding({ positions: 1 })].map((each) =>
    uncovered([each], 0n, 5_000n),
  );
  expect(flat).toEqual({
    code: 'too_much',
    passes: false,
    reason:
      '0.005000 USDC is more than the 0.001030 USDC that is settled. Ask for at most that much.',
  });
  expect(open?.reason).toBe(
    '0.005000 USDC is more than the 0.001000 USDC that is settled while positions are open. Ask for at most that much, or close every position first.',
  );
  expect(uncovered([holding({ positions: 1 })], 0n, null)).toMatchObject({ passes: false });
});

test('what was realised is heard when it is what the facts tell, whatever funding was settled', () => {
  const seen = (realised: bigint, funding: bigint, entry = 300n) => ({
    counters: { ...NO_COUNTERS, realised, funding },
    positions: [{ market: 1, base: -5n, entry }],
  });
  const told = { traded: 70n, positions: null };
  expect(isHeard(told, seen(70n, 0n))).toBe(true);
  expect(isHeard(told, seen(64n, -6n))).toBe(true);
  expect(isHeard(told, seen(71n, 0n))).toBe(false);
  // Where a transaction may have traded, its positions are compared as well.
  const positions = [{ market: 1, base: -5n, entry: 300n }];
  expect(isHeard({ traded: 70n, positions }, seen(64n, -6n))).toBe(true);
  expect(isHeard({ traded: 70n, positions }, seen(64n, -6n, 301n))).toBe(false);
  expect(isHeard({ traded: 70n, positions: [] }, seen(70n, 0n))).toBe(false);
  expect(isHeard({ traded: 70n, positions }, { ...seen(70n, 0n), positions: [] })).toBe(false);
  expect(isHeard({ traded: 70n, positions }, { ...seen(70n, 0n), positions: null })).toBe(false);
});
