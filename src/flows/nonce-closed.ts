// Nonce closed: the end of a payment whose nonce account was closed while the payment was under
// way, by another holder of the sponsor's key. No transaction stood on the payment's value, so none
// tells the end. The finalized closing proves that no variant can be executed any more, and rounds
// of questions prove that none was executed before it. See ADR 131.
import { BLOCKS_BETWEEN_ROUNDS, ROUNDS_ALONE } from '../core/death.ts';
import { Fault } from '../core/fault.ts';
import type { Slot } from '../core/ids.ts';
import type { NonceAt, Outcome } from '../core/nonce.ts';
import type { Payment } from '../core/payment.ts';
import type { Ledger, Subscriber } from '../core/ports.ts';
import type { Books } from './books-comparison.ts';
import type { NonceHistory } from './nonce-history.ts';
import type { ReadPorts } from './preflight.ts';

type ClosedPorts = Pick<ReadPorts, 'chain' | 'tokens'> & {
  readonly ledger: Pick<Ledger, 'payments'>;
  readonly books: Pick<Books, 'doubt'>;
  readonly lane: Pick<NonceHistory, 'closingOf'>;
  readonly subscriberOf: (id: string) => Promise<Subscriber>;
};
type Untold = Extract<Outcome, { became: 'untold' }>;

export type NonceClosed = {
  /**
   * The end of a payment of which no finalized transaction stood on the value of its nonce. A
   * payment is `closed` after ROUNDS_ALONE complete rounds, BLOCKS_BETWEEN_ROUNDS finalized slots
   * apart; each call asks for one round at most. `untold`: as the caller found it, with what is
   * known of the closing.
   */
  outcomeOf(payment: Payment, nonce: NonceAt, untold: Untold): Promise<Outcome>;
  forget(paymentId: string): void;
};

/** Creates the rounds of one process. A process that starts has none. */
export function createNonceClosed(ports: ClosedPorts): NonceClosed {
  const { ledger, chain, tokens, books, lane } = ports;
  /** By payment, how many rounds agree, and the finalized slot of the last one. */
  const rounds = new Map<string, { count: number; slot: Slot }>();

  /**
   * Whether no node has any variant. The variants are read after the closing was seen: one that was
   * executed before the closing had been stored before it was sent.
   */
  const isAbsent = async (payment: Payment, nonce: NonceAt, seenSlot: Slot): Promise<boolean> => {
    const known = await ledger.payments.live(payment.subscriberId);
    if (known?.id !== payment.id) return false;
    const { agentWallet } = await ports.subscriberOf(payment.subscriberId);
    const accounts = [nonce.account, tokens.tokenAccount(payment.token.mint, agentWallet)];
    for (const { signature } of known.variants ?? [])
      if (!(await chain.finalizedAbsence(signature, accounts, nonce.slot, seenSlot))) return false;
    return true;
  };

  return {
    async outcomeOf(payment, nonce, untold) {
      const closing = await lane.closingOf(nonce);
      if (closing === null) return untold;
      const { signature, slot } = closing;
      const closed = `The nonce account was closed: ${signature} shows that in slot ${slot}. The payment ends once ${ROUNDS_ALONE} rounds of questions have shown that none of its transactions was executed before that.`;
      const told: Untold = { became: 'untold', why: `${untold.why} ${closed}` };
      // Variants of lost commits may have been executed.
      if ((await books.doubt()) !== null) return told;
      const { id } = payment;
      const before = rounds.get(id) ?? { count: 0, slot: 0 };
      try {
        const tip = await chain.slot('finalized');
        if (tip < slot || tip < before.slot + BLOCKS_BETWEEN_ROUNDS) return told;
        const absent = await isAbsent(payment, nonce, tip);
        const count = absent ? before.count + 1 : 0;
        rounds.set(id, { count, slot: tip });
        return count < ROUNDS_ALONE ? told : { became: 'closed', signature, slot };
      } catch (thrown) {
        if (!(thrown instanceof Fault)) throw thrown;
        return { ...told, why: `${told.why} The last round was not complete: ${thrown.message}` };
      }
    },
    forget: (paymentId) => void rounds.delete(paymentId),
  };
}
