// Token: amounts of two venues' tokens are never added to, nor paid with, each other.
import { describe, expect, test } from 'vitest';
import { type Clearance, spend } from '../../src/core/clearance.ts';
import { creatorPaid, creditEvents } from '../../src/core/credit.ts';
import type { Debt } from '../../src/core/debt.ts';
import type { Outflow } from '../../src/core/fact.ts';
import type { Address, Signature } from '../../src/core/ids.ts';
import { SMALL } from '../../src/core/outflow.ts';
import { next } from '../../src/core/payment.ts';
import { allot } from '../../src/core/rebuild.ts';
import { createRoster } from '../../src/core/roster.ts';
import { judge, type StandingEvent } from '../../src/core/standing.ts';
import {
  amountsText,
  bySymbol,
  ONLY_USDC,
  owedOf,
  quotesOf,
  sumsOf,
  tokenOf,
  USDC,
} from '../../src/core/token.ts';
import { classifyOutflows } from '../support/classes.ts';

const USDT = {
  mint: 'Es9vMFrzaCERmJfrF4H2FYD4KCoNkY11McCe8BenwNYB' as Address,
  symbol: 'USDT',
  decimals: 6,
};
const BOTH = quotesOf([USDC, USDT]);
const at = (slot: number) => ({ slot, blockIndex: 0, ordinal: 0 });
const sum = (kind: 'owed' | 'discharged', slot: number, amount: bigint, mint: Address) =>
  ({ kind, at: at(slot), amount, creator: 'creator', mint }) satisfies StandingEvent;
const left = (slot: number): StandingEvent => ({
  kind: 'left',
  at: at(slot),
  amount: 5n,
  what: '0.000005 USDC',
  signature: 'sig' as Signature,
});
const outflow = (mint: Address, amount: bigint): Outflow => ({
  kind: 'outflow',
  route: 'token_transfer',
  amount,
  mint,
  decimals: 6,
  destination: 'creator-tokens' as Address,
  owner: 'creator' as Address,
  internal: false,
  ofValue: true,
  usd: amount,
  consent: 'agent',
  signers: [],
});

test('amounts are named by token, in the order of the mints, and those of zero are left out', () => {
  const owed = owedOf(
    new Map([
      [USDT.mint, 2_000_000n],
      [USDC.mint, 1_000_000n],
      ['x', 0n],
    ]),
    BOTH,
  );
  expect(amountsText(owed)).toBe('1.000000 USDC and 2.000000 USDT');
  expect(tokenOf(BOTH, 'other' as Address)).toMatchObject({ symbol: 'other' });
  expect(sumsOf([...owed, { ...USDC, amount: 3n }])).toEqual([
    { ...USDC, amount: 1_000_003n },
    { ...USDT, amount: 2_000_000n },
  ]);
  const [first, second] = [
    { ...USDC, amount: 1n },
    { ...USDT, amount: 2n },
  ];
  expect(sumsOf([second, first])).toEqual([first, second]);
});

test('tokens are known by their mints; an unknown mint stands for itself with six decimals', () => {
  expect([...BOTH]).toEqual([
    [USDC.mint, USDC],
    [USDT.mint, USDT],
  ]);
  expect(tokenOf(BOTH, USDT.mint)).toEqual(USDT);
  expect(tokenOf(ONLY_USDC, USDT.mint)).toEqual({ ...USDT, symbol: USDT.mint });
});

test('amounts that the settings give by symbol are base units', () => {
  expect([...bySymbol({ USDC: '5', USDT: '70' })]).toEqual([
    ['USDC', 5n],
    ['USDT', 70n],
  ]);
  expect(bySymbol().size).toBe(0);
});

describe('one standing over both venues', () => {
  test('a debt in either token makes an outflow a runaway, and names both', () => {
    const history = [sum('owed', 1, 10n, USDC.mint), sum('owed', 2, 20n, USDT.mint), left(3)];
    const verdict = judge(history, BOTH);
    expect(verdict).toMatchObject({
      standing: 'delinquent',
      outstanding: 30n,
      owed: [
        { symbol: 'USDC', amount: 10n },
        { symbol: 'USDT', amount: 20n },
      ],
    });
    expect(verdict.standing === 'delinquent' && verdict.reason).toContain(
      'while owing 0.000010 USDC and 0.000020 USDT of profit share',
    );
  });

  test('paying more than is owed in one token pays nothing in the other', () => {
    const overpaid = [
      sum('owed', 1, 10n, USDC.mint),
      sum('owed', 1, 10n, USDT.mint),
      sum('discharged', 2, 20n, USDC.mint),
      left(3),
    ];
    expect(judge(overpaid, BOTH)).toMatchObject({
      standing: 'delinquent',
      owed: [{ symbol: 'USDT', amount: 10n }],
    });
  });

  test('it is cleared once nothing is owed in any token', () => {
    const ran = [sum('owed', 1, 10n, USDC.mint), sum('owed', 1, 10n, USDT.mint), left(2)];
    const usdc = sum('discharged', 3, 10n, USDC.mint);
    expect(judge([...ran, usdc], BOTH).standing).toBe('delinquent');
    expect(judge([...ran, usdc, sum('discharged', 4, 10n, USDT.mint)], BOTH)).toEqual({
      standing: 'good',
      outstanding: 0n,
      owed: [],
    });
  });

  test('the limit of the gate holds for each token by itself', () => {
    const roster = createRoster({
      staleAfterMs: 1_000,
      failOpen: false,
      owedForMsMost: null,
      outstandingMost: 100n,
    });
    const entry = (usdt: bigint) => ({
      subscriberId: 'ana',
      agentWallet: 'w',
      standing: 'good' as const,
      owedSinceMs: null,
      reason: null,
      evidence: null,
      revision: 1n,
      outstanding: 90n + usdt,
      owed: [
        { ...USDC, amount: 90n },
        { ...USDT, amount: usdt },
      ],
    });
    roster.hydrate([entry(90n)]);
    roster.observe(1, 0);
    expect(roster.decide('ana', 'open', 0).verdict).toBe('allow');
    roster.apply(entry(101n));
    expect(roster.decide('ana', 'open', 0)).toMatchObject({
      verdict: 'deny',
      reason: 'Owes 0.000101 USDT, more than the 0.000100 USDT this platform allows.',
    });
  });
});

test('a transfer to a creator settles debts in its own token only', () => {
  const creator = 'creator' as Address;
  expect(creatorPaid(outflow(USDT.mint, 5n), new Set([creator]), BOTH)).toBe(creator);
  expect(creatorPaid(outflow(USDT.mint, 5n), new Set([creator]), quotesOf([USDC]))).toBeNull();
  const history = [sum('owed', 1, 100n, USDC.mint)];
  const paid = (mint: Address) =>
    creditEvents(
      history,
      [
        {
          creator,
          at: at(2),
          signature: 'sig' as Signature,
          body: outflow(mint, 100n),
          credited: null,
        },
      ],
      BOTH,
    ).map((each) => each.kind);
  expect(paid(USDC.mint)).toEqual(['discharged']);
  expect(paid(USDT.mint)).toEqual(['left']);
});

test('a clearance covers the token that it names, and each token has an allowance of its own', () => {
  const clearance: Clearance = {
    id: 'c',
    purpose: 'withdraw',
    amount: 100n,
    mint: USDT.mint,
    grantedSlot: 1,
    untilSlot: 9,
    trades: [],
  };
  const at = { slot: 2, blockIndex: null, ordinal: 0 };
  const cleared = (mint: Address) =>
    spend([clearance], [{ key: 'k', at, amount: 60n, mint }]).cleared.get('k');
  expect(cleared(USDT.mint)).toBe(60n);
  expect(cleared(USDC.mint)).toBeUndefined();
  const small = (key: string, mint: Address) => ({
    key,
    signature: key as Signature,
    slot: 2,
    ours: false,
    body: { ...outflow(mint, SMALL.quote.transaction), owner: 'shop' as Address },
  });
  const classes = classifyOutflows([small('a', USDC.mint), small('b', USDT.mint)], [], BOTH);
  expect([classes.get('a'), classes.get('b')]).toEqual(['small', 'small']);
});

test('one payment is in one token, of one venue; what the chain shows covers debts in its token', () => {
  const debt = (shareId: string, more: Partial<Debt>): Debt => ({
    shareId,
    subscriptionId: 's',
    creatorWallet: 'creator' as Address,
    driftUser: 'u' as Address,
    subAccountId: 0,
    venue: 'drift-v2',
    token: USDC,
    owed: 5n,
    attempts: 0,
    slot: 1,
    minimum: 0n,
    ...more,
  });
  const due = [debt('a', {}), debt('b', { venue: 'velocity', token: USDT }), debt('c', {})];
  const command = next({ payment: null, due });
  expect(command.do === 'plan' && command.debts.map((each) => each.shareId)).toEqual(['a', 'c']);
  const shown = {
    id: 'p',
    signature: 'sig' as Signature,
    slot: 1,
    creatorWallet: 'creator' as Address,
    token: USDT,
    amount: 5n,
  };
  const open = (shareId: string, mint: Address) => ({
    shareId,
    creatorWallet: 'creator' as Address,
    mint,
    uncovered: 5n,
  });
  expect(allot(shown, [open('a', USDC.mint), open('b', USDT.mint)])).toEqual({
    covers: [{ shareId: 'b', amount: 5n }],
    rests: [],
  });
});
