// Reckoning: what a state proves, next to what was told.
import { describe, expect, test } from 'vitest';
import {
  type AccountState,
  checkLastStretch,
  checkState,
  NO_COUNTERS,
  together,
} from '../../src/core/reckoning.ts';

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

test('a token account that is gone is closed when its tokens are accounted for, and a gap when not', () => {
  const tokens = state(1, { tokens: 50n });
  const gone = state(2, {}, false);
  expect(checkState(tokens, { ...NO_COUNTERS, tokens: -50n }, 0, gone)).toEqual({
    verdict: 'closed',
  });
  expect(checkState(tokens, NO_COUNTERS, 0, gone)).toMatchObject({ verdict: 'gap' });
});

// 1,000 USDC were there, 3 of them realised and not settled; 1,032 left, so 29 more were earned;
// records told of 4.
const quote = { scaled: 1n, unsettled: 3n, alone: true };
const last = {
  told: { ...NO_COUNTERS, realised: 4n },
  perhaps: { amounts: [], untoldFees: 0 },
  unknowns: 1,
  movedOut: 1_032n,
  worth: 1_000n,
};

test('what an account earned in the transaction that deleted it is what left beyond what was there', () => {
  expect(checkLastStretch({ ...was, quote }, last)).toEqual({ verdict: 'reckoned', netPnl: 25n });
  expect(checkLastStretch({ ...was, quote }, { ...last, unknowns: 0 })).toEqual({
    verdict: 'closed',
  });
});

test('where a movement, a token or the worth of the deposit is not known, it is a gap', () => {
  for (const [baseline, given] of [
    [was, last],
    [{ ...was, quote: { ...quote, alone: false } }, last],
    [
      { ...was, quote },
      { ...last, movedOut: null },
    ],
    [
      { ...was, quote },
      { ...last, worth: null },
    ],
  ] as const)
    expect(checkLastStretch(baseline, given)).toMatchObject({ verdict: 'gap' });
});

test('two stretches together: a gap of either is a gap, and profits add up', () => {
  const [explained, closed] = [{ verdict: 'explained' }, { verdict: 'closed' }] as const;
  const gap = { verdict: 'gap', difference: NO_COUNTERS, meanings: [] } as const;
  const earned = (netPnl: bigint) => ({ verdict: 'reckoned', netPnl }) as const;
  expect(together(closed, explained)).toEqual(closed);
  expect(together(earned(5n), explained)).toEqual(earned(5n));
  expect(together(earned(5n), earned(-2n))).toEqual(earned(3n));
  expect(together(closed, gap)).toBe(gap);
  expect(together(gap, earned(1n))).toBe(gap);
});
