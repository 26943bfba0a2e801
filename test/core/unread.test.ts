// Unread: what a state says of transactions that no node gives.
import { describe, expect, test } from 'vitest';
import { FEE_LAMPORTS_MOST } from '../../src/core/conservation.ts';
import { NOTHING_PERHAPS } from '../../src/core/perhaps.ts';
import { type AccountState, blankState, NO_COUNTERS } from '../../src/core/reckoning.ts';
import { checkUnread, nothingLeft } from '../../src/core/unread.ts';

type Change = Partial<typeof NO_COUNTERS>;
const state = (counters: Change = {}, quoteFlow = 0n, alone = true): AccountState => ({
  ...blankState(1),
  counters: { ...NO_COUNTERS, ...counters },
  hints: { exists: true, delegate: '', quoteFlow, isolated: 0n },
  quote: { scaled: 0n, unsettled: 0n, alone },
});
const was = state();
const check = (
  seen: AccountState,
  more: {
    baseline?: AccountState;
    told?: Change;
    role?: 'drift_user' | 'agent_token';
    amounts?: bigint[];
    unknowns?: number;
  } = {},
) =>
  checkUnread(
    more.baseline ?? was,
    {
      told: { ...NO_COUNTERS, ...more.told },
      unknowns: more.unknowns ?? 1,
      perhaps: { ...NOTHING_PERHAPS, amounts: more.amounts ?? [] },
    },
    seen,
    0n,
    (more.role ?? 'drift_user') as never,
  );
const UNPROVEN = { verdict: 'unproven' };

describe('an account of the venue', () => {
  test('that was made or deleted meanwhile proves nothing', () => {
    expect(check(blankState(2))).toEqual(UNPROVEN);
    expect(check(was, { baseline: blankState(0) })).toEqual(UNPROVEN);
    expect(check(blankState(2), { baseline: blankState(0) })).toEqual(UNPROVEN);
  });
  test('from which something was withdrawn unheard has a gap, and says so', () => {
    const given = check(state({ withdraws: 7n }));
    expect(given).toMatchObject({ verdict: 'gap', difference: { withdraws: 7n } });
    expect('meanings' in given && given.meanings.map(({ what }) => what)).toContain('withdraw');
    expect(check(state({ withdraws: 7n }), { told: { withdraws: 7n } })).not.toMatchObject({
      verdict: 'gap',
    });
  });
  test('that holds other tokens than the quote token cannot show that no swap took any', () => {
    const mixed = state({}, 0n, false);
    expect(check(mixed)).toEqual(UNPROVEN);
    expect(check(was, { baseline: mixed })).toEqual(UNPROVEN);
    const { quote: _, ...older } = was;
    expect(check(was, { baseline: older })).toEqual(UNPROVEN);
    expect(check(older)).toEqual(UNPROVEN);
  });
  test('whose quote tokens went further than records tell may have been swapped', () => {
    // The facts tell 1,000 in and 400 out, so 600 came in; the price may be off by one part in a
    // hundred.
    const told = { deposits: 1_000n, withdraws: 400n };
    const seen = (flow: bigint) => check(state(told, flow), { told });
    const REALISED = { verdict: 'reckoned', netPnl: 0n };
    expect([seen(600n), seen(614n), seen(586n)]).toEqual([REALISED, REALISED, REALISED]);
    expect([seen(615n), seen(585n)]).toEqual([UNPROVEN, UNPROVEN]);
    expect(check(state({}, 1n))).toEqual(UNPROVEN);
    const before = state({}, 50n);
    expect(check(state({}, 50n), { baseline: before })).toMatchObject({ verdict: 'reckoned' });
  });
  test('tells what was realised, without funding and without what may be a reward', () => {
    const seen = state({ realised: 100n, funding: 30n });
    expect(check(seen)).toEqual({ verdict: 'reckoned', netPnl: 70n });
    expect(check(seen, { amounts: [20n] })).toEqual({ verdict: 'reckoned', netPnl: 50n });
    expect(check(seen, { unknowns: 0, amounts: [20n] })).toEqual({
      verdict: 'reckoned',
      netPnl: 50n,
    });
  });
  test('is explained where records tell everything', () =>
    expect(check(was, { unknowns: 0 })).toEqual({ verdict: 'explained' }));
});

describe('a token account', () => {
  const token = { role: 'agent_token', unknowns: 0 } as const;
  test('from which tokens left unheard has a gap', () =>
    expect(check(state({ tokens: -1n }), token)).toMatchObject({
      verdict: 'gap',
      difference: { tokens: -1n },
    }));
  test('that was opened or closed meanwhile proves nothing', () => {
    expect(check(blankState(2), token)).toEqual(UNPROVEN);
    expect(check(was, { ...token, baseline: blankState(0) })).toEqual(UNPROVEN);
  });
  test('into which more came than was heard of has realised nothing', () => {
    expect(check(state({ tokens: 5n }), token)).toEqual({ verdict: 'explained' });
    expect(check(state({ tokens: 5n }, 9n, false), token)).toEqual({ verdict: 'explained' });
  });
});

test('a wallet that paid a network fee at most has lost nothing', () => {
  const before = 2n * FEE_LAMPORTS_MOST;
  expect(nothingLeft(before, before + 1n)).toBe(true);
  expect(nothingLeft(before, before - FEE_LAMPORTS_MOST)).toBe(true);
  expect(nothingLeft(before, before - FEE_LAMPORTS_MOST - 1n)).toBe(false);
});
