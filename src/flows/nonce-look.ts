// Nonce look: follows a payment that was sent under a nonce. While the nonce holds its value the
// payment may be executed: it is sent again, or nonce-variants.ts signs it once more or cancels it.
// When the value has moved, the transaction that was signed under the value tells what became of
// the payment. No age and no absence ends the payment. See ADR 41 and 104.
import { unreachable } from '../core/fault.ts';
import type { Signature } from '../core/ids.ts';
import { type NonceAt, type Outcome, outcomeOf, type Variant } from '../core/nonce.ts';
import type { Payment } from '../core/payment.ts';
import type { SignedBytes } from '../core/signed-bytes.ts';
import { troubled } from '../core/trouble.ts';
import type { Books } from './books-comparison.ts';
import type { VenuesConformance } from './conformance.ts';
import type { Hindrance } from './hindrance.ts';
import type { Looked, Looking } from './look-schedule.ts';
import { createNonceClosed } from './nonce-closed.ts';
import type { NonceLane, NonceLanePorts } from './nonce-lane.ts';
import { createNonceVariants, type VariantPorts } from './nonce-variants.ts';
import type { createPaymentEnds } from './payment-ends.ts';
import { haltOf } from './signing-obstacle.ts';

type LookPorts = Omit<NonceLanePorts, 'books'> &
  VariantPorts & {
    readonly books: Pick<Books, 'doubt' | 'identity' | 'forget'>;
    /** Gives the reason why the venue's program may not be paid through. */
    readonly conformance: Pick<VenuesConformance, 'objection'>;
    readonly lane: Pick<NonceLane, 'finalReading' | 'moverOf' | 'closingOf'>;
    readonly looking: Looking;
    readonly hindrance: Pick<Hindrance, 'of'>;
    readonly ends: ReturnType<typeof createPaymentEnds>;
  };

/**
 * Creates the function that follows payments under a nonce. `rebroadcastMs` is the time between two
 * sends of the same bytes. With `observe` nothing is signed.
 */
export function createNonceLook(
  ports: LookPorts,
  { rebroadcastMs, mode }: { readonly rebroadcastMs: number; readonly mode: 'settle' | 'observe' },
) {
  const observes = mode === 'observe';
  const { ledger, chain, log, lane, looking, hindrance, ends } = ports;
  const closed = createNonceClosed(ports);
  const another = createNonceVariants(ports, rebroadcastMs);
  /** Ends the payment with this outcome. False when this daemon did not end it. */
  const end = (
    payment: Payment,
    outcome: Exclude<Outcome, { became: 'untold' }>,
  ): Promise<boolean> => {
    const { signature, slot } = outcome;
    switch (outcome.became) {
      case 'paid':
        return ends.land(payment, signature, slot);
      case 'failed':
        return ends.failExecuted(payment, signature, slot, outcome.error);
      case 'cancelled':
      case 'overtaken':
      case 'closed':
        return ends.overtaken(payment, outcome.became, signature, slot);
      default:
        return unreachable(outcome);
    }
  };

  const finish = async (
    payment: Payment,
    signed: SignedBytes,
    outcome: Exclude<Outcome, { became: 'untold' }>,
  ): Promise<Looked> => {
    const { signature, slot } = outcome;
    const byThis = await end(payment, outcome);
    if (!byThis) {
      const known = await ledger.payments.live(payment.subscriberId);
      // Another daemon has signed that transaction for the payment since this one read it, or the
      // database went back and lost that the payment was signed with it.
      const isSame = known?.id === payment.id && known.state === 'sent';
      if (isSame && known.nonce) return look(known, known.nonce);
    }
    another.forget(payment.id);
    closed.forget(payment.id);
    const executed = outcome.became === 'paid' || outcome.became === 'failed';
    return { ended: { ...signed, signature }, slot: executed ? slot : null, byThis };
  };

  /**
   * While the nonce holds its value: cancels the payment, signs it once more, or sends it again.
   * With `observe`, and while the venue's program may not be paid through, no variant is signed.
   * Returns the bytes of the newest variant.
   */
  const goOn = async (
    payment: Payment,
    nonce: NonceAt,
    signed: SignedBytes,
    variants: readonly Variant[],
  ): Promise<SignedBytes> => {
    const again = looking.absent(payment.subscriberId);
    if ((await ports.books.doubt()) !== null) return signed;
    const cancelled = variants.some(({ purpose }) => purpose === 'cancel');
    if (!cancelled) {
      const halt = await haltOf(ledger, payment);
      if (halt !== null || payment.cancelAsked === true)
        // A daemon that observes signs no cancellation. The payment is not sent meanwhile.
        return observes ? signed : another.cancel(payment, nonce, signed, variants);
      if (again) await hindrance.of(payment, signed);
      const maySign = !observes && ports.conformance.objection(payment.venue) === null;
      const varied = maySign ? await another.vary(payment, variants) : null;
      if (varied !== null) return varied;
    }
    if (again) await ports.broadcast(payment, signed, cancelled ? 'cancel' : 'payment');
    return signed;
  };

  const executedAmong = async (variants: readonly Variant[]) => {
    const looks = await Promise.all(
      variants.map(
        async ({ signature }): Promise<[Signature, Awaited<ReturnType<typeof chain.look>>]> => [
          signature,
          await chain.look(signature),
        ],
      ),
    );
    for (const [signature, look] of looks)
      if (look.seen === 'executed') return { ...look, signature };
    return null;
  };

  async function look(payment: Payment, nonce: NonceAt): Promise<Looked> {
    const { signed, variants = [] } = payment;
    if (signed === null) throw new Error(`payment ${payment.id} was sent and has no bytes`);
    const executed = await executedAmong(variants);
    if (executed !== null && executed.finality !== 'finalized') {
      looking.executed(payment.subscriberId, executed.slot);
      return { signed };
    }
    if (executed !== null) {
      const outcome = outcomeOf(variants, executed);
      if (outcome.became !== 'untold') return finish(payment, signed, outcome);
    }
    const { reading, slot } = await lane.finalReading(nonce.account);
    // A node that has not seen the slot of the value cannot tell whether it has moved.
    if (reading.seen !== 'absent' && slot < nonce.slot) {
      looking.absent(payment.subscriberId);
      return { signed };
    }
    if (reading.seen === 'value' && reading.value === nonce.value)
      return { signed: await goOn(payment, nonce, signed, variants) };
    const moved = outcomeOf(variants, await lane.moverOf(nonce));
    const outcome =
      moved.became === 'untold' ? await closed.outcomeOf(payment, nonce, moved) : moved;
    if (outcome.became !== 'untold') return finish(payment, signed, outcome);
    // No block executes the payment while its nonce has another authority. The authority may be
    // changed back, so the payment has not ended.
    const trouble =
      reading.seen === 'unusable'
        ? troubled('nonce_unusable', reading.why)
        : troubled('nonce_untold', outcome.why);
    await ledger.payments.hindered(payment.id, trouble);
    log.error('payment.untold', {
      payment: payment.id,
      subscriber: payment.subscriberId,
      ...trouble,
    });
    looking.absent(payment.subscriberId);
    return { signed };
  }
  return look;
}
