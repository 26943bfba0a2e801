// Blockhash look: follows a payment that was sent under a blockhash. While its bytes may still
// land, a look that does not find them sends them again. Once their blockhash has expired,
// burying.ts asks for the proof that they never landed before the payment ends.
import { conclude, type Payment } from '../core/payment.ts';
import type { Log } from '../core/ports.ts';
import type { SignedBytes } from '../core/signed-bytes.ts';
import type { Books } from './books-comparison.ts';
import type { createBurying } from './burying.ts';
import type { Hindrance } from './hindrance.ts';
import type { Looked, Looking } from './look-schedule.ts';
import type { createPaymentEnds } from './payment-ends.ts';
import type { ReadPorts } from './preflight.ts';

type LookPorts = Pick<ReadPorts, 'chain'> & {
  readonly books: Pick<Books, 'doubt'>;
  readonly log: Log;
  readonly looking: Pick<Looking, 'executed' | 'absent'>;
  readonly hindrance: Pick<Hindrance, 'of'>;
  readonly ends: Pick<ReturnType<typeof createPaymentEnds>, 'land' | 'failExecuted'>;
  readonly bury: ReturnType<typeof createBurying>;
  readonly broadcast: (payment: Payment, bytes: SignedBytes) => Promise<void>;
};

/** Creates the function that follows payments under a blockhash. One call looks once. */
export function createBlockhashLook(ports: LookPorts) {
  const { chain, log, looking, hindrance, ends } = ports;
  return async function look(payment: Payment, signed: SignedBytes): Promise<Looked> {
    const { subscriberId } = payment;
    const seen = await chain.look(signed.signature);
    if (seen.seen === 'nothing')
      log.warn('payment.look_unanswered', { payment: payment.id, why: seen.why });
    const verdict = conclude(signed, seen);
    const buried =
      verdict.do === 'prove'
        ? await ports.bury(payment, signed, verdict.finalizedBlockHeight)
        : 'unproven';
    if (verdict.do === 'wait' || (verdict.do === 'prove' && buried === 'unproven')) {
      if (seen.seen === 'executed') looking.executed(subscriberId, seen.slot);
      else if (looking.absent(subscriberId) && verdict.do === 'wait' && verdict.rebroadcast)
        if ((await ports.books.doubt()) === null) {
          await ports.broadcast(payment, signed);
          await hindrance.of(payment, signed);
        }
      return { signed };
    }
    const { signature } = signed;
    if (verdict.do === 'prove') return { ended: signed, slot: null, byThis: buried === 'ended' };
    const { slot } = verdict;
    const byThis =
      verdict.do === 'discharge'
        ? await ends.land(payment, signature, slot)
        : await ends.failExecuted(payment, signature, slot, verdict.error);
    return { ended: signed, slot, byThis };
  };
}
