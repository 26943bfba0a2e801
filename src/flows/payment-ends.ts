// Payment ends: records how a payment ended, and when its debts are tried again.

import { AFTER_FAILURE, aftermath, NO_TRIES, ofItsPayer, sinceReading } from '../core/aftermath.ts';
import { delayMs } from '../core/backoff.ts';
import { Fault } from '../core/fault.ts';
import type { Signature, Slot } from '../core/ids.ts';
import type { Payment } from '../core/payment.ts';
import { paysSeveral } from '../core/payment-recipients.ts';
import type { Clock, Log } from '../core/ports.ts';
import type { Pen } from '../core/signing-ports.ts';
import { type Trouble, troubled } from '../core/trouble.ts';
import type { Books } from './books-comparison.ts';
import { voidAsked } from './cancelled.ts';
import type { Own } from './own-payments.ts';
import type { createRetryDelay } from './retry-delay.ts';
import type { SigningPorts } from './signing.ts';

type EndPorts = Pick<SigningPorts, 'ledger' | 'chain' | 'venues' | 'programsOf'> & {
  readonly pen: Pick<Pen, 'ended'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly books: Pick<Books, 'forget' | 'disagreement' | 'identity'>;
};

/**
 * The trouble with which a payment ends. A trouble that would leave the debts of several recipients
 * to a person may concern one recipient only. Such debts are tried again (`retry_soon`), and each
 * recipient is then paid by a payment of its own, so that only the debts of the recipient with the
 * trouble are left to a person.
 */
const untangled = (payment: Pick<Payment, 'plan'>, trouble: Trouble): Trouble =>
  paysSeveral(payment) && aftermath(trouble).retry === null
    ? { ...trouble, class: 'retry_soon' }
    : trouble;

/** Creates the functions that end payments. */
export function createPaymentEnds(
  ports: EndPorts,
  own: Own,
  retryIn: ReturnType<typeof createRetryDelay>,
) {
  const { ledger, clock, log } = ports;

  /**
   * Frees the debts of a payment that one of its recipients, or a halt, keeps from being signed.
   * The debts to the other recipients are planned again at once.
   */
  const holdBack = async (payment: Payment, trouble: Trouble): Promise<boolean> => {
    if (!paysSeveral(payment)) return fail(payment, trouble, null);
    if (!(await ledger.payments.refused(payment.id, trouble, 0, false))) return false;
    own.ended(payment.id);
    const { id, subscriberId } = payment;
    log.warn('payment.failed', { payment: id, subscriber: subscriberId, ...trouble });
    return true;
  };

  /**
   * Ends a payment that was refused before signing (`executed` null), or whose bytes with the
   * signature `executed` failed on chain. The ledger takes a refusal only while the payment is
   * unsigned: a simulation may fail because another daemon's bytes have landed, and the debts must
   * then stay claimed. False when the payment has ended already, or when the ledger holds other
   * bytes for it.
   */
  const fail = async (
    payment: Payment,
    found: Trouble,
    executed: { readonly signature: Signature; readonly slot: Slot } | null,
  ): Promise<boolean> => {
    const { subscriberId, plan } = payment;
    const trouble = untangled(payment, found);
    const ids = plan.covers.map((each) => each.shareId);
    const tries =
      executed !== null || trouble.class === 'unexpected'
        ? await ledger.shares.tries(subscriberId, ids)
        : NO_TRIES;
    const retry = retryIn(trouble, payment.attempts, tries);
    const counts = aftermath(trouble, tries).countsAsAttempt;
    // Each failure on chain costs a fee, so after each the next try waits longer, for every kind of
    // trouble.
    const held = delayMs(AFTER_FAILURE, tries.failures + 1, clock.random());
    const later = retry === null ? null : Math.max(retry, held);
    const ended =
      executed === null
        ? await ledger.payments.refused(payment.id, trouble, retry, counts)
        : await ledger.payments.failed(
            payment.id,
            executed.slot,
            trouble,
            later,
            counts,
            executed.signature,
          );
    if (!ended) return false;
    own.ended(payment.id);
    log.warn('payment.failed', { payment: payment.id, subscriber: subscriberId, ...trouble });
    return true;
  };

  /**
   * Records that these bytes of a payment landed. False when the payment has ended already, or when
   * the ledger holds other bytes for it.
   */
  const land = async (payment: Payment, signature: Signature, slot: Slot): Promise<boolean> => {
    if (!(await ledger.payments.landed(payment.id, slot, signature))) return false;
    log.info('payment.landed', {
      payment: payment.id,
      purpose: payment.purpose,
      subscriber: payment.subscriberId,
      signature,
      slot,
      amount: payment.plan.amount,
    });
    const overpaid = await ledger.payments.overpaidBy(payment.id);
    if (overpaid > 0n)
      log.error('payment.overpaid', {
        payment: payment.id,
        subscriber: payment.subscriberId,
        overpaid,
        detail: 'It landed for debts that were covered already; the creator holds more than owed.',
      });
    return true;
  };

  /** The programs of the instructions of the transaction that was executed. */
  const programsOf = async ({ signed, variants = [] }: Payment, signature: Signature) => {
    if (signed !== null && variants.length < 2) return ports.programsOf(signed.bytes);
    const executed = await ports.chain.transaction(signature, 'finalized');
    return executed?.instructions.map(({ program }) => program) ?? [];
  };

  /**
   * Voids the debts that persons asked to have voided. The payment has ended, so its caller must go
   * on when they cannot be voided now: the loop of `endings.voidAsked` voids them within minutes.
   */
  const voidAskedOf = async ({ subscriberId }: Payment): Promise<void> => {
    try {
      await voidAsked(ports, subscriberId);
    } catch (thrown) {
      if (!(thrown instanceof Fault)) throw thrown;
      log.warn('share.void_waits', { subscriber: subscriberId, detail: thrown.message });
    }
  };

  /** Ends a payment of which these bytes were executed with an error. False as `fail` has it. */
  const failExecuted = async (
    payment: Payment,
    signature: Signature,
    slot: Slot,
    error: unknown,
  ): Promise<boolean> => {
    ports.pen.ended({ payment, signature, by: 'failure' });
    // The history is read again before the debts are paid again.
    ports.books.forget(payment.subscriberId);
    const programs = await programsOf(payment, signature);
    const venue = ports.venues.of(payment.venue);
    const found = sinceReading(venue.trouble(error, programs, []));
    const trouble = ofItsPayer(found, payment.plan.feePayer);
    const isEnded = await fail(payment, trouble, { signature, slot });
    if (payment.nonce) await voidAskedOf(payment);
    return isEnded;
  };

  /**
   * Ends a payment whose nonce was moved by another transaction or by its own cancellation, or
   * whose nonce account this transaction shows closed. False when the payment has ended already, or
   * when another process signed that transaction for it.
   */
  const overtaken = async (
    payment: Payment,
    became: 'overtaken' | 'cancelled' | 'closed',
    signature: Signature,
    slot: Slot,
  ): Promise<boolean> => {
    const byCancel = became === 'cancelled';
    const how = {
      cancelled: `The payment was cancelled: ${signature} moved its nonce.`,
      overtaken: `${signature} moved the nonce of the payment, which can never land.`,
      closed: `${signature} shows the nonce account of the payment closed, and no transaction of the payment was executed before. The payment can never land.`,
    };
    const trouble = troubled('overtaken', how[became]);
    const retry = retryIn(trouble, payment.attempts, NO_TRIES) ?? 0;
    const by = { signature, slot, own: byCancel };
    // The pen compares the signature with those of the cancellations that it signed itself.
    if (byCancel) ports.pen.ended({ payment, signature, by: 'cancellation' });
    const isEnded = await ledger.payments.overtaken(payment.id, by, trouble, retry);
    if (isEnded)
      log.warn('payment.dead', {
        payment: payment.id,
        subscriber: payment.subscriberId,
        ...trouble,
      });
    // The transaction that moved the nonce may be a payment that the books lack.
    if (!byCancel) ports.books.forget(payment.subscriberId);
    if (isEnded) await voidAskedOf(payment);
    return isEnded;
  };

  return { fail, holdBack, land, failExecuted, overtaken };
}
