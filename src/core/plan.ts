// Plan: what a payment will do, decided from one reading of the chain, or why there can be none now. Pure: flows read,
// this decides. Balances are those of token accounts; collateral counts only as what can be withdrawn.
import {
  type BaseUnits,
  BPS_WHOLE,
  formatUnits,
  type Lamports,
  least,
  mulDivCeil,
} from './money.ts';
import type { Cover, Debt, PaymentPlan, Trouble } from './payment.ts';

/** Everything a plan depends on, read from the chain in one batch. SPL balances are token accounts, never collateral. */
export type Preflight = {
  readonly agentLamports: Lamports;
  /** Null when the agent has no token account yet. */
  readonly agentTokens: BaseUnits | null;
  readonly agentFrozen: boolean;
  readonly creatorAccount: 'absent' | 'open' | 'frozen';
  /** Null when the Drift user does not exist. */
  readonly venue: VenueFunds | null;
  /** Null when no sponsor is configured. */
  readonly sponsorLamports: Lamports | null;
  /** Whether the sponsor has an open token account, to be reimbursed in. */
  readonly sponsorTakesTokens: boolean;
  readonly costs: SolCosts;
};

export type VenueFunds = {
  /** USDC deposited in the Drift user, in token base units. */
  readonly deposit: BaseUnits;
  /** Markets whose realised but unsettled PnL is positive; `held` where a position is still open there. */
  readonly claimable: readonly {
    readonly market: number;
    readonly amount: BaseUnits;
    readonly held: boolean;
  }[];
  /** Whether positions or borrows lean on the collateral, so that not all of it may leave. */
  readonly exposed: boolean;
  /** The most that may leave for the account's health, once the venue was asked; null when it was not. */
  readonly room: BaseUnits | null;
  /** Set when the account or the venue forbids paying just now. */
  readonly blocked: Trouble | null;
};

export type SolCosts = {
  readonly lamportsPerSignature: Lamports;
  readonly priority: Lamports;
  readonly tokenAccountRent: Lamports;
  /** Kept in the agent wallet when it pays its own fees. */
  readonly agentReserve: Lamports;
  /** Kept in the sponsor wallet. */
  readonly sponsorReserve: Lamports;
};

/** What the platform allows. */
export type PayingPolicy = {
  /** The least part of a debt that is worth a payment when not all of it can be reached; null pays whole debts only. */
  readonly partialLeast: BaseUnits | null;
  /** While positions are open: what of the deposit must stay free beyond the venue's initial margin, in basis points. */
  readonly marginFloorBps: number;
  /** What the agent gives the sponsor for a fee: USDC base units for one SOL, and the most for one payment. */
  readonly reimbursement: { readonly perSol: BaseUnits; readonly most: BaseUnits } | null;
  /** How much USDC an agent short of SOL may swap; null when it may not. */
  readonly topUp: BaseUnits | null;
};

export type Planned =
  | { readonly kind: 'pay'; readonly plan: PaymentPlan }
  /** The agent swaps some of its USDC for SOL first. */
  | { readonly kind: 'top_up'; readonly amount: BaseUnits }
  /** `about`: whether it is the creator's trouble alone, or stands in the way of everything the subscriber owes. */
  | { readonly kind: 'wait'; readonly about: 'creator' | 'subscriber'; readonly trouble: Trouble };

/** Markets that one transaction can settle without a lookup table. */
const MARKETS_MOST = 3;
const LAMPORTS_A_SOL = 1_000_000_000n;

/** Covers whole debts, oldest first, as far as the money reaches; then a part of the next, if parts are allowed. */
function coverable(
  debts: readonly Debt[],
  available: BaseUnits,
  partialLeast: BaseUnits | null,
): Cover[] {
  const covers: Cover[] = [];
  let left = available;
  for (const debt of debts) {
    const amount = least(debt.owed, left);
    if (amount < debt.owed && (partialLeast === null || amount < partialLeast)) break;
    if (amount === 0n) break;
    covers.push({ shareId: debt.shareId, amount });
    left -= amount;
  }
  return covers;
}

/**
 * Which markets to settle before withdrawing: every closed one, and open ones only as far as the deposit would not
 * suffice without them, because settling an open position also moves what is not realised. No more fit one transaction.
 */
function marketsToSettle(funds: VenueFunds, withdraw: BaseUnits): number[] {
  const closed = funds.claimable.filter((each) => !each.held);
  let reached = closed.reduce((sum, each) => sum + each.amount, funds.deposit);
  const chosen = [...closed];
  for (const open of funds.claimable.filter((each) => each.held)) {
    if (reached >= withdraw) break;
    chosen.push(open);
    reached += open.amount;
  }
  return chosen.slice(0, MARKETS_MOST).map((each) => each.market);
}

const needsSol = (code: string, whose: string, short: Lamports, then: string): Trouble => ({
  class: 'needs_sol',
  code,
  detail: `The ${whose} wallet lacks ${formatUnits(short, 9)} SOL (${short} lamports) for fees${then}`,
  lamports: short,
});

/** Who pays fee and rent: the agent as long as its reserve stays, else the sponsor. */
function choosePayer(
  preflight: Preflight,
  accountsToCreate: bigint,
): { payer: PaymentPlan['feePayer']; cost: Lamports } | { trouble: Trouble } {
  const { costs } = preflight;
  const rent = accountsToCreate * costs.tokenAccountRent;
  const own = costs.lamportsPerSignature + costs.priority + rent + costs.agentReserve;
  if (preflight.agentLamports >= own) return { payer: 'agent', cost: own - costs.agentReserve };
  if (preflight.sponsorLamports === null) {
    const then = '. Top it up, or configure a sponsor.';
    return {
      trouble: needsSol('agent_needs_sol', 'agent', own - preflight.agentLamports, then),
    };
  }
  const cost = 2n * costs.lamportsPerSignature + costs.priority + rent;
  const short = cost + costs.sponsorReserve - preflight.sponsorLamports;
  if (short <= 0n) return { payer: 'sponsor', cost };
  return {
    trouble: needsSol('sponsor_needs_sol', 'sponsor', short, ', and the agent cannot pay them.'),
  };
}

/**
 * Whether the agent can send a swap at all: it pays the fee and, until it is closed again, the rent of an account of
 * wrapped SOL; and it must hold the USDC in its token account.
 */
function canTopUp(preflight: Preflight, amount: BaseUnits): boolean {
  const { costs } = preflight;
  const toSend = costs.lamportsPerSignature + costs.priority + costs.tokenAccountRent;
  return (preflight.agentTokens ?? 0n) >= amount && preflight.agentLamports >= toSend;
}

const frozen = (whose: string): Trouble => ({
  class: 'permanent',
  code: `${whose}_account_frozen`,
  detail: `The ${whose}'s USDC account is frozen by its issuer.`,
});

/** What the venue lets go: nothing while it is blocked, and no more than the account's health allows. */
function reachableFrom(funds: VenueFunds | null): BaseUnits {
  if (funds === null || funds.blocked !== null) return 0n;
  const all = funds.claimable.reduce((sum, each) => sum + each.amount, funds.deposit);
  return funds.room === null ? all : least(all, funds.room);
}

/** How much beyond a withdrawal must still be free to leave, so that it may be made: the margin floor in base units. */
export function cushionOf(funds: VenueFunds, policy: PayingPolicy): BaseUnits {
  if (!funds.exposed) return 0n;
  return mulDivCeil(funds.deposit, BigInt(policy.marginFloorBps), BPS_WHOLE);
}

/** Decides a payment for debts to one creator, oldest first, or says why there can be none now. */
export function plan(debts: readonly Debt[], preflight: Preflight, policy: PayingPolicy): Planned {
  const wait = (trouble: Trouble, about: 'creator' | 'subscriber' = 'subscriber'): Planned => ({
    kind: 'wait',
    about,
    trouble,
  });
  if (preflight.agentFrozen) return wait(frozen('agent'));
  if (preflight.creatorAccount === 'frozen') return wait(frozen('creator'), 'creator');
  const tokens = preflight.agentTokens ?? 0n;
  const funds = preflight.venue;
  const available = tokens + reachableFrom(funds);
  const covers = coverable(debts, available, policy.partialLeast);
  if (covers.length === 0) {
    if (funds?.blocked) return wait(funds.blocked);
    const owed = formatUnits(debts[0]?.owed ?? 0n);
    return wait({
      class: 'retry_when_healthier',
      code: funds?.room == null ? 'insufficient_funds' : 'margin_floor',
      detail: `${formatUnits(available)} USDC can be reached${funds?.room == null ? '' : ' without bringing the account closer to liquidation than allowed'}, ${owed} USDC is owed.`,
    });
  }
  const amount = covers.reduce((sum, cover) => sum + cover.amount, 0n);
  const createAgentAccount = preflight.agentTokens === null;
  const createCreatorAccount = preflight.creatorAccount === 'absent';
  const creations = (createAgentAccount ? 1n : 0n) + (createCreatorAccount ? 1n : 0n);
  const chosen = choosePayer(preflight, creations);
  if ('trouble' in chosen) {
    const { topUp } = policy;
    if (topUp !== null && preflight.sponsorLamports === null && canTopUp(preflight, topUp))
      return { kind: 'top_up', amount: topUp };
    return wait(chosen.trouble);
  }
  // The debt comes first: the sponsor is reimbursed out of what is left, and never above the cap.
  const due =
    policy.reimbursement === null || chosen.payer === 'agent' || !preflight.sponsorTakesTokens
      ? 0n
      : least(
          policy.reimbursement.most,
          mulDivCeil(chosen.cost, policy.reimbursement.perSol, LAMPORTS_A_SOL),
        );
  const reimburse = least(due, available - amount);
  const withdraw = amount + reimburse - least(amount + reimburse, tokens);
  return {
    kind: 'pay',
    plan: {
      amount,
      covers,
      withdraw,
      settleMarkets: withdraw > 0n && funds !== null ? marketsToSettle(funds, withdraw) : [],
      feePayer: chosen.payer,
      reimburse,
      createAgentAccount,
      createCreatorAccount,
    },
  };
}
