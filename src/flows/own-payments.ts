// Own payments: knows which live payments this process wrote itself, after comparing the ledger
// with the chain. A payment that another process wrote, or that this process wrote into a
// database that has gone back since, may already have been paid, so the chain is asked before it
// is signed or sent.
import type { Payment } from '../core/payment.ts';
import { paidTo } from '../core/payment-recipients.ts';
import type { Subscriber } from '../core/ports.ts';
import type { Trouble } from '../core/trouble.ts';
import type { Books } from './books-comparison.ts';

export type Own = {
  /** Tells that this process has planned or signed the payment. */
  wrote(paymentId: string): void;
  ended(paymentId: string): void;
  /** The reason why a payment may not be signed or sent yet, or null. */
  doubt(payment: Payment, subscriber: Subscriber): Promise<Trouble | null>;
};

/**
 * Creates the memory, with no payments: after a restart every live payment is another process's.
 */
export function createOwn(
  books: Pick<Books, 'doubt' | 'disagreement' | 'excessTo' | 'lineage'>,
): Own {
  /** Each payment with the number of times that the database had gone back when it was written. */
  const written = new Map<string, number>();
  return {
    wrote: (paymentId) => void written.set(paymentId, books.lineage()),
    ended: (paymentId) => void written.delete(paymentId),
    async doubt(payment, subscriber) {
      const broken = await books.doubt();
      if (broken !== null || written.get(payment.id) === books.lineage()) return broken;
      const behind = await books.disagreement(subscriber);
      if (behind !== null) return behind;
      // A payment with an excess may have paid the debts that this payment claims, so a payment
      // that is only planned waits. A payment that is signed goes on: the one with the excess was
      // signed after it, so either this one can never be executed, or the ledger has lost nothing.
      if (payment.state !== 'planned' || payment.purpose !== 'share') return null;
      const { mint } = payment.token;
      const excesses = paidTo(payment).map(({ wallet }) =>
        books.excessTo(subscriber.id, wallet, mint, 0),
      );
      return excesses.find((each) => each !== null) ?? null;
    },
  };
}
