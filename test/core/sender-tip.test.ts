// Sender tip: which account a payment tips, who pays the tip, and when a payment goes without.
import { describe, expect, test } from 'vitest';
import type { Address } from '../../src/core/ids.ts';
import { claimsOf, forItsPayer, rerouted, routePolicy } from '../../src/core/payment-route.ts';
import { type PayingPolicy, plan } from '../../src/core/plan.ts';
import type { Preflight } from '../../src/core/preflight.ts';
import { isAllowed, isSameTip, tipFor } from '../../src/core/sender-tip.ts';
import { plannedPayment } from '../support/payment.ts';
import { debt, FUNDS, POLICY, planned, preflight, trouble } from '../support/plan.ts';

const ACCOUNTS = ['tips1', 'tips2', 'tips3'] as Address[];
const RULE = { lamports: 5_000n, accounts: ACCOUNTS };
const LIMITS = { most: 5_000n, accounts: ACCOUNTS };
const TIP = tipFor(RULE, 'a');
const tipped = (more: Partial<Preflight> = {}, rule = RULE): Preflight => ({
  ...preflight(more),
  costs: { ...preflight().costs, ...more.costs, tip: rule },
});
/** Where the cost is half of the amount, the whole of 5,000 lamports is worth 1,000 base units. */
const COST = { perSol: 200_000_000n, bpsMost: 5_000 };

describe('the account of a tip', () => {
  test('is the same for one debt each time, and spreads over all accounts', () => {
    const chosen = Array.from({ length: 300 }, (_, n) => tipFor(RULE, `share-${n}`));
    expect(tipFor(RULE, 'share-7')).toEqual(chosen[7]);
    for (const account of ACCOUNTS) {
      const count = chosen.filter((each) => each?.account === account).length;
      expect(count).toBeGreaterThan(60);
      expect(count).toBeLessThan(140);
    }
    expect(chosen.every((each) => each?.lamports === 5_000n)).toBe(true);
  });
  test('is none without a rule', () => expect(tipFor(null, 'share-7')).toBeNull());
});

test('a tip on record is allowed within the settings as they are now', () => {
  const tip = { lamports: 5_000n, account: 'tips1' as Address };
  expect(isAllowed(tip, LIMITS)).toBe(true);
  expect(isAllowed({ ...tip, lamports: 5_001n }, LIMITS)).toBe(false);
  expect(isAllowed({ ...tip, account: 'thief' as Address }, LIMITS)).toBe(false);
  expect(isAllowed(tip, null)).toBe(false);
  expect(isSameTip(tip, { ...tip })).toBe(true);
  expect(isSameTip(undefined, undefined)).toBe(true);
  expect(isSameTip(tip, { ...tip, lamports: 4_999n })).toBe(false);
  expect(isSameTip(tip, undefined)).toBe(false);
});

describe('who pays a tip', () => {
  const own = 5_000n + 5_000n + 3_000_000n;
  const sponsor = 10_000n + 5_000n + 10_000_000n;
  test('the agent as long as its reserve remains, else the sponsor; else the payment goes without', () => {
    const at = (agentLamports: bigint, sponsorLamports: bigint | null) => {
      const { feePayer, tip } = planned(
        [debt('a', 1n)],
        tipped({ agentLamports, sponsorLamports }),
      );
      return [feePayer, tip];
    };
    expect(at(own, null)).toEqual(['agent', TIP]);
    expect(at(own - 1n, null)).toEqual(['agent', undefined]);
    expect(at(own - 1n, sponsor)).toEqual(['sponsor', TIP]);
    expect(at(own - 1n, sponsor - 1n)).toEqual(['agent', undefined]);
    expect(at(0n, sponsor - 1n)).toEqual(['sponsor', undefined]);
  });
  test('a wallet that lacks the fee itself is told what lacks without a tip', () => {
    const given = { agentLamports: 3_004_999n };
    expect(trouble([debt('a', 1n)], tipped(given))).toEqual(
      trouble([debt('a', 1n)], preflight(given)),
    );
  });
  test('a sponsor whose budget has no room for the tip pays the fee alone', () => {
    const given = { agentLamports: 0n, sponsorLamports: 10n ** 9n };
    const refusing = planned([debt('a', 1n)], tipped({ ...given, sponsorRefusesTip: true }));
    expect([refusing.feePayer, refusing.tip]).toEqual(['sponsor', undefined]);
    const agent = planned([debt('a', 1n)], tipped({ sponsorRefusesTip: true }));
    expect([agent.feePayer, agent.tip]).toEqual(['agent', TIP]);
  });
  test('a sponsor is reimbursed for the tip', () => {
    const given = { agentLamports: 0n, sponsorLamports: 10n ** 9n, sponsorTakesTokens: true };
    const reimbursement = { perSol: 1_000_000_000n, most: 10n ** 6n };
    const funds = { venue: { ...FUNDS, deposit: 100_000n } };
    const due = (read: Preflight) => planned([debt('a', 1n)], read, { reimbursement }).reimburse;
    expect(due(tipped({ ...given, ...funds }))).toBe(15_000n);
    expect(due(preflight({ ...given, ...funds }))).toBe(10_000n);
  });
});

describe('what a tip is worth', () => {
  const venue = { ...FUNDS, deposit: 100_000n };
  const tipOf = (owed: bigint, policy: Partial<PayingPolicy> = { cost: COST }, asked = false) =>
    planned([debt('a', owed, { asked })], tipped({ venue }), policy).tip;
  test('a payment that is worth its cost without the tip alone goes without', () => {
    // 5,000 lamports of fee are 1,000 base units, and 2,000 with the tip: half of 2,000 and 4,000.
    expect(tipOf(4_000n)).toEqual(TIP);
    expect(tipOf(3_999n)).toBeUndefined();
    expect(tipOf(2_000n)).toBeUndefined();
    const less = plan([debt('a', 1_999n)], tipped({ venue }), { ...POLICY, cost: COST });
    expect(less).toMatchObject({ kind: 'wait', trouble: { code: 'below_cost' } });
  });
  test('a debt that was asked for is paid at any cost, and with a tip only where it is worth one', () => {
    expect(tipOf(4_000n, { cost: COST }, true)).toEqual(TIP);
    expect(tipOf(3_999n, { cost: COST }, true)).toBeUndefined();
    expect(planned([debt('a', 1n, { asked: true })], tipped(), { cost: COST }).amount).toBe(1n);
  });
  test('without a rule of costs each payment gives a tip', () =>
    expect(tipOf(1n, {})).toEqual(TIP));
  test('without a sender a plan has not even the field', () =>
    expect(planned([debt('a', 1n)], preflight())).not.toHaveProperty('tip'));
});

describe('another route of a payment with a tip', () => {
  const account = 'tips9' as Address;
  const payment = plannedPayment({
    creatorWallet: 'creator' as Address,
    driftUser: 'user' as Address,
    plan: {
      amount: 100n,
      covers: [{ shareId: 'd1', amount: 100n }],
      withdraw: 100n,
      tip: { lamports: 7_000n, account },
    },
  });
  const from = { driftUser: 'user' as Address, subAccountId: 0 };
  const planAs = (read: Preflight) =>
    plan(claimsOf(payment), forItsPayer(payment, read), routePolicy(payment, POLICY));
  test('gives exactly the tip on record, whatever the settings say now', () => {
    for (const read of [tipped({ agentTokens: 100n }), preflight({ agentTokens: 100n })]) {
      const other = rerouted(payment, planAs(read), from);
      expect(other?.plan).toEqual({ ...payment.plan, withdraw: 0n });
    }
  });
  test('is none where the tip cannot be paid, or was not on record', () => {
    const poor = preflight({ agentTokens: 100n, agentLamports: 3_005_000n });
    expect(rerouted(payment, planAs(poor), from)).toBeNull();
    const { tip: _, ...plain } = payment.plan;
    const found = planAs(preflight({ agentTokens: 100n }));
    expect(rerouted({ ...payment, plan: plain }, found, from)).toBeNull();
  });
  test('a payment without a tip gets none', () => {
    const { tip: _, ...plain } = payment.plan;
    const bare = { ...payment, plan: plain };
    const read = forItsPayer(bare, tipped({ agentTokens: 100n }));
    const found = plan(claimsOf(bare), read, routePolicy(bare, POLICY));
    expect(rerouted(bare, found, from)?.plan).toEqual({ ...plain, withdraw: 0n });
  });
});
