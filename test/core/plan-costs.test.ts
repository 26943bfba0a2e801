// Plan: the SOL that a payment needs, who gives it, and when a payment is not worth its cost.
import { expect, test } from 'vitest';
import { plan } from '../../src/core/plan.ts';
import { debt, FUNDS, POLICY, planned, preflight, RENT, trouble } from '../support/plan.ts';

test('fees, priority and rent count in full, for the agent and for the sponsor', () => {
  const costs = { ...preflight().costs, priority: 700n };
  const absent = { creatorAccount: 'absent', costs } as const;
  // One signature, priority, the rent of the creator's account, and the reserve.
  const own = 5_000n + 700n + RENT + 3_000_000n;
  expect(planned([debt('a', 1n)], preflight({ ...absent, agentLamports: own }))).toMatchObject({
    feePayer: 'agent',
    createCreatorAccount: true,
  });
  expect(trouble([debt('a', 1n)], preflight({ ...absent, agentLamports: own - 1n }))).toEqual({
    class: 'needs_sol',
    code: 'agent_needs_sol',
    detail:
      'The agent wallet lacks 0.000000001 SOL (1 lamports) for fees. Top it up, or configure a sponsor.',
    lamports: 1n,
  });
  // Two signatures; the rent of the agent's passing account comes back, but must be there.
  const sponsor = 10_000n + 700n + RENT + RENT + 10_000_000n;
  const given = { ...absent, agentTokens: null, agentLamports: 0n };
  expect(planned([debt('a', 1n)], preflight({ ...given, sponsorLamports: sponsor })).feePayer).toBe(
    'sponsor',
  );
  expect(
    trouble([debt('a', 1n)], preflight({ ...given, sponsorLamports: sponsor - 1n })),
  ).toMatchObject({
    code: 'sponsor_needs_sol',
    detail:
      'The sponsor wallet lacks 0.000000001 SOL (1 lamports) for fees, and the agent cannot pay them.',
    lamports: 1n,
  });
});

test('an agent that signs twice pays for two signatures', () => {
  const costs = { ...preflight().costs, signatures: 2n };
  const own = 10_000n + 3_000_000n;
  expect(planned([debt('a', 1n)], preflight({ costs, agentLamports: own })).feePayer).toBe('agent');
  const short = trouble([debt('a', 1n)], preflight({ costs, agentLamports: own - 1n }));
  expect(short).toMatchObject({ code: 'agent_needs_sol', lamports: 1n });
});

test('a sponsor that refuses these debts says why, and how much the agent lacks', () => {
  const sponsorRefuses = {
    class: 'needs_sol',
    code: 'sponsor_subscriber_spent',
    detail: 'Enough.',
  } as const;
  const given = { agentLamports: 5_000n, sponsorLamports: 10n ** 9n, sponsorRefuses };
  expect(trouble([debt('a', 1n)], preflight(given))).toEqual({
    ...sponsorRefuses,
    lamports: 3_000_000n,
  });
  // An agent that can pay does not ask the sponsor, and without a sponsor there is nothing to
  // refuse.
  expect(planned([debt('a', 1n)], preflight({ ...given, agentLamports: 10n ** 9n })).feePayer).toBe(
    'agent',
  );
  expect(trouble([debt('a', 1n)], preflight({ ...given, sponsorLamports: null })).code).toBe(
    'agent_needs_sol',
  );
});

test('a payment waits when its likely cost is too much for its amount', () => {
  const cost = { perSol: 150_000_000n, bpsMost: 1_000 };
  // 5,000 lamports at 150 USDC are 750 base units: a tenth of 7,500.
  const costs = { ...preflight().costs, priority: 1_000_000n, priorityLikely: 0n };
  const venue = { ...FUNDS, deposit: 10_000n };
  const given = preflight({ costs, venue });
  expect(planned([debt('a', 7_500n)], given, { cost }).amount).toBe(7_500n);
  const found = plan([debt('a', 7_499n)], given, { ...POLICY, cost });
  expect(found).toMatchObject({ kind: 'wait', about: 'creator' });
  // With the highest priority instead of the likely one it would be 150,750 base units.
  const dear = preflight({ venue, costs: { ...costs, priorityLikely: 1_000n } });
  expect(plan([debt('a', 7_500n)], dear, { ...POLICY, cost }).kind).toBe('wait');
});

test("the rent of a creator's account is held against all that is owed to it, and the fee alone against the amount", () => {
  const cost = { perSol: 150_000_000n, bpsMost: 1_000 };
  const given = (owedToCreator: bigint) =>
    preflight({
      creatorAccount: 'absent',
      owedToCreator,
      venue: { ...FUNDS, deposit: 10_000_000n },
    });
  // The fee is 750 base units, so 7,500 may be paid. 2,039,280 lamports of rent are 305,892.
  expect(planned([debt('a', 7_500n)], given(10_000_000n), { cost }).amount).toBe(7_500n);
  const dear = plan([debt('a', 7_499n)], given(10_000_000n), { ...POLICY, cost });
  expect(dear).toMatchObject({ kind: 'wait', about: 'creator' });
  const poor = plan([debt('a', 7_500n)], given(7_500n), { ...POLICY, cost });
  expect(poor).toMatchObject({ kind: 'wait', about: 'creator', creator: 'creator' });
  // Fee and rent together are 306,642: a tenth of 3,066,420.
  expect(planned([debt('a', 7_500n)], given(3_066_420n), { cost }).amount).toBe(7_500n);
  const almost = plan([debt('a', 7_500n)], given(3_066_419n), { ...POLICY, cost });
  expect(almost).toMatchObject({ kind: 'wait', creator: 'creator' });
});
