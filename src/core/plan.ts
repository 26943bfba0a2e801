// Plan: what a payment will do, decided from one reading of the chain, or why there can be none now. Pure: flows read,
// this decides. Balances are those of token accounts; collateral counts only as what can be withdrawn.
import { type BaseUnits, formatUnits, type Lamports, least } from './money.ts';
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

export type Planned =
  | { readonly kind: 'pay'; readonly plan: PaymentPlan }
  | { readonly kind: 'wait'; readonly trouble: Trouble };

/** Markets that one transaction can settle without a lookup table. */
const MARKETS_MOST = 3;

/** Covers whole debts, oldest first, as far as the money reaches. */
function coverable(debts: readonly Debt[], available: BaseUnits): Cover[] {
  const covers: Cover[] = [];
  let left = available;
  for (const debt of debts) {
    if (debt.owed > left) break;
    covers.push({ shareId: debt.shareId, amount: debt.owed });
    left -= debt.owed;
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

function choosePayer(
  preflight: Preflight,
  accountsToCreate: bigint,
): { payer: PaymentPlan['feePayer'] } | { trouble: Trouble } {
  const { costs } = preflight;
  const rent = accountsToCreate * costs.tokenAccountRent;
  const own = costs.lamportsPerSignature + costs.priority + rent + costs.agentReserve;
  if (preflight.agentLamports >= own) return { payer: 'agent' };
  const agentShort = own - preflight.agentLamports;
  if (preflight.sponsorLamports === null) {
    return {
      trouble: {
        class: 'needs_sol',
        code: 'agent_needs_sol',
        detail: `The agent wallet lacks ${formatUnits(agentShort, 9)} SOL (${agentShort} lamports) for fees. Top it up, or configure a sponsor.`,
      },
    };
  }
  const theirs = 2n * costs.lamportsPerSignature + costs.priority + rent + costs.sponsorReserve;
  if (preflight.sponsorLamports >= theirs) return { payer: 'sponsor' };
  const short = theirs - preflight.sponsorLamports;
  return {
    trouble: {
      class: 'needs_sol',
      code: 'sponsor_needs_sol',
      detail: `The sponsor wallet lacks ${formatUnits(short, 9)} SOL (${short} lamports) for fees, and the agent cannot pay them itself.`,
    },
  };
}

/** Decides a payment for debts of one subscription, or says why there can be none now. */
export function plan(debts: readonly Debt[], preflight: Preflight): Planned {
  const wait = (trouble: Trouble): Planned => ({ kind: 'wait', trouble });
  if (preflight.agentFrozen) {
    return wait({
      class: 'permanent',
      code: 'agent_account_frozen',
      detail: "The agent's USDC account is frozen by its issuer.",
    });
  }
  if (preflight.creatorAccount === 'frozen') {
    return wait({
      class: 'permanent',
      code: 'creator_account_frozen',
      detail: "The creator's USDC account is frozen by its issuer.",
    });
  }
  const tokens = preflight.agentTokens ?? 0n;
  const funds = preflight.venue;
  const claimable = funds?.claimable.reduce((sum, each) => sum + each.amount, 0n) ?? 0n;
  const reachable = funds === null || funds.blocked !== null ? 0n : funds.deposit + claimable;
  const covers = coverable(debts, tokens + reachable);
  if (covers.length === 0) {
    if (funds?.blocked) return wait(funds.blocked);
    return wait({
      class: 'retry_when_healthier',
      code: 'insufficient_funds',
      detail: `${formatUnits(tokens + reachable)} USDC can be reached, ${formatUnits(debts[0]?.owed ?? 0n)} USDC is owed.`,
    });
  }
  const amount = covers.reduce((sum, cover) => sum + cover.amount, 0n);
  const withdraw = amount - least(amount, tokens);
  const createAgentAccount = preflight.agentTokens === null;
  const creations =
    (createAgentAccount ? 1n : 0n) + (preflight.creatorAccount === 'absent' ? 1n : 0n);
  const chosen = choosePayer(preflight, creations);
  if ('trouble' in chosen) return wait(chosen.trouble);
  return {
    kind: 'pay',
    plan: {
      amount,
      covers,
      withdraw,
      settleMarkets: withdraw > 0n && funds !== null ? marketsToSettle(funds, withdraw) : [],
      feePayer: chosen.payer,
      createAgentAccount,
    },
  };
}
