// Plan: the payment that follows from a preflight and the platform's policy.
import { describe, expect, test } from 'vitest';
import { cushionOf, type PayingPolicy, plan } from '../../src/core/plan.ts';
import type { Preflight } from '../../src/core/preflight.ts';
import { debt, FUNDS, POLICY, planned, preflight, RENT, trouble } from '../support/plan.ts';

describe('planning', () => {
  test("withdraws only what the agent's token account lacks", () => {
    expect(planned([debt('a', 100n)], preflight({ agentTokens: 30n })).withdraw).toBe(70n);
    expect(planned([debt('a', 100n)], preflight({ agentTokens: 100n })).withdraw).toBe(0n);
  });

  test('collateral is no wallet balance: without a Drift account only tokens count', () => {
    expect(trouble([debt('a', 100n)], preflight({ venue: null, agentTokens: 99n }))).toMatchObject({
      code: 'insufficient_funds',
      class: 'retry_when_healthier',
    });
  });

  test('covers whole debts, oldest first, as far as the money reaches', () => {
    const found = planned([debt('a', 600n), debt('b', 300n), debt('c', 200n)], preflight());
    expect(found).toMatchObject({
      amount: 900n,
      covers: [
        { shareId: 'a', amount: 600n },
        { shareId: 'b', amount: 300n },
      ],
    });
  });

  test('settles closed positions, and open ones only when the money would not reach without', () => {
    const claimable = [
      { market: 0, amount: 50n, held: false },
      { market: 1, amount: 500n, held: true },
    ];
    const venue = { ...FUNDS, deposit: 100n, claimable };
    expect(planned([debt('a', 150n)], preflight({ venue })).settleMarkets).toEqual([0]);
    expect(planned([debt('a', 151n)], preflight({ venue })).settleMarkets).toEqual([0, 1]);
  });

  test('a deposit that suffices is withdrawn from without settling anything', () => {
    const claimable = [{ market: 0, amount: 50n, held: false }];
    const venue = { ...FUNDS, deposit: 100n, claimable };
    expect(planned([debt('a', 100n)], preflight({ venue })).settleMarkets).toEqual([]);
    expect(planned([debt('a', 101n)], preflight({ venue })).settleMarkets).toEqual([0]);
  });

  test('the markets with the most profit are settled first, and only what one payment can settle is reachable', () => {
    const claimable = [1n, 1n, 1n, 20n, 20n, 1n, 1n, 1n, 1n, 1n].map((amount, market) => ({
      market,
      amount,
      held: false,
    }));
    const venue = { ...FUNDS, deposit: 0n, claimable };
    expect(planned([debt('a', 15n)], preflight({ venue })).settleMarkets).toEqual([3]);
    expect(planned([debt('a', 21n)], preflight({ venue })).settleMarkets).toEqual([3, 4]);
    // Eight markets bring 46 of 48.
    expect(planned([debt('a', 46n)], preflight({ venue })).settleMarkets).toHaveLength(8);
    expect(trouble([debt('a', 47n)], preflight({ venue })).code).toBe('insufficient_funds');
  });

  test('closed positions come before open ones, then the larger amount, then the lower market', () => {
    const claimable = [
      { market: 5, amount: 9n, held: true },
      { market: 4, amount: 2n, held: false },
      { market: 3, amount: 2n, held: false },
      { market: 2, amount: 7n, held: false },
      { market: 1, amount: 9n, held: true },
    ];
    for (const some of [claimable, [...claimable].reverse()]) {
      const venue = { ...FUNDS, deposit: 0n, claimable: some };
      expect(planned([debt('a', 29n)], preflight({ venue })).settleMarkets).toEqual([
        2, 3, 4, 1, 5,
      ]);
    }
  });

  test('settles nothing when nothing is withdrawn', () => {
    const claimable = [{ market: 0, amount: 50n, held: false }];
    const venue = { ...FUNDS, deposit: 0n, claimable };
    expect(planned([debt('a', 10n)], preflight({ venue, agentTokens: 10n })).settleMarkets).toEqual(
      [],
    );
  });

  test('the agent pays the fee while it can keep its reserve, then the sponsor', () => {
    const enough = 5_000n + 3_000_000n;
    expect(planned([debt('a', 1n)], preflight({ agentLamports: enough })).feePayer).toBe('agent');
    expect(
      planned(
        [debt('a', 1n)],
        preflight({ agentLamports: enough - 1n, sponsorLamports: 10n ** 9n }),
      ).feePayer,
    ).toBe('sponsor');
  });

  test('names the exact shortfall in lamports, rent of both accounts included', () => {
    const found = trouble(
      [debt('a', 1n)],
      preflight({ agentLamports: 7n, agentTokens: null, creatorAccount: 'absent' }),
    );
    expect(found.class).toBe('needs_sol');
    expect(found.lamports).toBe(5_000n + 2n * RENT + 3_000_000n - 7n);
    expect(found.detail).toContain(`${5_000n + 2n * RENT + 3_000_000n - 7n} lamports`);
  });

  test('the sponsor pays while it can keep its reserve, and one lamport less is too little', () => {
    // Two signatures, and ten million lamports that stay.
    const enough = 2n * 5_000n + 10_000_000n;
    const given = { agentLamports: 0n, sponsorLamports: enough };
    expect(planned([debt('a', 1n)], preflight(given)).feePayer).toBe('sponsor');
    const lacking = trouble([debt('a', 1n)], preflight({ ...given, sponsorLamports: enough - 1n }));
    expect(lacking).toMatchObject({ code: 'sponsor_needs_sol', lamports: 1n });
  });
  test('debts of nothing and no debts make no payment', () => {
    expect(trouble([debt('a', 0n), debt('b', 5n)], preflight()).code).toBe('insufficient_funds');
    expect(trouble([], preflight()).detail).toBe(
      '0.001000 USDC can be reached; 0.000000 USDC is owed.',
    );
  });

  test('a sponsor without SOL is named', () => {
    expect(
      trouble([debt('a', 1n)], preflight({ agentLamports: 0n, sponsorLamports: 0n })).code,
    ).toBe('sponsor_needs_sol');
  });

  test('frozen accounts are parked for a person', () => {
    expect(trouble([debt('a', 1n)], preflight({ creatorAccount: 'frozen' })).class).toBe(
      'permanent',
    );
  });

  test('an agent without a token account of its own pays through one that lasts for the transaction: its rent costs nothing', () => {
    const own = preflight({ agentTokens: null, agentLamports: 3_005_000n + RENT });
    expect(planned([debt('a', 10n)], own)).toMatchObject({
      createAgentAccount: true,
      withdraw: 10n,
      feePayer: 'agent',
    });
    const sponsored = preflight({
      agentTokens: null,
      agentLamports: 0n,
      sponsorLamports: 10_010_000n + RENT,
      sponsorTakesTokens: true,
    });
    const reimbursement = { perSol: 15_000_000n, most: 1_000_000n };
    expect(planned([debt('a', 10n)], sponsored, { reimbursement }).reimburse).toBe(150n);
  });

  test('a creator that gave its token account away is told apart from one without', () =>
    expect(trouble([debt('a', 1n)], preflight({ creatorAccount: 'foreign' }))).toMatchObject({
      class: 'operator',
      code: 'creator_account_given_away',
    }));

  test('a part is paid where the policy allows it, from its least size on, and the rest stays owed', () => {
    const debts = [debt('a', 600n), debt('b', 700n), debt('c', 1n)];
    expect(planned(debts, preflight(), { partialLeast: 400n })).toMatchObject({
      amount: 1_000n,
      covers: [
        { shareId: 'a', amount: 600n },
        { shareId: 'b', amount: 400n },
      ],
    });
    expect(planned(debts, preflight(), { partialLeast: 401n }).amount).toBe(600n);
    expect(trouble([debt('a', 1_001n)], preflight()).code).toBe('insufficient_funds');
    expect(planned([debt('a', 1_001n)], preflight(), { partialLeast: 1n }).amount).toBe(1_000n);
  });

  test('no more is withdrawn than the venue leaves above the margin floor', () => {
    const venue = { ...FUNDS, exposed: true, room: 99n };
    expect(trouble([debt('a', 1_001n)], preflight({ venue })).code).toBe('insufficient_funds');
    expect(trouble([debt('a', 100n)], preflight({ venue, agentTokens: 0n }))).toEqual({
      code: 'margin_floor',
      class: 'retry_when_healthier',
      detail:
        '0.000099 USDC can be reached without bringing the account closer to liquidation than allowed; 0.000100 USDC is owed.',
    });
    expect(trouble([debt('a', 2_000n)], preflight({ venue, agentTokens: 1n })).detail).toBe(
      '0.000100 USDC can be reached; 0.002000 USDC is owed.',
    );
    expect(planned([debt('a', 100n)], preflight({ venue }), { partialLeast: 1n }).withdraw).toBe(
      99n,
    );
    expect(planned([debt('a', 99n)], preflight({ venue })).withdraw).toBe(99n);
  });

  test('the cushion above the floor is a part of the deposit, rounded up, and only where something leans on it', () => {
    const policy = { ...POLICY, marginFloorBps: 500 };
    expect(cushionOf({ ...FUNDS, deposit: 1_001n, exposed: true }, policy)).toBe(51n);
    expect(cushionOf({ ...FUNDS, deposit: 1_001n }, policy)).toBe(0n);
  });

  test('the sponsor is reimbursed out of what is left, rounded up, and never above the cap', () => {
    const given = { agentLamports: 0n, sponsorLamports: 10n ** 9n, sponsorTakesTokens: true };
    const reimbursement = { perSol: 150_000_000n, most: 10_000n };
    // Two signatures, 10,000 lamports, at 150 USDC: 1,500 base units.
    const found = planned(
      [debt('a', 100n)],
      preflight({ ...given, venue: { ...FUNDS, deposit: 5_000n } }),
      { reimbursement },
    );
    expect(found).toMatchObject({ amount: 100n, reimburse: 1_500n, withdraw: 1_600n });
    // The wallet's tokens pay the debt: nothing is withdrawn for the sponsor alone.
    const tokens = preflight({ ...given, agentTokens: 700n });
    expect(planned([debt('a', 100n)], tokens, { reimbursement })).toMatchObject({
      reimburse: 600n,
      withdraw: 0n,
    });
    expect(planned([debt('a', 100n)], preflight(given), { reimbursement }).reimburse).toBe(900n);
    // The limits of the pen leave so much for the debt and the reimbursement together.
    const within = (movedMost: bigint | null) =>
      planned([debt('a', 100n)], preflight(given), { reimbursement, movedMost });
    expect(within(150n)).toMatchObject({ amount: 100n, reimburse: 50n, withdraw: 150n });
    expect(within(100n)).toMatchObject({ amount: 100n, reimburse: 0n, withdraw: 100n });
    expect([within(1_000n), within(null)].map((each) => each.reimburse)).toEqual([900n, 900n]);
    const capped = { ...reimbursement, most: 7n };
    expect(planned([debt('a', 100n)], preflight(given), { reimbursement: capped }).reimburse).toBe(
      7n,
    );
    expect(
      planned([debt('a', 100n)], preflight({ ...given, sponsorTakesTokens: false }), {
        reimbursement,
      }).reimburse,
    ).toBe(0n);
    expect(
      planned([debt('a', 100n)], preflight({ agentLamports: 10n ** 9n }), { reimbursement })
        .reimburse,
    ).toBe(0n);
  });

  test('the sponsor gets nothing where the agent pays the fee, nor without a rule, nor by a withdrawal of its own', () => {
    const given = { agentLamports: 0n, sponsorLamports: 10n ** 9n, sponsorTakesTokens: true };
    const reimbursement = { perSol: 150_000_000n, most: 10_000n };
    const rich = preflight({ ...given, agentLamports: 10n ** 9n });
    expect(planned([debt('a', 100n)], rich, { reimbursement })).toMatchObject({
      feePayer: 'agent',
      reimburse: 0n,
    });
    expect(planned([debt('a', 100n)], preflight(given)).reimburse).toBe(0n);
    // The wallet holds exactly the debt, and the venue more.
    expect(
      planned([debt('a', 100n)], preflight({ ...given, agentTokens: 100n }), { reimbursement }),
    ).toMatchObject({ reimburse: 0n, withdraw: 0n });
  });

  test('tokens that suffice are paid without the venue', () => {
    expect(planned([debt('a', 100n)], preflight({ venue: null, agentTokens: 100n }))).toMatchObject(
      { amount: 100n, withdraw: 0n, settleMarkets: [] },
    );
  });

  test('an agent short of SOL swaps some USDC first, when it can still send that', () => {
    const toSend = 5_000n + RENT;
    const given = { agentLamports: toSend, agentTokens: 2_000n };
    const ask = (more: Partial<Preflight>, policy: Partial<PayingPolicy>) =>
      plan([debt('a', 1n)], preflight({ ...given, ...more }), { ...POLICY, ...policy });
    expect(ask({}, { topUp: 2_000n })).toEqual({ kind: 'top_up', amount: 2_000n });
    expect(ask({}, { topUp: 2_001n }).kind).toBe('wait');
    expect(ask({}, {}).kind).toBe('wait');
    expect(ask({ agentLamports: toSend - 1n }, { topUp: 1n }).kind).toBe('wait');
    expect(ask({ sponsorLamports: 0n }, { topUp: 1n }).kind).toBe('wait');
    // The priority fee is part of what a swap costs to send.
    const costs = { ...preflight().costs, priority: 1_000n };
    expect(ask({ costs }, { topUp: 1n }).kind).toBe('wait');
    expect(ask({ costs, agentLamports: toSend + 1_000n }, { topUp: 1n }).kind).toBe('top_up');
  });

  test("a creator's trouble is theirs alone; the subscriber's stands in the way of every debt", () => {
    const about = (given: Partial<Preflight>) => {
      const found = plan([debt('a', 1n)], preflight(given), POLICY);
      return found.kind === 'wait' && found.about;
    };
    expect(about({ creatorAccount: 'frozen' })).toBe('creator');
    expect(about({ creatorAccount: 'foreign' })).toBe('creator');
    expect(about({ agentLamports: 0n })).toBe('subscriber');
    expect(about({ venue: null })).toBe('subscriber');
    const refusedFor = (code: 'sponsor_creator_spent' | 'sponsor_subscriber_spent') =>
      about({
        agentLamports: 0n,
        sponsorLamports: 10n ** 9n,
        sponsorRefuses: { class: 'needs_sol', code, detail: '' },
      });
    expect(refusedFor('sponsor_creator_spent')).toBe('creator');
    expect(refusedFor('sponsor_subscriber_spent')).toBe('subscriber');
  });

  test('a paused venue still lets wallet tokens pay', () => {
    const venue = {
      ...FUNDS,
      deposit: 1_000n,
      claimable: [],
      blocked: { class: 'venue_paused', code: 'withdrawals_paused', detail: '' },
    } as const;
    expect(trouble([debt('a', 100n)], preflight({ venue })).code).toBe('withdrawals_paused');
    expect(planned([debt('a', 100n)], preflight({ venue, agentTokens: 100n })).withdraw).toBe(0n);
  });
});
