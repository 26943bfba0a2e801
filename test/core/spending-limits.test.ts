// Spending limits and payment cost: limits of the pen, the budget of the sponsor, and payments that
// are not worth their cost.

import { describe, expect, test } from 'vitest';
import type { Debt } from '../../src/core/debt.ts';
import type { Address } from '../../src/core/ids.ts';
import { costOf, costRuleOf, tooCostly } from '../../src/core/payment-cost.ts';
import {
  leftOf,
  limitObjection,
  type SponsorSpent,
  sponsorRefusal,
  withinLimits,
} from '../../src/core/spending-limits.ts';
import { USDC } from '../../src/core/token.ts';
import type { ChainTransaction } from '../../src/core/transaction.ts';
import { addressOf } from '../support/ledger.ts';

const USDT = { mint: addressOf(9), symbol: 'USDT', decimals: 6 };
const debt = (owed: bigint, asked = false): Debt => ({
  shareId: `s${owed}`,
  subscriptionId: 's',
  creatorWallet: addressOf(1),
  driftUser: addressOf(2),
  subAccountId: 0,
  venue: 'drift-v2',
  token: USDC,
  owed,
  attempts: 0,
  slot: 1,
  minimum: 0n,
  asked,
});

describe('limits of the pen', () => {
  const limits = { paymentMost: 100n, subscriberADayMost: 250n };
  test('hold for one payment and for the day, to the unit', () => {
    expect(limitObjection(100n, 150n, limits)).toBeNull();
    expect(limitObjection(101n, 0n, limits)).toMatch(/one payment may move/);
    expect(limitObjection(100n, 151n, limits)).toMatch(/within a day/);
    expect(
      limitObjection(10n ** 18n, 10n ** 18n, { paymentMost: null, subscriberADayMost: null }),
    ).toBeNull();
  });
  test('a payment covers the oldest debts that fit; one that never fits is for a person, one that fits tomorrow waits', () => {
    const debts = [debt(60n), debt(40n), debt(1n)];
    expect(withinLimits(debts, 0n, limits)).toEqual({ debts: debts.slice(0, 2) });
    expect(withinLimits(debts, 190n, limits)).toEqual({ debts: debts.slice(0, 1) });
    expect(withinLimits([debt(101n)], 0n, limits)).toMatchObject({
      trouble: { class: 'operator', code: 'above_limit' },
      alone: debt(101n),
    });
    expect(withinLimits([debt(60n)], 200n, limits)).toMatchObject({
      trouble: { class: 'needs_authorisation', code: 'day_limit' },
      alone: null,
    });
  });
  test('a debt that never fits rests alone, wherever it stands and however little is left of the day', () => {
    const day = { paymentMost: null, subscriberADayMost: 250n };
    for (const [most, above] of [
      [limits, 101n],
      [day, 251n],
    ] as const) {
      const debts = [debt(60n), debt(above), debt(above + 1n)];
      for (const signed of [0n, 249n]) {
        const found = withinLimits(debts, signed, most);
        expect(found).toMatchObject({ trouble: { code: 'above_limit' }, alone: debt(above) });
      }
    }
  });
  test('leave of a payment and of the day exactly what the pen signs', () => {
    for (const paymentMost of [null, 100n])
      for (const subscriberADayMost of [null, 250n])
        for (const signed of [0n, 149n, 150n, 151n, 249n, 250n, 300n]) {
          const given = { paymentMost, subscriberADayMost };
          const left = leftOf(signed, given);
          const objects = (amount: bigint) => limitObjection(amount, signed, given) !== null;
          expect(left === null).toBe(paymentMost === null && subscriberADayMost === null);
          expect(objects((left ?? 10n ** 18n) + 1n)).toBe(left !== null);
          // More than the day was signed already, under a higher limit: nothing is left.
          if (left !== 0n) expect(objects(left ?? 10n ** 18n)).toBe(false);
        }
    expect(leftOf(300n, { paymentMost: 100n, subscriberADayMost: 250n })).toBe(0n);
  });
});

describe('the sponsor', () => {
  const nothing = { lamports: 0n, unread: 0 };
  const spent = (more: Partial<SponsorSpent> = {}): SponsorSpent => ({
    all: nothing,
    subscriber: nothing,
    creator: nothing,
    failures: 0,
    ...more,
  });
  const limits = {
    lamportsADayMost: 1_000n,
    subscriberADayMost: 100n,
    creatorADayMost: 500n,
    failuresADayMost: 3,
  };
  const code = (more: Partial<SponsorSpent>, cost = 10n) =>
    sponsorRefusal(spent(more), cost, limits)?.code ?? null;
  test('gives up to each limit, and tells whose is spent: the abuser hears another reason than the others', () => {
    expect(code({})).toBeNull();
    expect(code({ subscriber: { lamports: 90n, unread: 0 } })).toBeNull();
    expect(code({ subscriber: { lamports: 91n, unread: 0 } })).toBe('sponsor_subscriber_spent');
    expect(code({ creator: { lamports: 491n, unread: 0 } })).toBe('sponsor_creator_spent');
    expect(code({ all: { lamports: 991n, unread: 0 } })).toBe('sponsor_day_spent');
    expect(code({ failures: 3 })).toBe('sponsor_failures_spent');
  });
  test('gives without bounds where no limit is set', () => {
    const none = {
      lamportsADayMost: null,
      subscriberADayMost: null,
      creatorADayMost: null,
      failuresADayMost: null,
    };
    const all = { lamports: 10n ** 12n, unread: 9 };
    const given = { all, subscriber: all, creator: all, failures: 99 };
    expect(sponsorRefusal(given, 10n, none)).toBeNull();
  });
  test('counts the tip of this payment once, whatever is not read yet', () => {
    const tipped = (tip: bigint, lamports: bigint) =>
      sponsorRefusal(spent({ subscriber: { lamports, unread: 2 } }), 10n, limits, tip)?.code ??
      null;
    expect(tipped(5n, 65n)).toBeNull();
    expect(tipped(5n, 66n)).toBe('sponsor_subscriber_spent');
    expect(tipped(0n, 70n)).toBeNull();
  });
  test('counts what is not read yet as the most it can have cost', () =>
    expect(code({ subscriber: { lamports: 80n, unread: 2 } })).toBe('sponsor_subscriber_spent'));
});

describe('what a payment costs', () => {
  const rule = { bpsMost: 1_000, perSol: 200_000_000n };
  test('above a tenth of its amount it waits for more, unless somebody asked', () => {
    // 10,000 lamports are 0.002 USDC: worth it from 0.02 USDC on.
    const cost = (all: bigint) => ({ fees: 10_000n, rent: 0n, all });
    expect(tooCostly([debt(20_000n)], 20_000n, cost(20_000n), rule)).toBeNull();
    const waits = tooCostly([debt(19_999n)], 19_999n, cost(19_999n), rule);
    expect(waits).toMatchObject({ class: 'accumulating', code: 'below_cost' });
    expect(waits?.detail).not.toContain('no USDC account');
    expect(tooCostly([debt(14n, true)], 14n, cost(14n), rule)).toBeNull();
  });

  test('is valued at the price of SOL in the token of the payment', () => {
    const settings = { costBpsMost: 1_000, usdcPerSol: '200000000' };
    const cost = { fees: 10_000n, rent: 0n, all: 20_000n };
    const usdt = [{ ...debt(20_000n), token: USDT }];
    // 10,000 lamports are 0.002 USDC, a tenth of the debt, and 0.00201 USDT, which is more.
    const priced = costRuleOf({ ...settings, quotePerSolOf: { USDT: '201000000' } });
    expect(tooCostly([debt(20_000n)], 20_000n, cost, priced)).toBeNull();
    expect(tooCostly(usdt, 20_000n, cost, priced)?.detail).toContain('some 0.002010 USDT');
    // A token that is not named has the price of all, as before there were two.
    expect(tooCostly(usdt, 20_000n, cost, costRuleOf(settings))).toBeNull();
    const ignored = costRuleOf({ ...settings, quotePerSolOf: { USDT: '0' } });
    expect(tooCostly(usdt, 1n, cost, ignored)).toBeNull();
  });

  test('the rent of the creator’s account is held against what all subscribers owe to the creator, fees against the payment alone', () => {
    // 2,000,000 lamports of rent are 0.4 USDC, worth it from 4.02 USDC on with the fees.
    const cost = (all: bigint) => ({ fees: 10_000n, rent: 2_000_000n, all });
    expect(tooCostly([debt(20_000n)], 20_000n, cost(4_020_000n), rule)).toBeNull();
    const waits = tooCostly([debt(20_000n)], 20_000n, cost(4_019_999n), rule);
    expect(waits).toMatchObject({ class: 'accumulating', code: 'below_cost' });
    expect(waits?.detail).toContain('4.020000 USDC is owed to this creator by all subscribers');
    // However much others owe, the fee of this payment has to be worth it.
    expect(tooCostly([debt(19_999n)], 19_999n, cost(10n ** 9n), rule)).not.toBeNull();
    expect(tooCostly([debt(14n, true)], 14n, cost(14n), rule)).toBeNull();
    expect(tooCostly([debt(7n), debt(7n, true)], 14n, cost(14n), rule)).toBeNull();
  });

  test('is read off the balances: the fee, and token accounts that are new', () => {
    const [payer, fresh, known, gone, owner] = [10, 11, 12, 13, 14].map(addressOf) as [
      Address,
      Address,
      Address,
      Address,
      Address,
    ];
    const row = (account: Address) => ({
      account,
      mint: addressOf(9),
      decimals: 6,
      owner: null,
      ownerAfter: owner,
      before: 0n,
      after: 5n,
    });
    const transaction = {
      error: null,
      keys: [payer, fresh, known, gone],
      fee: 10_000n,
      lamports: { before: [9n, 0n, 7n, 7n], after: [1n, 7n, 7n, 0n] },
      tokenBalances: [row(fresh), row(known), row(gone)],
    } as unknown as ChainTransaction;
    expect(costOf(transaction)).toEqual({
      payer,
      failed: false,
      fee: 10_000n,
      opened: [{ account: fresh, owner, lamports: 7n }],
    });
    expect(costOf({ ...transaction, lamports: null })).toBeNull();
    expect(costOf({ ...transaction, keys: [] })).toBeNull();
    expect(costOf({ ...transaction, error: 'failed' })).toMatchObject({ failed: true });
    // Opened and closed again within the transaction: nothing is left to count.
    const passing = { before: [9n, 0n, 7n, 7n], after: [1n, 0n, 7n, 0n] };
    expect(costOf({ ...transaction, lamports: passing })).toMatchObject({ opened: [] });
  });
});
