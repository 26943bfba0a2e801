// Two tokens: each rule about amounts counts USDC and USDT by themselves, and one standing is
// judged over both.
import { describe, expect, test } from 'vitest';
import { type Clearance, spend } from '../../src/core/clearance.ts';
import type { Address, Signature } from '../../src/core/ids.ts';
import { createRoster } from '../../src/core/roster.ts';
import { limitObjection } from '../../src/core/spending-limits.ts';
import { judge, type StandingEvent } from '../../src/core/standing.ts';
import { quotesOf, type Token, USDC } from '../../src/core/token.ts';

const USDT: Token = { mint: 'usdt' as Address, symbol: 'USDT', decimals: 6 };
const BOTH = quotesOf([USDC, USDT]);
const at = (slot: number) => ({ slot, blockIndex: 0, ordinal: 0 });
const sum = (
  kind: 'owed' | 'discharged',
  slot: number,
  amount: bigint,
  { mint }: Token,
): StandingEvent => ({ kind, at: at(slot), amount, mint });
const left = (slot: number): StandingEvent => ({
  kind: 'left',
  what: '5.000000 USDC',
  at: at(slot),
  amount: 5n,
  signature: 'fled' as Signature,
});

describe('one standing', () => {
  test('a debt in one token makes an outflow of the other one a runaway', () => {
    expect(judge([sum('owed', 1, 7n, USDT), left(2)], BOTH)).toMatchObject({
      standing: 'delinquent',
      outstanding: 7n,
      owed: [{ symbol: 'USDT', amount: 7n }],
    });
  });

  test('an overpayment in one token pays nothing in the other', () => {
    const history = [
      sum('owed', 1, 7n, USDT),
      sum('owed', 1, 10n, USDC),
      left(2),
      sum('discharged', 3, 99n, USDC),
    ];
    expect(judge(history, BOTH)).toMatchObject({
      standing: 'delinquent',
      owed: [{ symbol: 'USDT', amount: 7n }],
      reason: expect.stringContaining('0.000007 USDT is still unpaid.'),
    });
    const paid = [...history, sum('discharged', 4, 7n, USDT)];
    expect(judge(paid, BOTH)).toMatchObject({ standing: 'good', outstanding: 0n, owed: [] });
  });
});

test('a clearance in one token covers no outflow of the other', () => {
  const cleared = (mint: Address): Clearance => ({
    id: 'a',
    purpose: 'withdraw',
    amount: 100n,
    mint,
    grantedSlot: 10,
    untilSlot: 20,
    trades: [],
  });
  const at = { slot: 12, blockIndex: null, ordinal: 0 };
  const outflow = { key: 'x', at, amount: 40n, mint: USDT.mint };
  expect([...spend([cleared(USDC.mint)], [outflow]).cleared]).toEqual([]);
  expect([...spend([cleared(USDT.mint)], [outflow]).cleared]).toEqual([['x', 40n]]);
});

test('the gate’s limit holds for each token: two debts below it do not add up to one above it', () => {
  const gate = createRoster({
    staleAfterMs: 1_000,
    failOpen: false,
    outstandingMost: 100n,
    owedForMsMost: null,
  });
  const decide = (usdc: bigint, usdt: bigint) => {
    gate.hydrate([
      {
        subscriberId: 'ana',
        agentWallet: 'w',
        standing: 'good',
        reason: null,
        outstanding: usdc + usdt,
        owedSinceMs: null,
        evidence: null,
        revision: 1n,
        owed: [
          { ...USDC, amount: usdc },
          { ...USDT, amount: usdt },
        ],
      },
    ]);
    gate.observe(1, 0);
    return gate.decide('ana', 'open', 1);
  };
  expect(decide(100n, 100n).verdict).toBe('allow');
  expect(decide(0n, 101n)).toMatchObject({
    verdict: 'deny',
    reason: expect.stringContaining('0.000101 USDT'),
  });
});

test('the pen’s limit names the token that it stopped', () => {
  const limits = { paymentMost: 100n, subscriberADayMost: null };
  expect(limitObjection(101n, 0n, limits, USDT)).toBe(
    'moves 0.000101 USDT, one payment may move 0.000100',
  );
});
