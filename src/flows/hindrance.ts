// Hindrance: finds out why a payment that was sent does not land. The bytes are simulated as they
// were signed, and the error is noted on the payment and on its debts: the time of a debtor who
// keeps the payment from landing then counts as that of a debt which waits for the same reason.
// A note ends no payment. Once the chain would take the bytes again, the note is removed.
import { ofItsPayer, sinceReading } from '../core/aftermath.ts';
import { Fault } from '../core/fault.ts';
import type { Payment } from '../core/payment.ts';
import type { Clock, Log } from '../core/ports.ts';
import type { SignedBytes } from '../core/signed-bytes.ts';
import type { Trouble } from '../core/trouble.ts';
import type { SigningPorts } from './signing.ts';

type HindrancePorts = Pick<SigningPorts, 'ledger' | 'chain' | 'venues'> & {
  readonly clock: Clock;
  readonly log: Log;
};

export type Hindrance = {
  /**
   * Why the chain would refuse these bytes of a payment, as the last simulation showed; null when
   * it would take them, or none was made yet. The first simulation is made `everyMs` after the
   * first question about a payment, and each further one as long after the last. A node that does
   * not answer changes nothing.
   */
  of(payment: Payment, signed: SignedBytes): Promise<Trouble | null>;
  forget(paymentId: string): void;
};

type Asked = {
  /** When the bytes were simulated last, by `elapsedMs` of the clock. */
  readonly atMs: number;
  readonly trouble: Trouble | null;
  /** Whether this process has told the ledger. One that starts does not know what it shows. */
  readonly isNoted: boolean;
};

/** Creates the questions of one process, about no payment yet. */
export function createHindrance(ports: HindrancePorts, everyMs: number): Hindrance {
  const { ledger, chain, venues, clock, log } = ports;
  const asked = new Map<string, Asked>();

  /** What the chain says now; undefined when the node does not answer. */
  const simulated = async (
    payment: Payment,
    { bytes }: SignedBytes,
  ): Promise<Trouble | null | undefined> => {
    try {
      const { error, programs, logs } = await chain.simulateBytes(bytes);
      if (error === null) return null;
      const found = venues.of(payment.venue).trouble(error, programs, logs);
      return ofItsPayer(sinceReading(found), payment.plan.feePayer);
    } catch (thrown) {
      if (thrown instanceof Fault) return undefined;
      throw thrown;
    }
  };

  return {
    async of(payment, signed) {
      const atMs = clock.elapsedMs();
      const last = asked.get(payment.id) ?? { atMs, trouble: null, isNoted: false };
      asked.set(payment.id, last);
      if (atMs - last.atMs < everyMs) return last.trouble;
      const trouble = await simulated(payment, signed);
      if (trouble === undefined) {
        asked.set(payment.id, { ...last, atMs });
        return last.trouble;
      }
      // A trouble is noted each time: a failover may have lost the note, or another daemon that
      // worked on the lane meanwhile may have removed it, and without it no time counts.
      if (trouble !== null || last.trouble !== null || !last.isNoted)
        await ledger.payments.hindered(payment.id, trouble);
      if (trouble !== null && trouble.code !== last.trouble?.code)
        log.warn('payment.hindered', {
          payment: payment.id,
          subscriber: payment.subscriberId,
          ...trouble,
        });
      asked.set(payment.id, { atMs, trouble, isNoted: true });
      return trouble;
    },
    forget: (paymentId) => void asked.delete(paymentId),
  };
}
