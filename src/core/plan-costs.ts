// Plan costs: decides which wallet pays the fee, rents and tip of a planned payment, and whether
// the payment is worth its cost. Costs are lamports.
import { type Debt, debtsTo } from './debt.ts';
import type { Address } from './ids.ts';
import { type BaseUnits, formatUnits, type Lamports, most } from './money.ts';
import type { PaidTo, PaymentPlan } from './payment.ts';
import { type CostRule, tooCostly } from './payment-cost.ts';
import type { CreatorSeen, Preflight, SolCosts } from './preflight.ts';
import { type SenderTip, tipFor } from './sender-tip.ts';
import { type Trouble, troubled } from './trouble.ts';

/** A reason why debts wait, and of several recipients the one whose debts wait for it. */
export type Waiting = { readonly trouble: Trouble; readonly creator?: Address };

const needsSol = (
  code: 'agent_needs_sol' | 'sponsor_needs_sol',
  whose: string,
  short: Lamports,
  then: string,
): Trouble => ({
  ...troubled(
    code,
    `The ${whose} wallet lacks ${formatUnits(short, 9)} SOL (${short} lamports) for fees${then}`,
  ),
  lamports: short,
});

/** The part of the preflight that is about this recipient. */
export const seenOf = (preflight: Preflight, wallet: Address): CreatorSeen =>
  preflight.others?.get(wallet) ?? preflight;

/** The rent of the token accounts that a payment opens for its recipients. */
export const rentOf = (recipients: readonly PaidTo[], { tokenAccountRent }: SolCosts): Lamports =>
  tokenAccountRent * BigInt(recipients.filter((each) => each.createAccount).length);

type Payer = {
  readonly payer: PaymentPlan['feePayer'];
  /** The most that fees, rent and tip can be. */
  readonly cost: Lamports;
};

/**
 * Who pays fee, rent and tip: the agent as long as its reserve remains, else the sponsor. The rent
 * of the agent's passing account returns within the transaction: it must be available but costs
 * nothing. Where the sponsor's budget for payments to one creator is spent, the answer names that
 * creator, because the debts to others need not wait for it.
 */
function choosePayer(
  preflight: Preflight,
  createAgentAccount: boolean,
  recipients: readonly PaidTo[],
  tip: Lamports,
): Payer | Waiting {
  const { costs } = preflight;
  const rent = rentOf(recipients, costs);
  const lent = createAgentAccount ? costs.tokenAccountRent : 0n;
  const rest = costs.priority + rent + tip;
  const ownCost = costs.lamportsPerSignature * (costs.signatures ?? 1n) + rest;
  const own = ownCost + lent + costs.agentReserve;
  if (preflight.agentLamports >= own) return { payer: 'agent', cost: ownCost };
  for (const { wallet: creator } of preflight.sponsorLamports === null ? [] : recipients) {
    const refusal = seenOf(preflight, creator).sponsorRefuses;
    if (refusal == null) continue;
    const trouble = { ...refusal, lamports: own - preflight.agentLamports };
    return refusal.code === 'sponsor_creator_spent' ? { trouble, creator } : { trouble };
  }
  if (preflight.sponsorLamports === null) {
    const then = '. Top it up, or configure a sponsor.';
    return {
      trouble: needsSol('agent_needs_sol', 'agent', own - preflight.agentLamports, then),
    };
  }
  const cost = 2n * costs.lamportsPerSignature + rest;
  const short = cost + lent + costs.sponsorReserve - preflight.sponsorLamports;
  if (short <= 0n) return { payer: 'sponsor', cost };
  return {
    trouble: needsSol('sponsor_needs_sol', 'sponsor', short, ', and the agent cannot pay them.'),
  };
}

/**
 * Whether the agent can send a swap: it needs SOL for the fee and for the rent of an account of
 * wrapped SOL until that is closed again, and the tokens in its token account.
 */
export function canTopUp(preflight: Preflight, amount: BaseUnits): boolean {
  const { costs } = preflight;
  const toSend = costs.lamportsPerSignature + costs.priority + costs.tokenAccountRent;
  return (preflight.agentTokens ?? 0n) >= amount && preflight.agentLamports >= toSend;
}

export type Priced = Payer & {
  /** The likely fees, with the tip and without rent. */
  readonly fees: Lamports;
  /** Null where the payment goes without a tip, through the nodes alone. */
  readonly tip: SenderTip | null;
};

/**
 * Who pays for a payment, what it costs, and whether a tip is a part of that; or why no wallet can
 * pay for it. A payment goes without the tip where no wallet can pay the tip, and where the payment
 * would not be worth its cost with it. A debt that was asked for is paid at any cost, but that is
 * no reason to give a tip.
 */
export function priced(
  debts: readonly Debt[],
  recipients: readonly PaidTo[],
  preflight: Preflight,
  createAgentAccount: boolean,
  rule: CostRule | undefined,
): Priced | Waiting {
  const { costs } = preflight;
  const at = (tip: SenderTip | null): Priced | Waiting => {
    const lamports = tip?.lamports ?? 0n;
    const chosen = choosePayer(preflight, createAgentAccount, recipients, lamports);
    if ('trouble' in chosen) return chosen;
    const { priority, priorityLikely = priority } = costs;
    return {
      ...chosen,
      fees: chosen.cost - rentOf(recipients, costs) - priority + priorityLikely,
      tip,
    };
  };
  const tip = tipFor(costs.tip ?? null, debts[0]?.shareId ?? '');
  if (tip === null) return at(null);
  const tipped = at(tip);
  if ('trouble' in tipped || isRefused(tipped, recipients, preflight)) return at(null);
  const unasked = debts.map((each) => ({ ...each, asked: false }));
  const isWorth =
    rule === undefined || notWorth(unasked, recipients, preflight, tipped.fees, rule) === null;
  return isWorth ? tipped : at(null);
}

/** Whether the sponsor would pay for this payment, and refuses the tip. */
const isRefused = (
  { payer }: Payer,
  recipients: readonly PaidTo[],
  preflight: Preflight,
): boolean =>
  payer === 'sponsor' &&
  recipients.some(({ wallet }) => seenOf(preflight, wallet).sponsorRefusesTip === true);

/**
 * Why a payment is not worth its cost; null when it is. The fees are held against the whole
 * payment, the rent of each recipient's account against all that is owed to that recipient.
 */
export function notWorth(
  debts: readonly Debt[],
  recipients: readonly PaidTo[],
  preflight: Preflight,
  fees: Lamports,
  rule: CostRule,
): Waiting | null {
  const amount = recipients.reduce((sum, each) => sum + each.amount, 0n);
  const allOf = (to: PaidTo) => most(to.amount, seenOf(preflight, to.wallet).owedToCreator ?? 0n);
  const [only] = recipients;
  if (only !== undefined && recipients.length === 1) {
    const rent = rentOf(recipients, preflight.costs);
    const own = debtsTo(debts, only.wallet);
    const trouble = tooCostly(own, amount, { fees, rent, all: allOf(only) }, rule);
    return trouble && { trouble, creator: only.wallet };
  }
  const dear = tooCostly(debts, amount, { fees, rent: 0n, all: amount }, rule);
  if (dear !== null) return { trouble: dear };
  for (const to of recipients) {
    const own = debtsTo(debts, to.wallet);
    const rent = rentOf([to], preflight.costs);
    const trouble = tooCostly(own, to.amount, { fees: 0n, rent, all: allOf(to) }, rule);
    if (trouble !== null) return { trouble, creator: to.wallet };
  }
  return null;
}
