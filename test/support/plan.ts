// Plan: debts, a preflight and a policy as plain as can be, and what is planned from them.

import type { Debt } from '../../src/core/debt.ts';
import type { Address } from '../../src/core/ids.ts';
import { type PayingPolicy, plan } from '../../src/core/plan.ts';
import type { Preflight, VenueFunds } from '../../src/core/preflight.ts';
import { USDC } from '../../src/core/token.ts';

export const debt = (shareId: string, owed: bigint, more: Partial<Debt> = {}): Debt => ({
  shareId,
  owed,
  subscriptionId: 's1',
  creatorWallet: 'creator' as Address,
  driftUser: 'user' as Address,
  subAccountId: 0,
  venue: 'drift-v2',
  token: USDC,
  attempts: 0,
  minimum: 0n,
  slot: 1,
  ...more,
});
export const RENT = 2_039_280n;
export const FUNDS: VenueFunds = {
  deposit: 1_000n,
  claimable: [],
  exposed: false,
  room: null,
  blocked: null,
};
export const POLICY: PayingPolicy = {
  partialLeast: null,
  marginFloorBps: 0,
  reimbursement: null,
  topUp: null,
};
export const preflight = (more: Partial<Preflight> = {}): Preflight => ({
  agentLamports: 100_000_000n,
  agentTokens: 0n,
  creatorAccount: 'open',
  venue: FUNDS,
  sponsorTakesTokens: false,
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
export const planned = (debts: Debt[], given: Preflight, policy: Partial<PayingPolicy> = {}) => {
  const found = plan(debts, given, { ...POLICY, ...policy });
  if (found.kind !== 'pay') throw new Error(JSON.stringify(found.kind));
  return found.plan;
};
export const trouble = (debts: Debt[], given: Preflight, policy: Partial<PayingPolicy> = {}) => {
  const found = plan(debts, given, { ...POLICY, ...policy });
  if (found.kind !== 'wait') throw new Error('a payment was planned');
  return found.trouble;
};
