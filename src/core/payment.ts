// Payment: one signed transaction meant to discharge debts of one subscriber, to one recipient or
// to several (payment-recipients.ts), and the rules of its life.
//
//   planned   The debts are claimed and the amounts decided. Nothing is signed. May become
//             `signed` or `failed`.
//   signed    The exact bytes, their signature and lastValidBlockHeight are committed. Not one byte
//             has left: the lane marks the payment `sent` before it sends. May become `sent` only.
//   sent      The bytes may be anywhere. Only these bytes are ever sent again. May become `landed`,
//             `failed` or `dead`.
//   landed    Final: executed without error in a finalized block. The debts are discharged.
//   failed    Final: executed with an error in a finalized block, or refused before signing. The
//             debts are free again.
//   dead      Final: proven that it was never executed and never can be. The debts are free again.
//
// Age alone proves nothing: a debt that has been `processing` for five minutes is looked up, and
// nothing else follows from its age. A top-up (`purpose`) is the agent's own quote tokens for SOL;
// it discharges nothing and follows the same rules. This module only decides; flows/settle.ts acts,
// one persisted step at a time.
import { DEATH_MARGIN_BLOCKS } from './death.ts';
import { type Cover, type Debt, payableTogether } from './debt.ts';
import type { Address, Slot } from './ids.ts';
import type { BaseUnits } from './money.ts';
import type { CancelRequest, NonceAt, Variant } from './nonce.ts';
import type { SenderTip } from './sender-tip.ts';
import type { SignedBytes } from './signed-bytes.ts';
import type { Token } from './token.ts';
import type { VenueName } from './venue-name.ts';

export const PAYMENT_STATES = ['planned', 'signed', 'sent', 'landed', 'failed', 'dead'] as const;
export type PaymentState = (typeof PAYMENT_STATES)[number];
/** `share` pays debts; `top_up` swaps the agent's own quote tokens for SOL. */
export const PAYMENT_PURPOSES = ['share', 'top_up'] as const;
export type PaymentPurpose = (typeof PAYMENT_PURPOSES)[number];
export const FEE_PAYERS = ['agent', 'sponsor'] as const;

/** The plan of a payment, decided before anything is signed. */
export type PaymentPlan = {
  readonly amount: BaseUnits;
  readonly covers: readonly Cover[];
  /** The amount to withdraw from Drift first: only what the agent's token account lacks. */
  readonly withdraw: BaseUnits;
  readonly settleMarkets: readonly number[];
  readonly feePayer: (typeof FEE_PAYERS)[number];
  /** Quote tokens for the sponsor, for the fee that it pays, in addition to the amount. */
  readonly reimburse: BaseUnits;
  /**
   * Whether the withdrawal goes through a token account of the agent that is opened and closed
   * within the transaction, because the agent's own is closed, frozen or another's. Its rent
   * returns at once.
   */
  readonly createAgentAccount: boolean;
  /**
   * Whether the creator's token account was absent. Every payment creates it if needed, in case it
   * is closed meanwhile.
   */
  readonly createCreatorAccount: boolean;
  /**
   * The recipients with their parts, in the order of their oldest debt; left out where the payment
   * pays its creator alone. The first one is the payment's creator.
   */
  readonly recipients?: readonly PaidTo[];
  /** The tip of the fee payer for the sender endpoint; left out where the payment has none. */
  readonly tip?: SenderTip;
};

export type Payment = {
  readonly id: string;
  readonly purpose: PaymentPurpose;
  readonly subscriberId: string;
  readonly subscriptionId: string;
  /** The recipient of the oldest debt; `paidTo` gives all. */
  readonly creatorWallet: Address;
  readonly driftUser: Address;
  readonly subAccountId: number;
  /** The venue of that account, and the token that is paid: the same as that of its debts. */
  readonly venue: VenueName;
  readonly token: Token;
  readonly plan: PaymentPlan;
  /** The highest number of earlier failures among its debts. */
  readonly attempts: number;
  readonly state: PaymentState;
  /** Of a payment under a nonce, the newest variant. */
  readonly signed: SignedBytes | null;
  /**
   * The nonce, and the value under which every variant of the payment is signed. Null or absent for
   * a payment under a blockhash. The nonce of a payment never changes, also when the settings name
   * another guard later.
   */
  readonly nonce?: NonceAt | null;
  /** The transactions signed under the nonce so far, oldest first; absent under a blockhash. */
  readonly variants?: readonly Variant[];
  /** The nonce is to be moved, so that the payment can never be executed. */
  readonly cancelAsked?: boolean;
  /** The persons' requests to cancel it, oldest first. */
  readonly cancelFor?: readonly CancelRequest[];
};

// ── What to do next ──────────────────────────────────────────────────────────────────────────────

export type LaneView = {
  /** The subscriber's live payment: the one that has not ended. There is at most one. */
  readonly payment: Payment | null;
  /** Debts that are due, oldest first. */
  readonly due: readonly Debt[];
};

export type Command =
  /** `debts` are those that one payment may pay with the oldest debt; `due` are all. */
  | { readonly do: 'plan'; readonly debts: readonly Debt[]; readonly due: readonly Debt[] }
  | { readonly do: 'sign'; readonly payment: Payment }
  | { readonly do: 'send'; readonly payment: Payment }
  | { readonly do: 'look'; readonly payment: Payment }
  | { readonly do: 'rest' };

/**
 * The next step of a lane. A live payment comes first, because a subscriber never has two. Debts
 * are paid in their order, each with those that one payment may pay with it.
 */
export function next(view: LaneView): Command {
  const { payment, due } = view;
  if (payment !== null) {
    if (payment.state === 'planned') return { do: 'sign', payment };
    if (payment.state === 'signed') return { do: 'send', payment };
    if (payment.state === 'sent') return { do: 'look', payment };
    return { do: 'rest' };
  }
  const oldest = due[0];
  if (oldest === undefined) return { do: 'rest' };
  return { do: 'plan', debts: payableTogether(due, oldest), due };
}

// ── Looking ──────────────────────────────────────────────────────────────────────────────────────

/** The result of one look at the chain for a signature. */
export type Look =
  | {
      readonly seen: 'executed';
      readonly finality: 'processed' | 'confirmed' | 'finalized';
      readonly slot: Slot;
      readonly error: unknown;
    }
  | { readonly seen: 'absent'; readonly finalizedSlot: Slot; readonly finalizedBlockHeight: number }
  | { readonly seen: 'nothing'; readonly why: string };

export type Verdict =
  | { readonly do: 'discharge'; readonly slot: Slot }
  | { readonly do: 'fail'; readonly slot: Slot; readonly error: unknown }
  | { readonly do: 'prove'; readonly finalizedBlockHeight: number }
  | { readonly do: 'wait'; readonly rebroadcast: boolean };

/**
 * After this many slots a death is looked for, also where the simulating node told a height that is
 * still far off: 150 blocks and the margin take about 200 slots, and more while leaders are down.
 */
const SLOTS_MOST = 1_000;

/**
 * The conclusion from a look. Only a finalized result is final; an RPC error never means absence.
 * The last valid height is the word of one node. It decides when a proof is begun; the proof counts
 * from the blocks themselves (death.ts).
 */
export function conclude(signed: SignedBytes, look: Look): Verdict {
  if (look.seen === 'nothing') return { do: 'wait', rebroadcast: false };
  if (look.seen === 'executed') {
    if (look.finality !== 'finalized') return { do: 'wait', rebroadcast: false };
    // No transaction is executed before the block of its blockhash: such an answer is wrong.
    if (look.slot < signed.blockhashSlot) return { do: 'wait', rebroadcast: false };
    return look.error === null
      ? { do: 'discharge', slot: look.slot }
      : { do: 'fail', slot: look.slot, error: look.error };
  }
  if (
    look.finalizedBlockHeight > signed.lastValidBlockHeight + DEATH_MARGIN_BLOCKS ||
    look.finalizedSlot > signed.blockhashSlot + SLOTS_MOST
  )
    return { do: 'prove', finalizedBlockHeight: look.finalizedBlockHeight };
  return { do: 'wait', rebroadcast: look.finalizedBlockHeight <= signed.lastValidBlockHeight };
}

/** One recipient of a payment, and the amount that the payment brings it. */
export type PaidTo = {
  readonly wallet: Address;
  readonly amount: BaseUnits;
  /** Whether the recipient's token account was absent when the payment was planned. */
  readonly createAccount: boolean;
};
