// Payment route: another way for the same payment. Recipients, amounts and fee payer never differ.
import { describe, expect, test } from 'vitest';
import type { Address } from '../../src/core/ids.ts';
import type { PaidTo } from '../../src/core/payment.ts';
import {
  byRoute,
  claimsOf,
  forItsPayer,
  rerouted,
  routePolicy,
} from '../../src/core/payment-route.ts';
import { plan } from '../../src/core/plan.ts';
import { plannedPayment } from '../support/payment.ts';
import { FUNDS, POLICY, preflight } from '../support/plan.ts';

const [CREATOR, OTHER, USER] = ['creator', 'other', 'user'] as Address[] as [
  Address,
  Address,
  Address,
];
const FROM = { driftUser: USER, subAccountId: 0 };
const SECOND = { driftUser: 'second' as Address, subAccountId: 1 };
const sponsored = { feePayer: 'sponsor', reimburse: 7n } as const;
/** A payment of 100 out of the deposit, as the record has it. */
const payment = plannedPayment({
  creatorWallet: CREATOR,
  ...FROM,
  plan: { amount: 100n, covers: [{ shareId: 'd1', amount: 100n }], withdraw: 100n },
});
const read = preflight();
const planOf = (given = payment, seen: Partial<typeof read> = {}, policy = POLICY) =>
  plan(claimsOf(given), forItsPayer(given, { ...read, ...seen }), routePolicy(given, policy));

describe('another route for a payment', () => {
  test('it is none while the payment goes the way that would be planned now', () => {
    expect(rerouted(payment, planOf(), FROM)).toBeNull();
  });
  test.each([
    ['a passing account', { agentTokens: null }, FROM, { createAgentAccount: true }],
    ['the wallet', { agentTokens: 100n }, FROM, { withdraw: 0n }],
    ['the wallet and the venue', { agentTokens: 30n }, FROM, { withdraw: 70n }],
    [
      'a market that is settled',
      { venue: { ...FUNDS, deposit: 1n, claimable: [{ market: 4, amount: 200n, held: false }] } },
      FROM,
      { settleMarkets: [4] },
    ],
    ['another account', {}, SECOND, {}],
  ])('%s pays', (_, seen, from, way) => {
    expect(rerouted(payment, planOf(payment, seen), from)).toEqual({
      ...payment,
      ...from,
      plan: { ...payment.plan, ...way },
    });
  });
  test('debts, recipients and amounts stay those of the record', () => {
    const recipients = [
      { wallet: CREATOR, amount: 60n, createAccount: true },
      { wallet: OTHER, amount: 40n, createAccount: false },
    ];
    const split = { ...payment, plan: { ...payment.plan, recipients } };
    const found = rerouted(split, planOf(split, { agentTokens: null }), FROM);
    expect(found?.plan).toEqual({ ...split.plan, createAgentAccount: true });
    // A plan that pays one of the two, or more to one of them, is no route.
    for (const other of [
      recipients.slice(0, 1),
      [
        { ...recipients[0]!, amount: 61n },
        { ...recipients[1]!, amount: 39n },
      ],
    ]) {
      const planned = planOf(
        { ...split, plan: { ...split.plan, recipients: other } },
        { agentTokens: null },
      );
      expect(planned.kind).toBe('pay');
      expect(rerouted(split, planned, FROM)).toBeNull();
    }
  });
  test('there is none for a plan with another recipient, amount, fee payer or reimbursement', () => {
    const recipients = [
      { wallet: CREATOR, amount: 60n, createAccount: false },
      { wallet: OTHER, amount: 40n, createAccount: false },
    ];
    const split = { ...payment, plan: { ...payment.plan, recipients } };
    const away = planOf(split, { agentTokens: null });
    if (away.kind !== 'pay') throw new Error(`a ${away.kind} was planned`);
    const by = (change: Partial<typeof away.plan>) =>
      rerouted(split, { ...away, plan: { ...away.plan, ...change } }, FROM);
    expect(by({})).not.toBeNull();
    const [to, house] = recipients as [PaidTo, PaidTo];
    expect(by({ recipients: [to, { ...house, wallet: 'third' as Address }] })).toBeNull();
    expect(by({ recipients: [to, { ...house, amount: 41n }] })).toBeNull();
    expect(
      by({ recipients: [...recipients, { ...house, wallet: 'third' as Address }] }),
    ).toBeNull();
    expect(by({ feePayer: 'sponsor' })).toBeNull();
    expect(by({ reimburse: 1n })).toBeNull();
  });
  test('there is none for a part, and none with a swap', () => {
    const poor = { agentTokens: null, venue: { ...FUNDS, deposit: 99n } };
    const generous = { ...POLICY, partialLeast: 1n };
    expect(rerouted(payment, planOf(payment, poor, generous), FROM)).toBeNull();
    const bare = { agentTokens: 100n, agentLamports: 2_100_000n };
    const swapping = { ...POLICY, topUp: 5n };
    expect(planOf(payment, bare, swapping)).toMatchObject({ kind: 'wait' });
  });
  test('the fee payer of the record pays, and gets the reimbursement of the record', () => {
    const rich = { sponsorLamports: 10n ** 12n, sponsorTakesTokens: true, agentTokens: null };
    const agents = rerouted(payment, planOf(payment, { ...rich, agentLamports: 0n }), FROM);
    expect(agents, 'the sponsor does not step in').toBeNull();
    const own = { ...payment, plan: { ...payment.plan, ...sponsored, withdraw: 107n } };
    const found = rerouted(own, planOf(own, rich), FROM);
    expect(found?.plan).toEqual({ ...own.plan, createAgentAccount: true });
    // With 106 of 107 there is too little for the reimbursement.
    const short = { ...rich, venue: { ...FUNDS, deposit: 106n } };
    expect(rerouted(own, planOf(own, short), FROM)).toBeNull();
  });
  test('a payment that was worth its cost once is not compared with its cost again', () => {
    const cost = { bpsMost: 0n, perSol: 10n ** 15n, perSolOf: new Map() };
    const policy = routePolicy(payment, { ...POLICY, cost: cost as never });
    expect(policy.cost).toBeUndefined();
  });
  test('a route changes nothing but the way', () => {
    const way = { ...SECOND, withdraw: 1n, settleMarkets: [9], createAgentAccount: true };
    const { driftUser, subAccountId, plan: changed, ...rest } = byRoute(payment, way);
    expect({ ...rest, driftUser: USER, subAccountId: 0, plan: payment.plan }).toEqual(payment);
    const { withdraw, settleMarkets, createAgentAccount } = changed;
    expect({ driftUser, subAccountId, withdraw, settleMarkets, createAgentAccount }).toEqual(way);
  });
});
