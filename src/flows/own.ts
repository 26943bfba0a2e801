// Own: which live payments this process wrote itself, after it had held the books against the
// chain. What another process wrote, or this one into a database that has gone back since, may have
// been paid already: the chain is asked before it is signed or sent.
import type { Payment, Trouble } from '../core/payment.ts';
import type { Subscriber } from '../core/ports.ts';
import type { Books } from './books.ts';

export type Own = {
  /** This process has planned or signed it. */
  wrote(paymentId: string): void;
  ended(paymentId: string): void;
  /** Why a payment may not be signed or sent on these books; null when it may. */
  doubt(payment: Payment, subscriber: Subscriber): Promise<Trouble | null>;
};

export function createOwn(books: Pick<Books, 'doubt' | 'disagreement' | 'lineage'>): Own {
  /** Each with how often the database had gone back by then. */
  const written = new Map<string, number>();
  return {
    wrote: (paymentId) => void written.set(paymentId, books.lineage()),
    ended: (paymentId) => void written.delete(paymentId),
    async doubt(payment, subscriber) {
      const broken = await books.doubt();
      if (broken !== null || written.get(payment.id) === books.lineage()) return broken;
      return books.disagreement(subscriber);
    },
  };
}
