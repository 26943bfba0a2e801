// Planning: turns due debts into a payment that may be opened, or into the trouble why none can be
// now. Reads the chain, and writes nothing but the reason of debts that wait for RPC.
import { type Debt, debtsAt, debtsTo, toFirst, tooSmall, walletsOf } from '../core/debt.ts';
import type { Signature } from '../core/ids.ts';
import type { BaseUnits } from '../core/money.ts';
import type { NonceAt } from '../core/nonce.ts';
import type { Payment, PaymentPlan } from '../core/payment.ts';
import type { PayingPolicy } from '../core/plan.ts';
import type { Ledger, Subscriber } from '../core/ports.ts';
import { reimbursementIn } from '../core/reimbursement.ts';
import type { Signers } from '../core/signing-ports.ts';
import { type Trouble, troubled } from '../core/trouble.ts';
import type { SeenAccount } from '../core/venue.ts';
import { type BestPlan, createBestPlan } from './best-plan.ts';
import type { Books } from './books-comparison.ts';
import { type BudgetOptions, createBudget } from './budget.ts';
import type { NonceLane } from './nonce-lane.ts';
import { createPayable } from './payable.ts';
import type { ReadPorts, Reserves } from './preflight.ts';
import { createRecipientsSeen } from './recipients-seen.ts';
import { refusalOf, waitOf } from './refusal.ts';

export type PlanningPorts = ReadPorts & {
  readonly signers: Pick<Signers, 'closed'>;
  readonly ledger: Ledger;
  readonly books: Books;
  readonly newId: () => string;
  readonly lane: Pick<NonceLane, 'account' | 'decide'>;
};
export type PlanningOptions = Reserves &
  PayingPolicy &
  BudgetOptions & {
    readonly topUpEveryMs: number;
    /** The most recipients that one payment pays; left out, as many as fit. */
    readonly recipientsMost?: number;
  };
export type Intent =
  | {
      readonly kind: 'open';
      readonly payment: Payment;
      /** The account from which the payment was measured, to be signed from the same reading. */
      readonly account: SeenAccount | null;
    }
  | { readonly kind: 'rest'; readonly debts: readonly Debt[]; readonly trouble: Trouble }
  /** The debts stay due, and the lane runs again after `ms` milliseconds. */
  | {
      readonly kind: 'wait';
      readonly debts: readonly Debt[];
      readonly trouble: Trouble;
      readonly ms: number;
    };

const NO_KEY = troubled(
  'no_agent_key',
  'Bailiff holds no key for this agent wallet. Register it to let the debt be paid.',
);
const TOP_UP: Omit<PaymentPlan, 'amount'> = {
  covers: [],
  withdraw: 0n,
  settleMarkets: [],
  feePayer: 'agent',
  reimburse: 0n,
  createAgentAccount: false,
  createCreatorAccount: false,
};

/**
 * The trouble while another transfer to the creator may pay for these debts: nothing is signed
 * until the transfer is final and matched.
 */
export const unmatchedBy = (signature: Signature): Trouble =>
  troubled(
    'transfer_unmatched',
    `Transfer ${signature} to the creator was not made by Bailiff, and is not matched with the debts yet.`,
  );

/** Creates the planning of payments. */
export function createPlanning(ports: PlanningPorts, options: PlanningOptions) {
  const { ledger, venues } = ports;
  const best = createBestPlan(ports, options);
  const budget = createBudget(ports, options);
  const recipientsSeen = createRecipientsSeen({ payable: createPayable(ports), budget });

  const paymentOf = (
    subscriber: Subscriber,
    debts: readonly Debt[],
    oldest: Debt,
    decided: PaymentPlan,
    nonce: NonceAt | null,
  ): Payment => ({
    ...(nonce === null ? {} : { nonce }),
    id: ports.newId(),
    purpose: 'share',
    subscriberId: subscriber.id,
    subscriptionId: oldest.subscriptionId,
    creatorWallet: oldest.creatorWallet,
    driftUser: oldest.driftUser,
    subAccountId: oldest.subAccountId,
    venue: oldest.venue,
    token: oldest.token,
    plan: decided,
    attempts: Math.max(...debts.map((each) => each.attempts)),
    state: 'planned',
    signed: null,
  });

  /** The best plan for these debts, with a swap where one may be made now. */
  const planOf = async (
    subscriber: Subscriber,
    debts: readonly Debt[],
    due: readonly Debt[],
    oldest: Debt,
    movedMost: BaseUnits | null,
  ): Promise<BestPlan> => {
    // The pen counts a swap as it counts a payment.
    const mayTopUp =
      options.topUp !== null &&
      (movedMost === null || options.topUp <= movedMost) &&
      !(await ledger.payments.toppedUpWithin(subscriber.id, options.topUpEveryMs));
    const nonceAccount = await ports.lane.account(subscriber.id);
    // A payment under a nonce is larger by one instruction, for every value of the nonce.
    const sized =
      nonceAccount?.pays === true ? { account: nonceAccount.address, value: '', slot: 0 } : null;
    const { symbol } = venues.of(oldest.venue).quote;
    const policy = {
      ...options,
      movedMost,
      reimbursement: reimbursementIn(options.reimbursement, symbol),
      ...(mayTopUp ? {} : { topUp: null }),
    };
    return best({
      subscriber,
      debts,
      due: debtsAt(due, oldest.venue),
      oldest,
      nonceAccount,
      policy,
      recipientsSeen,
      paymentOf: (from, decided) => paymentOf(subscriber, debts, from, decided, sized),
    });
  };

  const intendSafely = async (
    subscriber: Subscriber,
    given: readonly Debt[],
    due: readonly Debt[],
  ): Promise<Intent | null> => {
    const all = toFirst(given, options.recipientsMost ?? Number.POSITIVE_INFINITY);
    const [oldest] = all;
    if (oldest === undefined) return null;
    for (const wallet of walletsOf(all)) {
      const own = debtsTo(all, wallet);
      const small = tooSmall(own);
      if (small !== null) return { kind: 'rest', debts: own, trouble: small };
    }
    const key = subscriber.hasKey ? await ledger.subscribers.agentKey(subscriber.id) : null;
    // Keys are checked before a payment is opened, because one that cannot be signed would leave a
    // failed row at each retry.
    const closed = key === null ? NO_KEY : await ports.signers.closed(key);
    if (closed !== null) return { kind: 'rest', debts: due, trouble: closed };
    const behind = await ports.books.disagreement(subscriber, oldest.slot);
    if (behind !== null) return { kind: 'rest', debts: due, trouble: behind };
    for (const wallet of walletsOf(all)) {
      const own = debtsTo(all, wallet);
      const since = Math.min(...own.map((each) => each.slot));
      const excess = ports.books.excessTo(subscriber.id, wallet, oldest.token.mint, since);
      if (excess !== null) return { kind: 'rest', debts: own, trouble: excess };
      const transfer = await ledger.credits.unmatched(subscriber.id, wallet);
      if (transfer !== null) return { kind: 'rest', debts: own, trouble: unmatchedBy(transfer) };
    }
    const bounded = await budget.bounded(subscriber.id, all);
    if ('trouble' in bounded) {
      const { trouble, alone } = bounded;
      return { kind: 'rest', debts: alone ? [alone] : debtsAt(due, oldest.venue), trouble };
    }
    const { debts, movedMost } = bounded;
    const { planned, account, from, nonce } = await planOf(
      subscriber,
      debts,
      due,
      oldest,
      movedMost,
    );
    if (planned.kind === 'wait') {
      // Debts are paid oldest first: a trouble of the subscriber with the oldest debt holds the
      // younger ones at that venue as well. Another venue may be open while this one is paused.
      const { creator, trouble } = planned;
      const own = creator === undefined ? debts : debtsTo(debts, creator);
      const resting = planned.about === 'creator' ? own : debtsAt(due, oldest.venue);
      return { kind: 'rest', debts: resting, trouble };
    }
    if (planned.kind === 'pay') {
      const guard = await ports.lane.decide(subscriber, oldest.creatorWallet, nonce);
      if (guard.do === 'rest') return { kind: 'rest', debts: due, trouble: guard.trouble };
      if (guard.do === 'wait') return { ...guard, kind: 'wait', debts: due };
      const payment = paymentOf(subscriber, debts, from, planned.plan, guard.nonce);
      return { kind: 'open', account, payment };
    }
    const payment = paymentOf(subscriber, debts, from, { ...TOP_UP, amount: planned.amount }, null);
    return {
      kind: 'open',
      account: null,
      payment: { ...payment, purpose: 'top_up', creatorWallet: subscriber.agentWallet },
    };
  };

  /**
   * Decides about debts that one payment may pay: open it, or let debts rest that cannot be paid
   * now; a trouble of one recipient lets its own debts rest, and the lane asks again. `due` holds
   * all due debts of the subscriber. When no plan can be made, the debts rest with the reason. Null
   * when there are no debts. Throws faults that pass by themselves, such as `rpc_unavailable`.
   */
  return async function intend(
    subscriber: Subscriber,
    debts: readonly Debt[],
    due: readonly Debt[],
  ): Promise<Intent | null> {
    try {
      return await intendSafely(subscriber, debts, due);
    } catch (thrown) {
      const trouble = refusalOf(thrown);
      const resting = due.length === 0 ? debts : due;
      if (trouble !== null) return { kind: 'rest', debts: resting, trouble };
      // Nothing is decided, and the lane runs again. Until then the debts show why they wait.
      const waits = waitOf(thrown);
      const ids = resting.map((each) => each.shareId);
      if (waits !== null && ids.length > 0) await ledger.shares.note(subscriber.id, ids, waits);
      throw thrown;
    }
  };
}
