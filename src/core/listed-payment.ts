// Listed payment: a payment as lists, the API and the commands show it.
import type { Address, Signature, Slot } from './ids.ts';
import type { BaseUnits } from './money.ts';
import type { Payment, PaymentPlan } from './payment.ts';
import type { Received } from './rebuild.ts';
import type { SenderTip } from './sender-tip.ts';
import type { Trouble } from './trouble.ts';

/** The act of a person who ends the wait for an explanation of a payment's excess. */
export type Accepted = {
  readonly reason: string;
  readonly actor: string;
  readonly person: string | null;
  readonly atMs: number;
};

export type ListedPayment = Pick<Payment, 'token' | 'id' | 'purpose' | 'subscriberId'> & {
  /** The recipient of the oldest debt; of a swap, the agent. */
  readonly creatorWallet: Address;
  readonly amount: BaseUnits;
  /** The parts of the amount, each with what of it no debt explains; empty for a swap. */
  readonly recipients: readonly (Received & { readonly excess: BaseUnits })[];
  readonly withdrawn: BaseUnits;
  readonly feePayer: PaymentPlan['feePayer'];
  /** The tip that the fee payer gives the sender endpoint when the payment lands; null for none. */
  readonly tip: SenderTip | null;
  readonly state: Payment['state'];
  readonly guard: 'blockhash' | 'nonce';
  readonly cancelAsked: boolean;
  readonly signature: Signature | null;
  readonly slot: Slot | null;
  readonly trouble: Trouble | null;
  /** Base units that no debt explains, of a payment that was found on chain; else 0. */
  readonly excess: BaseUnits;
  /** Found on chain in a slot in which the ledger may have lost payments, debts and terms. */
  readonly maybeLost: boolean;
  /** The person who accepted the excess; null until a person accepts it. */
  readonly accepted: Accepted | null;
  readonly plannedAtMs: number;
  readonly endedAtMs: number | null;
};
