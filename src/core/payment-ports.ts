// Payment ports: the port to the payments that discharge profit shares.
import type { DeathEvidence } from './death.ts';
import type { FoundPayments } from './found-payment-ports.ts';
import type { Signature, Slot } from './ids.ts';
import type { ListedPayment } from './listed-payment.ts';
import type { ListFilters } from './lists.ts';
import type { BaseUnits } from './money.ts';
import type { Payment } from './payment.ts';
import type { SignedBytes } from './signed-bytes.ts';
import type { Trouble } from './trouble.ts';
import type { PaymentVariants } from './variant-ports.ts';

type PaymentsApart = FoundPayments & PaymentVariants;
/**
 * Stores payments. Every transition is one conditional update; false means that the payment was not
 * in the state from which it starts. A transition that the chain proves about signed bytes names
 * their signature, and is also false where the payment holds other bytes: a database that went back
 * calls a payment `planned` again, and another daemon may have signed it anew.
 */
export type Payments = PaymentsApart & {
  /** The payment of a subscriber that has not ended; null when there is none. */
  live(subscriberId: string): Promise<Payment | null>;
  /**
   * Claims the debts and inserts the payment in one transaction. False when another daemon was
   * faster, or when the nonce account under which the payment stands is not open with its value:
   * no closing is recorded until the payment is committed, and none was recorded before.
   */
  open(payment: Payment): Promise<boolean>;
  /**
   * From `planned` to `signed`: stores the bytes before they are sent. With `under`, also false
   * when the database's identity has changed, which the same statement checks.
   */
  signed(paymentId: string, bytes: SignedBytes, under?: string | null): Promise<boolean>;
  /**
   * From `signed` to `sent`, of the bytes with this signature: from now on the transaction may be
   * executed.
   */
  sent(paymentId: string, signature: Signature, nowMs: number): Promise<boolean>;
  /**
   * From `sent` to `landed` in a finalized slot: discharges the debts. `signature`: the bytes that
   * were executed, which are the payment's or a variant's.
   */
  landed(paymentId: string, slot: Slot, signature: Signature): Promise<boolean>;
  /**
   * Stays in `planned`: records on the payment and on its debts why it is not signed yet. Signing
   * removes the reason.
   */
  waits(paymentId: string, trouble: Trouble): Promise<boolean>;
  /**
   * Stays in `signed` or `sent`: records on the payment and on its debts why the payment is not
   * sent, why the chain would refuse it now, or why its end is not known. Null removes the reason,
   * and so does the end of the payment.
   */
  hindered(paymentId: string, trouble: Trouble | null): Promise<boolean>;
  /** From `planned` to `failed`, with nothing signed. Frees the debts. */
  refused(
    paymentId: string,
    trouble: Trouble,
    retryInMs: number | null,
    countsAsAttempt: boolean,
  ): Promise<boolean>;
  /**
   * From `sent` to `failed`: the bytes with this signature, the payment's or a variant's, were
   * executed with an error in this finalized slot. Frees the debts; those that a cancellation
   * leaves to a person wait for one (core/cancellation.ts). No debt of the subscriber is tried
   * again before `retryInMs`, even if an event wakes the lane.
   */
  failed(
    paymentId: string,
    slot: Slot,
    trouble: Trouble,
    retryInMs: number | null,
    countsAsAttempt: boolean,
    signature: Signature,
  ): Promise<boolean>;
  /**
   * From `sent` to `dead`, of a payment under a blockhash: the bytes with this signature are proven
   * never executed. Frees the debts with this reason. `evidence` are all rounds that counted, the
   * oldest first.
   */
  dead(
    paymentId: string,
    signature: Signature,
    evidence: readonly DeathEvidence[],
    trouble: Trouble,
    retryInMs: number,
  ): Promise<boolean>;
  /** Lists payments, newest first. `before` is the id of the last one of the page before. */
  list(
    filter: ListFilters['payments'] & { limit: number; before?: string },
  ): Promise<ListedPayment[]>;
  /** The payment with this id, or null. */
  find(id: string): Promise<ListedPayment | null>;
  /** The payment that was signed with this signature, or null. */
  bySignature(signature: Signature): Promise<ListedPayment | null>;
  /** Whether a top-up was planned within the last `ms` milliseconds, even if it failed. */
  toppedUpWithin(subscriberId: string, ms: number): Promise<boolean>;
  /**
   * The signatures, each of an executed transaction without error, that the ledger does not know. A
   * signature is known when a payment landed with it, or was signed with it and may still land. An
   * id proves nothing: a row that is planned, failed or dead although the chain shows its payment
   * has lost a commit. A payment with an excess that no person accepted is not known yet.
   */
  unknown(signatures: readonly Signature[]): Promise<Signature[]>;
  /** The amount that a landed payment paid beyond its debts. Base units. */
  overpaidBy(paymentId: string): Promise<BaseUnits>;
};
