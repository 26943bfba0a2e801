// Payment route: the way by which a payment gets its tokens. Under a nonce a payment may be signed
// again by another route; see ADR 104. A route names no recipient, no amount that is paid, no debt,
// no fee payer and no tip: these stand in the payment's record, and are the same in all variants.
import type { Debt } from './debt.ts';
import type { Address } from './ids.ts';
import type { BaseUnits } from './money.ts';
import type { Payment } from './payment.ts';
import { paidTo } from './payment-recipients.ts';
import type { PayingPolicy, Planned } from './plan.ts';
import type { Preflight } from './preflight.ts';
import { isSameTip } from './sender-tip.ts';

export type Route = {
  /** The account at the venue, one of the subscriber's. */
  readonly driftUser: Address;
  readonly subAccountId: number;
  readonly withdraw: BaseUnits;
  readonly settleMarkets: readonly number[];
  /** Whether a passing account of the agent pays, in place of its own. */
  readonly createAgentAccount: boolean;
};

/** The route of a payment. */
export const routeOf = ({ driftUser, subAccountId, plan }: Payment): Route => ({
  driftUser,
  subAccountId,
  withdraw: plan.withdraw,
  settleMarkets: plan.settleMarkets,
  createAgentAccount: plan.createAgentAccount,
});

/** The same payment by another route. */
export const byRoute = (
  payment: Payment,
  { driftUser, subAccountId, withdraw, settleMarkets, createAgentAccount }: Route,
): Payment => ({
  ...payment,
  driftUser,
  subAccountId,
  plan: { ...payment.plan, withdraw, settleMarkets, createAgentAccount },
});

const isSame = (one: Route, other: Route): boolean =>
  one.driftUser === other.driftUser &&
  one.withdraw === other.withdraw &&
  one.createAgentAccount === other.createAgentAccount &&
  one.settleMarkets.join() === other.settleMarkets.join();

/**
 * The debts for which another route of a payment is planned: one for each recipient, of exactly the
 * amount on record. They exist only for planning, and are in no ledger.
 */
export const claimsOf = (payment: Payment): Debt[] =>
  paidTo(payment).map(({ wallet, amount }) => ({
    shareId: wallet,
    subscriptionId: payment.subscriptionId,
    creatorWallet: wallet,
    driftUser: payment.driftUser,
    subAccountId: payment.subAccountId,
    venue: payment.venue,
    token: payment.token,
    owed: amount,
    attempts: 0,
    slot: 0,
    minimum: 0n,
    asked: true,
  }));

const LAMPORTS_A_SOL = 1_000_000_000n;

/**
 * The rules for planning another route: no debt in part, no swap, no comparison with the cost, and
 * exactly the reimbursement on record, if there is enough for it.
 */
export const routePolicy = (
  { plan: { reimburse } }: Payment,
  policy: PayingPolicy,
): PayingPolicy => {
  const { cost: _, ...others } = policy;
  // At this price a cost of one lamport gives the whole reimbursement on record.
  const reimbursement =
    reimburse === 0n ? null : { perSol: reimburse * LAMPORTS_A_SOL, most: reimburse };
  return { ...others, partialLeast: null, topUp: null, reimbursement };
};

/** The reading in which only the fee payer on record can pay, with the tip on record. */
export const forItsPayer = <T extends Preflight>({ plan }: Payment, read: T): T => {
  const { tip: _, ...others } = read.costs;
  const { tip } = plan;
  const costs =
    tip === undefined
      ? others
      : { ...others, tip: { lamports: tip.lamports, accounts: [tip.account] } };
  return plan.feePayer === 'agent'
    ? { ...read, costs, sponsorLamports: null }
    : { ...read, costs, agentLamports: 0n };
};

/**
 * The payment by the route of a plan out of this account; null when the plan does not pay exactly
 * what is on record, or has the route that the payment has already.
 */
export function rerouted(
  payment: Payment,
  planned: Planned,
  from: Pick<Route, 'driftUser' | 'subAccountId'>,
): Payment | null {
  if (planned.kind !== 'pay') return null;
  const { plan } = planned;
  const due = paidTo(payment);
  const paid = paidTo({ creatorWallet: payment.creatorWallet, plan });
  const isWhole =
    plan.feePayer === payment.plan.feePayer &&
    plan.reimburse === payment.plan.reimburse &&
    isSameTip(plan.tip, payment.plan.tip) &&
    paid.length === due.length &&
    paid.every((each, nth) => each.wallet === due[nth]?.wallet && each.amount === due[nth]?.amount);
  const { driftUser, subAccountId } = from;
  const { withdraw, settleMarkets, createAgentAccount } = plan;
  const route = { driftUser, subAccountId, withdraw, settleMarkets, createAgentAccount };
  return !isWhole || isSame(route, routeOf(payment)) ? null : byRoute(payment, route);
}
