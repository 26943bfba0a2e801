// Plan: decides a payment from one reading of the chain, or says why there can be none now. Pure:
// flows read. Balances are those of token accounts; collateral counts only as the amount that can
// be withdrawn. Markets are settled only as far as the deposit is short of the withdrawal.

import { INSUFFICIENT_FUNDS } from './aftermath.ts';
import { type Cover, type Debt, debtsTo, walletsOf, withoutLast } from './debt.ts';
import type { Address } from './ids.ts';
import { type BaseUnits, BPS_WHOLE, type Lamports, least, mulDivCeil } from './money.ts';
import type { PaidTo, PaymentPlan } from './payment.ts';
import type { CostRule } from './payment-cost.ts';
import { partsOfCovers } from './payment-recipients.ts';
import { canTopUp, notWorth, priced, seenOf, type Waiting } from './plan-costs.ts';
import type { Claimable, Preflight, VenueFunds } from './preflight.ts';
import type { Reimbursement } from './reimbursement.ts';
import { amountText, type Token, USDC } from './token.ts';
import { type Trouble, troubled } from './trouble.ts';

/** The platform's rules for payments. */
export type PayingPolicy = {
  /**
   * The least part of a debt that is worth a payment when not all of it can be reached; null pays
   * whole debts only.
   */
  readonly partialLeast: BaseUnits | null;
  /**
   * While positions are open: the part of the deposit, in basis points, that must stay free beyond
   * the venue's initial margin.
   */
  readonly marginFloorBps: number;
  /** The agent's reimbursement of the sponsor for a fee, in the token of the payment. */
  readonly reimbursement: Reimbursement | null;
  /** How many quote tokens an agent short of SOL may swap; null when it may not. */
  readonly topUp: BaseUnits | null;
  /** When a payment waits for more debts because of its cost; absent for never. */
  readonly cost?: CostRule;
  /**
   * The most that the payment may move by the limits of the pen, its reimbursement included; the
   * debts are within that. Absent or null for no limit.
   */
  readonly movedMost?: BaseUnits | null;
};

export type Planned =
  | { readonly kind: 'pay'; readonly plan: PaymentPlan }
  /** The agent first swaps some of its quote tokens for SOL. */
  | { readonly kind: 'top_up'; readonly amount: BaseUnits }
  /**
   * `about`: whether the trouble concerns these debts only, or all debts of the subscriber.
   * `creator`: of several recipients, the only one whose debts have to wait.
   */
  | {
      readonly kind: 'wait';
      readonly about: 'creator' | 'subscriber';
      readonly creator?: Address;
      readonly trouble: Trouble;
    };

/** The most markets that one payment settles. An account has no more positions. */
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
 * The markets that a payment may settle, in order: closed positions first, because settling an open
 * one also realises what is not realised; among equals the one that brings most first.
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
 * The markets to settle so that the deposit suffices for a withdrawal; none when it already does.
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

const creatorFrozen = ({ symbol }: Token): Trouble =>
  troubled('creator_account_frozen', `The creator's ${symbol} account is frozen by its issuer.`);
const creatorForeign = ({ symbol }: Token): Trouble =>
  troubled(
    'creator_account_given_away',
    `Another wallet owns the creator's ${symbol} account: the creator gave it away. Agree on terms with another wallet, then retry.`,
  );

/**
 * The amount that the venue lets out: nothing while it is blocked, and no more than the account's
 * health allows.
 */
function reachableFrom(funds: VenueFunds | null): BaseUnits {
  if (funds === null || funds.blocked !== null) return 0n;
  const all = settleable(funds).reduce((sum, each) => sum + each.amount, funds.deposit);
  return funds.room === null ? all : least(all, funds.room);
}

/**
 * Whether an account could pay all of these debts if `withheld` base units of its profit were
 * settled, leaving aside what its positions hold.
 */
export function reachesAll(
  debts: readonly Debt[],
  { agentTokens, venue }: Pick<Preflight, 'agentTokens' | 'venue'>,
  withheld: BaseUnits,
): boolean {
  const free = venue === null ? null : { ...venue, room: null, blocked: null };
  return (agentTokens ?? 0n) + reachableFrom(free) + withheld >= owedIn(debts);
}

/** The amount that must remain withdrawable after a withdrawal: the margin floor, in base units. */
export function cushionOf(funds: VenueFunds, policy: PayingPolicy): BaseUnits {
  if (!funds.exposed) return 0n;
  return mulDivCeil(funds.deposit, BigInt(policy.marginFloorBps), BPS_WHOLE);
}

/** The token of debts of one venue. */
const tokenOfDebts = (debts: readonly Debt[]): Token => debts[0]?.token ?? USDC;

const sumOf = (parts: readonly { readonly amount: BaseUnits }[]): BaseUnits =>
  parts.reduce((sum, each) => sum + each.amount, 0n);
const owedIn = (debts: readonly Debt[]): BaseUnits =>
  debts.reduce((sum, each) => sum + each.owed, 0n);

/**
 * Why no more than `covered` base units of these debts can be covered: the margin floor, when more
 * could be without it, else the lack of funds.
 */
function tooLittle(
  debts: readonly Debt[],
  preflight: Preflight,
  policy: PayingPolicy,
  covered: BaseUnits = 0n,
): Trouble {
  const { venue } = preflight;
  if (venue?.blocked) return venue.blocked;
  const tokens = preflight.agentTokens ?? 0n;
  const token = tokenOfDebts(debts);
  const available = amountText(tokens + reachableFrom(venue), token);
  // Where nothing uses the collateral, the account's health is no reason: a pool holds too little.
  const unbound = venue?.exposed === true ? tokens + reachableFrom({ ...venue, room: null }) : 0n;
  const floor = sumOf(coverable(debts, unbound, policy.partialLeast)) > covered;
  const owed = covered > 0n ? owedIn(debts) : (debts[0]?.owed ?? 0n);
  return troubled(
    floor ? 'margin_floor' : INSUFFICIENT_FUNDS,
    `${available} can be reached${floor ? ' without bringing the account closer to liquidation than allowed' : ''}; ${amountText(owed, token)} is owed.`,
  );
}

/**
 * The answer where a payment is not worth its cost; null when it is worth it. Where the account
 * reaches a part of the debts only, such as the oldest of them, and a payment of all of them would
 * be worth its cost, the lack of money is the reason, and another account may pay them. Of several
 * recipients, the last one is left for a later payment first.
 */
function tooDear(
  debts: readonly Debt[],
  recipients: readonly PaidTo[],
  preflight: Preflight,
  policy: PayingPolicy,
  fees: Lamports,
): Planned | null {
  const { cost } = policy;
  const costly = cost && notWorth(debts, recipients, preflight, fees, cost);
  if (!costly) return null;
  const whole = recipients.map((each) => ({
    ...each,
    amount: owedIn(debtsTo(debts, each.wallet)),
  }));
  const covered = sumOf(recipients);
  if (covered === sumOf(whole) || notWorth(debts, whole, preflight, fees, cost) !== null)
    return { kind: 'wait', about: 'creator', ...costly };
  if (walletsOf(debts).length > 1) return plan(withoutLast(debts), preflight, policy);
  const trouble = tooLittle(debts, preflight, policy, covered);
  return { kind: 'wait', about: 'subscriber', trouble };
}

/** Why a recipient cannot take tokens; null when all of them can. */
function untakenBy(wallets: readonly Address[], preflight: Preflight, token: Token) {
  for (const creator of wallets) {
    const { creatorAccount } = seenOf(preflight, creator);
    if (creatorAccount === 'frozen') return { creator, trouble: creatorFrozen(token) };
    if (creatorAccount === 'foreign') return { creator, trouble: creatorForeign(token) };
  }
  return null;
}

/**
 * Decides a payment for debts, oldest first, to one recipient or to several, or says why there can
 * be none now. Where SOL is short for all recipients, the last ones are left for a later payment.
 */
export function plan(debts: readonly Debt[], preflight: Preflight, policy: PayingPolicy): Planned {
  const wait = (
    { trouble, creator }: Waiting,
    about: 'creator' | 'subscriber' = 'subscriber',
  ): Planned => ({
    kind: 'wait',
    about,
    trouble,
    ...(creator === undefined ? {} : { creator }),
  });
  const wallets = walletsOf(debts);
  const untaken = untakenBy(wallets, preflight, tokenOfDebts(debts));
  if (untaken !== null) return wait(untaken, 'creator');
  const tokens = preflight.agentTokens ?? 0n;
  const funds = preflight.venue;
  const available = tokens + reachableFrom(funds);
  const covers = coverable(debts, available, policy.partialLeast);
  if (covers.length === 0) return wait({ trouble: tooLittle(debts, preflight, policy) });
  const amount = sumOf(covers);
  const createAgentAccount = preflight.agentTokens === null;
  const recipients = partsOfCovers(
    covers,
    debts,
    (wallet) => seenOf(preflight, wallet).creatorAccount === 'absent',
  );
  const chosen = priced(debts, recipients, preflight, createAgentAccount, policy.cost);
  if ('trouble' in chosen) {
    if (recipients.length > 1) return plan(withoutLast(debts), preflight, policy);
    const { topUp } = policy;
    if (topUp !== null && preflight.sponsorLamports === null && canTopUp(preflight, topUp))
      return { kind: 'top_up', amount: topUp };
    return wait(chosen, chosen.creator === undefined ? 'subscriber' : 'creator');
  }
  const dear = tooDear(debts, recipients, preflight, policy, chosen.fees);
  if (dear !== null) return dear;
  // The debt comes first: the sponsor is reimbursed from the rest, never above the cap or what the
  // limits of the pen leave. When the wallet's tokens suffice for the debt, nothing is withdrawn
  // for the sponsor alone.
  const due =
    policy.reimbursement === null || chosen.payer === 'agent' || !preflight.sponsorTakesTokens
      ? 0n
      : least(
          policy.reimbursement.most,
          mulDivCeil(chosen.cost, policy.reimbursement.perSol, LAMPORTS_A_SOL),
        );
  const rest = (tokens >= amount ? tokens : available) - amount;
  const { movedMost = null } = policy;
  const reimburse = least(due, movedMost === null ? rest : least(rest, movedMost - amount));
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
      createCreatorAccount: recipients[0]?.createAccount === true,
      ...(recipients.length > 1 ? { recipients } : {}),
      ...(chosen.tip === null ? {} : { tip: chosen.tip }),
    },
  };
}
