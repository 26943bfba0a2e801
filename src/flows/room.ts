// Room: finds out how much the venue lets a payment withdraw, by simulating the settlement and the
// withdrawal alone. A market that the venue does not settle is left out. When the venue refuses the
// withdrawal because too little collateral would be left, a smaller amount is tried. The plan that
// is returned was simulated without an error, with its markets.

import { moreTelling, sinceReading, withholdsProfit } from '../core/aftermath.ts';
import type { Chain } from '../core/chain-ports.ts';
import { type Debt, toFirst, withoutLast } from '../core/debt.ts';
import { type BaseUnits, least } from '../core/money.ts';
import type { Payment, PaymentPlan } from '../core/payment.ts';
import {
  cushionOf,
  type PayingPolicy,
  type Planned,
  plan,
  reachesAll,
  settleable,
} from '../core/plan.ts';
import type { Subscriber } from '../core/ports.ts';
import type { Preflight, VenueFunds } from '../core/preflight.ts';
import { type Trouble, troubled } from '../core/trouble.ts';
import type { SeenAccount } from '../core/venue.ts';
import { aroundOf, instructionsOf, partsOf, type ReadPorts } from './preflight.ts';

export type RoomRequest = {
  readonly subscriber: Subscriber;
  readonly debts: readonly Debt[];
  /** All debts that rest where these cannot be paid. */
  readonly due: readonly Debt[];
  readonly preflight: Preflight;
  /** The account at the venue as the preflight read it. */
  readonly account: SeenAccount | null;
  readonly policy: PayingPolicy;
  /** The payment that a plan would become. */
  readonly paymentOf: (decided: PaymentPlan) => Payment;
};

/** A plan that was granted, and the account from which it was measured. */
export type Granted = { readonly planned: Planned; readonly account: SeenAccount | null };

type Answer =
  /** The withdrawal passes, and this amount arrives. */
  | { readonly kind: 'granted'; readonly room: BaseUnits }
  /** After the withdrawal too little collateral would be left. */
  | { readonly kind: 'short' }
  /** The venue does not settle the PnL of this market. */
  | { readonly kind: 'not_settled'; readonly market: number; readonly trouble: Trouble }
  /** `opening`: the refused instruction opens a token account, and comes before the venue's own. */
  | { readonly kind: 'refused'; readonly trouble: Trouble; readonly opening: boolean };

/**
 * The most plans that are tried for one payment: each market may be refused once, and all may be
 * tried together once.
 */
const PLANS_MOST = 12;
/**
 * How often the search for the largest amount halves its interval when the venue refuses instead of
 * giving less. Six halvings find the amount to within 1/64 of the interval.
 */
const HALVINGS = 6;

const SETTLED_SHORT = troubled(
  'settled_short',
  'Settling brings less than the account may claim: the profit pool of a market holds too little. The debt is tried again on schedule; this uses up no attempts.',
);
const TOO_LARGE = troubled(
  'transaction_too_large',
  'The account uses so many markets that a payment out of it does not fit one transaction. Close a position, or name a lookup table that holds the markets.',
);

/** The index of the instruction that failed; -1 when none did. */
const failedAt = (error: unknown): number => {
  const at = (error as { InstructionError?: [number, unknown] } | null)?.InstructionError;
  return Array.isArray(at) ? at[0] : -1;
};

/**
 * A request with the newest reading of its account: the account is read again when the venue
 * refused the earlier reading.
 */
type Measured = Omit<RoomRequest, 'account'> & { account: SeenAccount | null };

/** Creates the function that measures how much a payment may withdraw. */
export function createRoom(ports: ReadPorts & { readonly chain: Chain }) {
  const { chain } = ports;

  /**
   * Simulates settling these markets and withdrawing this amount. An error that suggests outdated
   * accounts is simulated once more.
   */
  const ask = async (request: Measured, decided: PaymentPlan): Promise<Answer> => {
    const { subscriber, preflight } = request;
    for (let again = false; ; again = true) {
      const payment = request.paymentOf(decided);
      const venue = ports.venues.of(payment.venue);
      const parts = partsOf(ports, payment, subscriber);
      const { quoteMint } = venue;
      const { before } = await aroundOf(ports, parts);
      const { account } = request;
      const drawn =
        account === null ? [] : await venue.instructions(parts, account, chain.accounts);
      const instructions = [...before, ...drawn];
      const simulated = await chain.simulate(parts.payer, instructions, [parts.source]);
      if (simulated.error === null) {
        const after = ports.tokens.readTokenAccount(
          simulated.accounts[0] ?? null,
          quoteMint,
          subscriber.agentWallet,
        );
        const tokens = preflight.agentTokens ?? 0n;
        return { kind: 'granted', room: (after?.amount ?? tokens) - tokens };
      }
      const found = venue.trouble(simulated.error, simulated.programs, simulated.logs);
      const refreshed = account === null || again ? null : venue.refreshed(found, account);
      if (refreshed !== null) {
        request.account = refreshed;
        continue;
      }
      // The venue may have moved an oracle, or a market changed: both are read again, once.
      if (found.class === 'operator' && !again) {
        venue.forgetOracles();
        request.account = await venue.account(payment.driftUser, chain.accounts);
        continue;
      }
      const trouble = sinceReading(found);
      const prefix = simulated.programs.length - instructions.length;
      const at = failedAt(simulated.error) - prefix;
      const market = decided.settleMarkets[at - before.length];
      if (market !== undefined) return { kind: 'not_settled', market, trouble };
      if (trouble.code === venue.shortOfCollateral) return { kind: 'short' };
      return { kind: 'refused', trouble, opening: at >= 0 && at < before.length };
    }
  };

  /** Whether the payment that a plan would become fits one transaction. */
  const fits = async (
    { subscriber, account, paymentOf }: Measured,
    decided: PaymentPlan,
  ): Promise<boolean> => {
    const parts = partsOf(ports, paymentOf(decided), subscriber);
    return chain.fits(parts.payer, await instructionsOf(ports, parts, account));
  };

  /**
   * The largest amount below a refused one that passes, found with few simulations. The smallest
   * amount that is of use is tried first; 0 when it does not pass.
   */
  const below = async (
    request: Measured,
    decided: PaymentPlan,
    refused: BaseUnits,
    leastOfUse: BaseUnits,
  ): Promise<BaseUnits> => {
    const passes = async (withdraw: BaseUnits): Promise<BaseUnits | null> => {
      const answer = await ask(request, { ...decided, withdraw });
      return answer.kind === 'granted' ? answer.room : null;
    };
    if (leastOfUse >= refused) return 0n;
    let room = await passes(leastOfUse);
    if (room === null) return 0n;
    let above = refused;
    for (let halving = 0; halving < HALVINGS; halving++) {
      const amount = (room + above) / 2n;
      if (amount <= room) break;
      const arrives = await passes(amount);
      if (arrives === null) above = amount;
      else room = arrives;
    }
    return room;
  };

  /** The best plan that the venue grants, or the reason why there is none. */
  const best = async (request: Measured): Promise<Planned> => {
    const { preflight, policy, paymentOf } = request;
    // Where a payment to several recipients does not fit, the last ones are left for the next one.
    let { debts } = request;
    /** The trouble that kept a market from being settled, when the debts wait for that. */
    let unsettled: Trouble | null = null;
    /** The profit in markets that are not settled, in base units. */
    let withheld: BaseUnits = 0n;
    // A market that withholds less than what is missing for all debts that would rest is no reason:
    // the account would not pay them with that profit either.
    const isReason = (trouble: Trouble): boolean =>
      !withholdsProfit(trouble) ||
      reachesAll(request.due, { ...preflight, venue: funds }, withheld);
    const told = (found: Planned): Planned =>
      found.kind === 'wait' && unsettled !== null && isReason(unsettled)
        ? { ...found, trouble: moreTelling(found.trouble, unsettled) }
        : found;
    // Where a payment does not fit with a tip, it goes without.
    let { costs } = preflight;
    const dropTip = (): void => {
      const { tip: _, ...others } = costs;
      costs = others;
    };
    const planWith = (venueFunds: VenueFunds | null): Planned =>
      plan(debts, { ...preflight, costs, venue: venueFunds }, policy);
    let funds = preflight.venue;
    // Whether the plan settles every market that can be settled; profit that is not settled is no
    // collateral.
    let everything = false;
    /** The plan for as many recipients as fit one transaction. */
    const planned = async (): Promise<Planned> => {
      for (;;) {
        const found = planWith(funds);
        if (found.kind !== 'pay' || found.plan.recipients === undefined) return found;
        const all = funds === null ? [] : settleable(funds).map((each) => each.market);
        const settleMarkets = everything ? all : found.plan.settleMarkets;
        if (await fits(request, { ...found.plan, settleMarkets })) return found;
        if (found.plan.tip !== undefined) dropTip();
        else debts = withoutLast(debts);
      }
    };
    for (let tried = 0; tried < PLANS_MOST; tried++) {
      const found = await planned();
      if (found.kind !== 'pay' || found.plan.withdraw === 0n || funds === null) return told(found);
      const all = settleable(funds).map((each) => each.market);
      const settleMarkets = everything ? all : found.plan.settleMarkets;
      const decided = { ...found.plan, settleMarkets };
      if (decided.recipients === undefined && !(await fits(request, decided))) {
        if (decided.tip !== undefined) {
          dropTip();
          continue;
        }
        if (settleMarkets.length === 0) return planWith({ ...funds, blocked: TOO_LARGE });
        const kept = settleable(funds).slice(0, settleMarkets.length - 1);
        funds = { ...funds, claimable: kept };
        continue;
      }
      if (!funds.exposed && settleMarkets.length === 0) return found;
      const cushion = cushionOf(funds, policy);
      const wanted = decided.withdraw + cushion;
      const answer = await ask(request, { ...decided, withdraw: wanted });
      // A failure before the venue's instructions may concern the token account of one recipient,
      // so the first recipient is paid alone.
      if (answer.kind === 'refused' && answer.opening && decided.recipients !== undefined) {
        debts = toFirst(debts, 1);
        continue;
      }
      // The tokens in the wallet may still pay the debt or a part of it.
      if (answer.kind === 'refused') return told(planWith({ ...funds, blocked: answer.trouble }));
      if (answer.kind === 'not_settled') {
        const { market, trouble } = answer;
        const { nothingToSettle } = ports.venues.of(paymentOf(decided).venue);
        if (!nothingToSettle.includes(trouble.code)) {
          unsettled = trouble;
          withheld += funds.claimable.find((each) => each.market === market)?.amount ?? 0n;
        }
        funds = { ...funds, claimable: funds.claimable.filter((each) => each.market !== market) };
        continue;
      }
      if (answer.kind === 'granted' && answer.room >= wanted) return { kind: 'pay', plan: decided };
      if (all.length > settleMarkets.length) {
        everything = true;
        continue;
      }
      if (answer.kind === 'granted' && !funds.exposed) unsettled = SETTLED_SHORT;
      const owed = debts[0]?.owed ?? 0n;
      const part = policy.partialLeast === null ? owed : least(owed, policy.partialLeast);
      const tokens = preflight.agentTokens ?? 0n;
      const leastOfUse = (part > tokens ? part - tokens : 1n) + cushion;
      const room =
        answer.kind === 'granted' ? answer.room : await below(request, decided, wanted, leastOfUse);
      const bounded = planWith({ ...funds, room: room > cushion ? room - cushion : 0n });
      if (bounded.kind !== 'pay' || bounded.plan.withdraw === 0n) return told(bounded);
      return { kind: 'pay', plan: { ...bounded.plan, settleMarkets } };
    }
    return told(planWith(funds === null ? null : { ...funds, room: 0n }));
  };
  return async function granted(given: RoomRequest): Promise<Granted> {
    const request: Measured = { ...given };
    const planned = await best(request);
    return { planned, account: request.account };
  };
}
