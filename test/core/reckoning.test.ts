// Reckoning: what a state proves, next to what was told.
import { describe, expect, test } from 'vitest';
import { type AccountState, checkState, NO_COUNTERS } from '../../src/core/reckoning.ts';

const state = (
  slot: number,
  counters: Partial<typeof NO_COUNTERS>,
  exists = true,
): AccountState => ({
  slot,
  counters: { ...NO_COUNTERS, ...counters },
  hints: { exists, delegate: '', quoteFlow: 0n, isolated: 0n },
  positions: [],
  pulse: '',
});
const was = state(1, { realised: 100n, funding: 5n, withdraws: 7n });
const told = { ...NO_COUNTERS, realised: 20n, funding: 3n };

test('everything adds up', () =>
  expect(
    checkState(was, told, 0, state(2, { realised: 120n, funding: 8n, withdraws: 7n })),
  ).toEqual({
    verdict: 'explained',
  }));
test('what records do not tell of unreadable transactions, state does, funding left out', () =>
  expect(
    checkState(was, told, 2, state(2, { realised: 170n, funding: 10n, withdraws: 9n })),
  ).toEqual({
    verdict: 'reckoned',
    netPnl: 48n,
  }));
test('without an unreadable transaction the same difference is a gap, and says what it means', () => {
  const check = checkState(was, told, 0, state(2, { realised: 170n, funding: 8n, withdraws: 9n }));
  expect(check).toMatchObject({
    verdict: 'gap',
    difference: { realised: 50n, funding: 0n, withdraws: 2n },
  });
  expect(check.verdict === 'gap' && check.meanings.map((each) => each.what)).toEqual([
    'withdraw',
    'trade',
  ]);
});
test('an account that is gone is closed, and no gap', () =>
  expect(checkState(was, told, 0, state(2, {}, false))).toEqual({ verdict: 'closed' }));

describe('what records leave open', () => {
  const perhaps = { amounts: [1_500n], untoldFees: 1 };
  const seen = (more: bigint, funding = 8n) =>
    state(2, { realised: 120n + more, funding, withdraws: 7n });
  const verdictOf = (more: bigint, unknowns = 0) =>
    checkState(was, told, unknowns, seen(more), perhaps, 10_000n);

  test('a referral reward and a fee told as 0 are explained, each alone and both together', () => {
    for (const more of [1_500n, -10_000n, -8_500n, 0n])
      expect(verdictOf(more)).toEqual({ verdict: 'explained' });
  });
  test('one unit more or less is a gap', () => {
    for (const more of [1_499n, 1_501n, -9_999n, -10_001n, 1n])
      expect(verdictOf(more)).toMatchObject({ verdict: 'gap', difference: { realised: more } });
  });
  test('they explain no other counter', () =>
    expect(checkState(was, told, 0, seen(1_500n, 9n), perhaps, 10_000n)).toMatchObject({
      verdict: 'gap',
    }));
  test('a reckoned profit is no referral reward', () =>
    expect(verdictOf(51_500n, 1)).toEqual({ verdict: 'reckoned', netPnl: 50_000n }));
});
