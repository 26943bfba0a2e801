// Plan: what a payment will do, decided from one reading of the chain, or why there can be none
// now. Pure: flows read, this decides. Balances are those of token accounts; collateral counts only
// as what can be withdrawn. Markets are settled only as far as the deposit falls short of the
// withdrawal.
import {
  type BaseUnits,
  BPS_WHOLE,
  formatUnits,
  type Lamports,
  least,
  mulDivCeil,
} from './money.ts';
import { type Cover, type Debt, INSUFFICIENT_FUNDS, type PaymentPlan } from './payment.ts';
import { type CostRule, tooCostly } from './spending.ts';
import { type Trouble, troubled } from './trouble.ts';

/**
 * Everything a plan depends on, read from the chain in one batch. SPL balances are token accounts,
 * never collateral.
 */
export type Preflight = {
  readonly agentLamports: Lamports;
  /**
   * Null when the agent has no token account that it can spend from: closed, frozen, or given away.
   */
  readonly agentTokens: BaseUnits | null;
  /** `foreign`: the creator gave the account away, so nothing in it would be the creator's. */
  readonly creatorAccount: 'absent' | 'open' | 'frozen' | 'foreign';
  /** Null when the Drift user does not exist. */
  readonly venue: VenueFunds | null;
  /** Null when no sponsor is configured. */
  readonly sponsorLamports: Lamports | null;
  /** Whether the sponsor has an open token account, to be reimbursed in. */
  readonly sponsorTakesTokens: boolean;
  /**
   * Why the sponsor gives nothing for these debts, whatever it holds; null or left out when it may.
   */
  readonly sponsorRefuses?: Omit<Trouble, 'lamports'> | null;
  readonly costs: SolCosts;
};

/** A market that settling brings USDC from into the deposit. */
export type Claimable = {
  readonly market: number;
  /** What settling brings, in token base units, as far as one reading tells. */
  readonly amount: BaseUnits;
  /** A position is still open there; settling it moves what is not realised as well. */
  readonly held: boolean;
};

export type VenueFunds = {
  /** USDC deposited in the Drift user, in token base units. */
  readonly deposit: BaseUnits;
  readonly claimable: readonly Claimable[];
  /** Whether positions or borrows lean on the collateral, so that not all of it may leave. */
  readonly exposed: boolean;
  /**
   * The most that may leave for the account's health, as the venue answered; null before it is
   * asked.
   */
  readonly room: BaseUnits | null;
  /** Set when the account or the venue forbids paying just now. */
  readonly blocked: Trouble | null;
};

export type SolCosts = {
  readonly lamportsPerSignature: Lamports;
  /** The most that may go to priority. */
  readonly priority: Lamports;
  /** What priority is likely to take at the present price; left out, it is as the most. */
  readonly priorityLikely?: Lamports;
  readonly tokenAccountRent: Lamports;
  /** Kept in the agent wallet when it pays its own fees. */
  readonly agentReserve: Lamports;
  /** Kept in the sponsor wallet. */
  readonly sponsorReserve: Lamports;
};

/** What the platform allows. */
export type PayingPolicy = {
  /**
   * The least part of a debt that is worth a payment when not all of it can be reached; null pays
   * whole debts only.
   */
  readonly partialLeast: BaseUnits | null;
  /**
   * While positions are open: what of the deposit must stay free beyond the venue's initial margin,
   * in basis points.
   */
  readonly marginFloorBps: number;
  /**
   * What the agent gives the sponsor for a fee: USDC base units for one SOL, and the most for one
   * payment.
   */
  readonly reimbursement: { readonly perSol: BaseUnits; readonly most: BaseUnits } | null;
  /** How much USDC an agent short of SOL may swap; null when it may not. */
  readonly topUp: BaseUnits | null;
  /** When a payment waits for more debts because of its cost; left out, never. */
  readonly cost?: CostRule;
};

export type Planned =
  | { readonly kind: 'pay'; readonly plan: PaymentPlan }
  /** The agent swaps some of its USDC for SOL first. */
  | { readonly kind: 'top_up'; readonly amount: BaseUnits }
  /**
   * `about`: whether it is the creator's trouble alone, or stands in the way of everything the
   * subscriber owes.
   */
  | { readonly kind: 'wait'; readonly about: 'creator' | 'subscriber'; readonly trouble: Trouble };

/** Markets that one payment settles at most: an account has no more positions. */
const MARKETS_MOST = 8;
const LAMPORTS_A_SOL = 1_000_000_000n;

/**
 * Covers whole debts, oldest first, as far as the money reaches; then a part of the next, if parts
 * are allowed.
 */
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
 * The markets that a payment may settle, in the order in which it does: closed positions first,
 * because settling an open one also moves what is not realised; among each, what brings most comes
 * first.
 */
export function settleable(funds: VenueFunds): Claimable[] {
  return [...funds.claimable]
    .sort(
      (a, b) =>
        Number(a.held) - Number(b.held) ||
        (a.amount === b.amount ? a.market - b.market : a.amount < b.amount ? 1 : -1),
    )
    .slice(0, MARKETS_MOST);
}

/**
 * Which markets to settle so that the deposit suffices for a withdrawal; none when it does already.
 */
function marketsToSettle(funds: VenueFunds, withdraw: BaseUnits): number[] {
  const chosen: number[] = [];
  let reached = funds.deposit;
  for (const { market, amount } of settleable(funds)) {
    if (reached >= withdraw) break;
    chosen.push(market);
    reached += amount;
  }
  return chosen;
}

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

/**
 * Who pays fee and rent: the agent as long as its reserve stays, else the sponsor. The rent of the
 * agent's own account comes back within the transaction: it must be there, and costs nothing.
 */
function choosePayer(
  preflight: Preflight,
  createAgentAccount: boolean,
  createCreatorAccount: boolean,
): { payer: PaymentPlan['feePayer']; cost: Lamports } | { trouble: Trouble } {
  const { costs } = preflight;
  const rent = createCreatorAccount ? costs.tokenAccountRent : 0n;
  const lent = createAgentAccount ? costs.tokenAccountRent : 0n;
  const ownCost = costs.lamportsPerSignature + costs.priority + rent;
  const own = ownCost + lent + costs.agentReserve;
  if (preflight.agentLamports >= own) return { payer: 'agent', cost: ownCost };
  if (preflight.sponsorLamports !== null && preflight.sponsorRefuses)
    return { trouble: { ...preflight.sponsorRefuses, lamports: own - preflight.agentLamports } };
  if (preflight.sponsorLamports === null) {
    const then = '. Top it up, or configure a sponsor.';
    return {
      trouble: needsSol('agent_needs_sol', 'agent', own - preflight.agentLamports, then),
    };
  }
  const cost = 2n * costs.lamportsPerSignature + costs.priority + rent;
  const short = cost + lent + costs.sponsorReserve - preflight.sponsorLamports;
  if (short <= 0n) return { payer: 'sponsor', cost };
  return {
    trouble: needsSol('sponsor_needs_sol', 'sponsor', short, ', and the agent cannot pay them.'),
  };
}

/**
 * Whether the agent can send a swap at all: it pays the fee and, until it is closed again, the rent
 * of an account of wrapped SOL; and it must hold the USDC in its token account.
 */
function canTopUp(preflight: Preflight, amount: BaseUnits): boolean {
  const { costs } = preflight;
  const toSend = costs.lamportsPerSignature + costs.priority + costs.tokenAccountRent;
  return (preflight.agentTokens ?? 0n) >= amount && preflight.agentLamports >= toSend;
}

const CREATOR_FROZEN = troubled(
  'creator_account_frozen',
  "The creator's USDC account is frozen by its issuer.",
);
const CREATOR_FOREIGN = troubled(
  'creator_account_given_away',
  "Another wallet owns the creator's USDC account: the creator gave it away. Agree on terms with another wallet, then retry.",
);

/**
 * What the venue lets go: nothing while it is blocked, and no more than the account's health
 * allows.
 */
function reachableFrom(funds: VenueFunds | null): BaseUnits {
  if (funds === null || funds.blocked !== null) return 0n;
  const all = settleable(funds).reduce((sum, each) => sum + each.amount, funds.deposit);
  return funds.room === null ? all : least(all, funds.room);
}

/**
 * How much beyond a withdrawal must still be free to leave, so that it may be made: the margin
 * floor in base units.
 */
export function cushionOf(funds: VenueFunds, policy: PayingPolicy): BaseUnits {
  if (!funds.exposed) return 0n;
  return mulDivCeil(funds.deposit, BigInt(policy.marginFloorBps), BPS_WHOLE);
}

/** Why nothing can be covered: the margin floor, when there would be enough without it. */
function tooLittle(debts: readonly Debt[], preflight: Preflight, policy: PayingPolicy): Trouble {
  const { venue } = preflight;
  if (venue?.blocked) return venue.blocked;
  const tokens = preflight.agentTokens ?? 0n;
  const available = formatUnits(tokens + reachableFrom(venue));
  const unbound = venue === null ? tokens : tokens + reachableFrom({ ...venue, room: null });
  const floor = coverable(debts, unbound, policy.partialLeast).length > 0;
  return troubled(
    floor ? 'margin_floor' : INSUFFICIENT_FUNDS,
    `${available} USDC can be reached${floor ? ' without bringing the account closer to liquidation than allowed' : ''}; ${formatUnits(debts[0]?.owed ?? 0n)} USDC is owed.`,
  );
}

/** Decides a payment for debts to one creator, oldest first, or says why there can be none now. */
export function plan(debts: readonly Debt[], preflight: Preflight, policy: PayingPolicy): Planned {
  const wait = (trouble: Trouble, about: 'creator' | 'subscriber' = 'subscriber'): Planned => ({
    kind: 'wait',
    about,
    trouble,
  });
  if (preflight.creatorAccount === 'frozen') return wait(CREATOR_FROZEN, 'creator');
  if (preflight.creatorAccount === 'foreign') return wait(CREATOR_FOREIGN, 'creator');
  const tokens = preflight.agentTokens ?? 0n;
  const funds = preflight.venue;
  const available = tokens + reachableFrom(funds);
  const covers = coverable(debts, available, policy.partialLeast);
  if (covers.length === 0) return wait(tooLittle(debts, preflight, policy));
  const amount = covers.reduce((sum, cover) => sum + cover.amount, 0n);
  const createAgentAccount = preflight.agentTokens === null;
  const createCreatorAccount = preflight.creatorAccount === 'absent';
  const chosen = choosePayer(preflight, createAgentAccount, createCreatorAccount);
  if ('trouble' in chosen) {
    const { topUp } = policy;
    if (topUp !== null && preflight.sponsorLamports === null && canTopUp(preflight, topUp))
      return { kind: 'top_up', amount: topUp };
    return wait(chosen.trouble);
  }
  const { priority, priorityLikely = priority } = preflight.costs;
  const likely = chosen.cost - priority + priorityLikely;
  const costly = policy.cost && tooCostly(debts, amount, likely, policy.cost);
  if (costly) return wait(costly, 'creator');
  // The debt comes first: the sponsor is reimbursed out of what is left, and never above the cap.
  // Where the wallet's tokens suffice for the debt, nothing is withdrawn for the sponsor alone.
  const due =
    policy.reimbursement === null || chosen.payer === 'agent' || !preflight.sponsorTakesTokens
      ? 0n
      : least(
          policy.reimbursement.most,
          mulDivCeil(chosen.cost, policy.reimbursement.perSol, LAMPORTS_A_SOL),
        );
  const reimburse = least(due, (tokens >= amount ? tokens : available) - amount);
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
