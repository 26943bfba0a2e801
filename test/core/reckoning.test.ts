// Reckoning: the verdict about a state, given the facts.
import { describe, expect, test } from 'vitest';
import type { Address } from '../../src/core/ids.ts';
import {
  type AccountState,
  blankState,
  checkLastStretch,
  checkState,
  meaningsOf,
  NO_COUNTERS,
  together,
} from '../../src/core/reckoning.ts';
import { addressOf } from '../support/ledger.ts';

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
test('state shows the profit of unreadable transactions that records do not, funding left out', () =>
  expect(
    checkState(was, told, 2, state(2, { realised: 170n, funding: 10n, withdraws: 9n })),
  ).toEqual({
    verdict: 'reckoned',
    netPnl: 48n,
  }));
test('an unknown transaction in which no call may have traded needs no reckoning, unless a profit is missing', () => {
  const quiet = { ...told, quiet: 2 };
  const paid = state(2, { realised: 128n, funding: 16n, withdraws: 9n });
  expect(checkState(was, quiet, 2, paid)).toEqual({ verdict: 'explained' });
  // One of three may have traded: its positions are recorded, although nothing was realised.
  expect(checkState(was, quiet, 3, paid)).toEqual({ verdict: 'reckoned', netPnl: 0n });
  const more = state(2, { realised: 178n, funding: 16n, withdraws: 9n });
  expect(checkState(was, quiet, 2, more)).toEqual({ verdict: 'reckoned', netPnl: 50n });
});

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

describe('a token account that was closed and made again for another mint', () => {
  const [usdc, other] = [addressOf(1), addressOf(2)];
  const holding = (slot: number, mint: Address, tokens: bigint) => ({
    ...state(slot, { tokens }),
    mint,
  });
  const before = holding(1, usdc, 50n);
  const after = holding(2, other, 50n);
  const toldOf = (...amounts: [Address, bigint][]) => ({
    ...NO_COUNTERS,
    tokens: amounts.reduce((sum, [, amount]) => sum + amount, 0n),
    mints: amounts.map(([mint, amount]) => ({ mint, amount })),
  });

  test('is a gap, though the amount is the same', () =>
    expect(checkState(before, NO_COUNTERS, 0, after)).toMatchObject({
      verdict: 'gap',
      difference: { tokens: -50n },
      meanings: [{ what: 'tokens_left' }],
    }));
  test('is explained when the facts tell of both mints', () =>
    expect(checkState(before, toldOf([usdc, -50n], [other, 50n]), 0, after)).toEqual({
      verdict: 'explained',
    }));
  test('is a gap when tokens of the first one left unheard and as many of the other are told', () => {
    const told = toldOf([usdc, -20n], [other, 20n]);
    expect(checkState(before, told, 0, after)).toMatchObject({ difference: { tokens: -30n } });
  });
  test('is no gap across facts and states of a release that told no mint', () => {
    const { mint: _, ...older } = before;
    expect(checkState(older, NO_COUNTERS, 0, after)).toEqual({ verdict: 'explained' });
    const told = { ...toldOf([other, 50n]), tokens: 0n };
    expect(checkState(before, told, 0, after)).toEqual({ verdict: 'explained' });
    // Nothing existed at first. Facts of such a release told of 5 USDC, which left again since.
    const absent = { ...state(1, {}), hints: { ...state(1, {}).hints, exists: false } };
    const since = { ...toldOf([usdc, -5n], [other, 50n]), tokens: 50n };
    expect(checkState(absent, since, 0, after)).toEqual({ verdict: 'explained' });
  });
  test('and was made for the first one again agrees with what is told of that', () => {
    const told = toldOf([usdc, -50n], [other, 9n], [other, -9n], [usdc, 7n]);
    expect(checkState(before, told, 0, holding(2, usdc, 7n))).toEqual({ verdict: 'explained' });
    expect(checkState(before, told, 0, holding(2, usdc, 8n))).toMatchObject({
      difference: { tokens: 1n },
    });
  });
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

test('the profit of the transaction that deleted an account is the amount that left less the amount that was there', () => {
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

describe('what a difference means', () => {
  const meanings = (
    counters: Partial<typeof NO_COUNTERS>,
    hints: Partial<AccountState['hints']> = {},
    heard: Partial<typeof NO_COUNTERS> = {},
  ) => {
    const before = state(1, {});
    const after = { ...state(2, counters), hints: { ...before.hints, ...hints } };
    return meaningsOf(before, { ...NO_COUNTERS, ...heard }, after).map(({ what, says }) => [
      what,
      says,
    ]);
  };
  const NONE: string[][] = [];

  test('a withdrawal, a deposit, a profit, a loss: each with its amount', () => {
    expect(meanings({ withdraws: 2_500_000n })).toEqual([
      ['withdraw', '2.500000 USD were withdrawn or transferred out in no known transaction.'],
    ]);
    expect(meanings({ deposits: 1n })).toEqual([
      ['deposit', '0.000001 USD were deposited in no known transaction.'],
    ]);
    expect(meanings({ realised: 9n, funding: 2n })).toEqual([
      ['trade', 'A profit of 0.000007 USD was realised in no known transaction.'],
    ]);
    expect(meanings({ realised: -9n })).toEqual([
      ['trade', 'A loss of 0.000009 USD was realised in no known transaction.'],
    ]);
    expect(meanings({ realised: 2n, funding: 2n })).toEqual(NONE);
  });
  test('tokens of a token account', () => {
    expect(meanings({ tokens: -3n })).toEqual([
      ['tokens_left', '3 base units left in no known transaction.'],
    ]);
    expect(meanings({ tokens: 3n })).toEqual([
      ['tokens_came', '3 base units came in no known transaction.'],
    ]);
  });
  test('quote tokens that moved without a withdrawal or deposit are a swap', () => {
    const swap = (way: string) => [
      ['swap', `0.000005 USD of the quote token ${way} without a withdrawal: a swap.`],
    ];
    expect(meanings({}, { quoteFlow: -5n })).toEqual(swap('left'));
    expect(meanings({}, { quoteFlow: 5n })).toEqual(swap('came'));
    expect(meanings({}, { quoteFlow: 0n })).toEqual(NONE);
    for (const name of ['deposits', 'withdraws'] as const) {
      const kind = name === 'deposits' ? 'deposit' : 'withdraw';
      // Unheard, the flow belongs to it; heard, it is explained.
      expect(meanings({ [name]: 5n }, { quoteFlow: 5n }).map(([what]) => what)).toEqual([kind]);
      expect(meanings({ [name]: 5n }, { quoteFlow: 5n }, { [name]: 5n })).toEqual(NONE);
    }
  });
  test('collateral that became isolated explains a flow of quote tokens', () =>
    expect(meanings({}, { quoteFlow: -5n, isolated: 5n }).map(([what]) => what)).toEqual([
      'isolated_transfer',
    ]));
  test('another delegate, and an account that is gone, whatever else changed', () => {
    expect(meanings({}, { delegate: 'other' }).map(([what]) => what)).toEqual(['delegate_changed']);
    expect(meanings({ realised: 9n }, { exists: false }).map(([what]) => what)).toEqual([
      'user_deleted',
    ]);
  });
});

test('the state of an account that is gone holds nothing', () =>
  expect(blankState(5)).toEqual({
    slot: 5,
    counters: NO_COUNTERS,
    hints: { exists: false, delegate: '', quoteFlow: 0n, isolated: 0n },
    positions: [],
    pulse: '',
  }));

test('rewards are taken out of what a deleted account earned, and only what came is a reward', () => {
  const perhaps = { amounts: [10n, -7n], untoldFees: 0 };
  expect(checkLastStretch({ ...was, quote }, { ...last, perhaps })).toEqual({
    verdict: 'reckoned',
    netPnl: 15n,
  });
  expect(checkLastStretch(was, last)).toMatchObject({ meanings: [{ what: 'user_deleted' }] });
});

test('no more rewards are taken out than the wallet ever got', () => {
  for (const [rewardsMost, netPnl] of [
    [0n, 25n],
    [4n, 21n],
    [10n, 15n],
    [11n, 15n],
  ] as const) {
    const perhaps = { amounts: [10n, -7n], untoldFees: 0, rewardsMost };
    expect(checkLastStretch({ ...was, quote }, { ...last, perhaps })).toMatchObject({ netPnl });
    const seen = { ...was, counters: { ...was.counters, realised: was.counters.realised + 25n } };
    expect(checkState(was, NO_COUNTERS, 1, seen, perhaps)).toMatchObject({ netPnl });
  }
});

test('two stretches that earned nothing are closed when the first is; earnings of the second count', () => {
  const [explained, closed] = [{ verdict: 'explained' }, { verdict: 'closed' }] as const;
  const earned = { verdict: 'reckoned', netPnl: 4n } as const;
  expect(together(explained, closed)).toEqual(closed);
  expect(together(explained, explained)).toEqual(explained);
  expect(together(closed, earned)).toEqual(earned);
});
