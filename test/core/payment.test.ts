// Payment: planning from a preflight, what a look means, and what proves a death.
import { describe, expect, test } from 'vitest';
import type { Address, Signature } from '../../src/core/ids.ts';
import {
  aftermath,
  conclude,
  type DeathEvidence,
  type Debt,
  ERROR_CLASSES,
  isProvenDead,
  next,
  type Payment,
  type SignedBytes,
} from '../../src/core/payment.ts';
import { type Preflight, plan } from '../../src/core/plan.ts';

const debt = (shareId: string, owed: bigint, more: Partial<Debt> = {}): Debt => ({
  shareId,
  owed,
  subscriptionId: 's1',
  creatorWallet: 'creator' as Address,
  driftUser: 'user' as Address,
  subAccountId: 0,
  attempts: 0,
  ...more,
});
const RENT = 2_039_280n;
const preflight = (more: Partial<Preflight> = {}): Preflight => ({
  agentLamports: 100_000_000n,
  agentTokens: 0n,
  agentFrozen: false,
  creatorAccount: 'open',
  venue: { deposit: 1_000n, claimable: [], blocked: null },
  sponsorLamports: null,
  costs: {
    lamportsPerSignature: 5_000n,
    priority: 0n,
    tokenAccountRent: RENT,
    agentReserve: 3_000_000n,
    sponsorReserve: 10_000_000n,
  },
  ...more,
});
const planned = (debts: Debt[], given: Preflight) => {
  const found = plan(debts, given);
  if (found.kind !== 'pay') throw new Error(found.trouble.detail);
  return found.plan;
};
const trouble = (debts: Debt[], given: Preflight) => {
  const found = plan(debts, given);
  if (found.kind !== 'wait') throw new Error('a payment was planned');
  return found.trouble;
};

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
    const venue = { deposit: 100n, claimable, blocked: null };
    expect(planned([debt('a', 150n)], preflight({ venue })).settleMarkets).toEqual([0]);
    expect(planned([debt('a', 151n)], preflight({ venue })).settleMarkets).toEqual([0, 1]);
  });

  test('settles nothing when nothing is withdrawn', () => {
    const venue = {
      deposit: 0n,
      claimable: [{ market: 0, amount: 50n, held: false }],
      blocked: null,
    };
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
    expect(found.detail).toContain(`${5_000n + 2n * RENT + 3_000_000n - 7n} lamports`);
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
    expect(trouble([debt('a', 1n)], preflight({ agentFrozen: true })).class).toBe('permanent');
  });

  test('a paused venue still lets wallet tokens pay', () => {
    const venue = {
      deposit: 1_000n,
      claimable: [],
      blocked: { class: 'venue_paused', code: 'withdrawals_paused', detail: '' },
    } as const;
    expect(trouble([debt('a', 100n)], preflight({ venue })).code).toBe('withdrawals_paused');
    expect(planned([debt('a', 100n)], preflight({ venue, agentTokens: 100n })).withdraw).toBe(0n);
  });
});

describe('the next step', () => {
  const payment = (state: Payment['state']) => ({ state }) as Payment;
  test('a live payment comes before any debt', () => {
    expect(next({ payment: payment('sent'), due: [debt('a', 1n)] }).do).toBe('look');
    expect(next({ payment: payment('signed'), due: [] }).do).toBe('send');
    expect(next({ payment: payment('planned'), due: [] }).do).toBe('sign');
    expect(next({ payment: null, due: [] }).do).toBe('rest');
  });
  test('one payment goes to one creator of one subscription', () => {
    const others = [
      debt('b', 1n, { subscriptionId: 's2' }),
      debt('c', 1n, { creatorWallet: 'other' as Address }),
      debt('d', 1n),
    ];
    const command = next({ payment: null, due: [debt('a', 1n), ...others] });
    expect(command.do === 'plan' && command.debts.map((each) => each.shareId)).toEqual(['a', 'd']);
  });
});

const signed: SignedBytes = {
  signature: 'sig' as Signature,
  bytes: new Uint8Array(),
  lastValidBlockHeight: 1_000,
  blockhashSlot: 10,
};

describe('looking', () => {
  test('only finalized is final', () => {
    expect(
      conclude(signed, { seen: 'executed', finality: 'confirmed', slot: 5, error: null }).do,
    ).toBe('wait');
    expect(
      conclude(signed, { seen: 'executed', finality: 'confirmed', slot: 5, error: 'x' }).do,
    ).toBe('wait');
    expect(
      conclude(signed, { seen: 'executed', finality: 'finalized', slot: 5, error: null }).do,
    ).toBe('discharge');
    expect(
      conclude(signed, { seen: 'executed', finality: 'finalized', slot: 5, error: 'x' }).do,
    ).toBe('fail');
  });
  test('an error is never an absence', () => {
    expect(conclude(signed, { seen: 'nothing', why: '429' })).toEqual({
      do: 'wait',
      rebroadcast: false,
    });
  });
  test('bytes are sent again while they can land, and not a block longer', () => {
    expect(conclude(signed, { seen: 'absent', finalizedBlockHeight: 1_000 })).toEqual({
      do: 'wait',
      rebroadcast: true,
    });
    expect(conclude(signed, { seen: 'absent', finalizedBlockHeight: 1_001 })).toEqual({
      do: 'wait',
      rebroadcast: false,
    });
    expect(conclude(signed, { seen: 'absent', finalizedBlockHeight: 1_032 }).do).toBe('wait');
    expect(conclude(signed, { seen: 'absent', finalizedBlockHeight: 1_033 }).do).toBe('prove');
  });
});

test('a death needs every answer', () => {
  const whole: DeathEvidence = {
    finalizedBlockHeight: 1_033,
    statusAbsent: true,
    transactionAbsent: true,
    historyAbsent: true,
    secondOpinion: true,
  };
  expect(isProvenDead(signed, whole)).toBe(true);
  expect(isProvenDead(signed, { ...whole, finalizedBlockHeight: 1_032 })).toBe(false);
  for (const question of [
    'statusAbsent',
    'transactionAbsent',
    'historyAbsent',
    'secondOpinion',
  ] as const) {
    expect(isProvenDead(signed, { ...whole, [question]: null }), question).toBe(false);
    expect(isProvenDead(signed, { ...whole, [question]: false }), question).toBe(false);
  }
});

test('pauses use up no attempts, and no class lets a debt die', () => {
  for (const each of ERROR_CLASSES) {
    const after = aftermath({ class: each, code: '', detail: '' });
    const paused = ['venue_paused', 'needs_sol', 'needs_authorisation'].includes(each);
    expect(after.countsAsAttempt, each).toBe(!paused);
    expect(['pending', 'failed']).toContain(after.status);
  }
});
