// Burying: ends a sent payment under a blockhash whose bytes are proven dead.
import { NO_TRIES } from '../core/aftermath.ts';
import type { Payment } from '../core/payment.ts';
import type { Log, Subscriber } from '../core/ports.ts';
import type { SignedBytes } from '../core/signed-bytes.ts';
import type { Pen } from '../core/signing-ports.ts';
import type { Books } from './books-comparison.ts';
import { EXPIRED, type Proving } from './proving.ts';
import type { createRetryDelay } from './retry-delay.ts';
import type { SigningPorts } from './signing.ts';

type BuryingPorts = Pick<SigningPorts, 'ledger' | 'tokens'> & {
  readonly pen: Pick<Pen, 'ended'>;
  readonly books: Pick<Books, 'forget'>;
  readonly log: Log;
  readonly proving: Proving;
  readonly subscriberOf: (id: string) => Promise<Subscriber>;
};

/** `another`: another daemon has ended the payment, or the ledger holds other bytes for it. */
export type Burial = 'ended' | 'another' | 'unproven';

/**
 * Creates the function that asks for evidence of a death. Once the death is proven, the function
 * ends the payment.
 */
export function createBurying(ports: BuryingPorts, retryIn: ReturnType<typeof createRetryDelay>) {
  const { ledger, tokens, pen, books, log, proving } = ports;
  return async function bury(
    payment: Payment,
    signed: SignedBytes,
    finalizedBlockHeight: number,
  ): Promise<Burial> {
    const { id, subscriberId } = payment;
    const { agentWallet: agent } = await ports.subscriberOf(subscriberId);
    const account = tokens.tokenAccount(payment.token.mint, agent);
    const evidence = await proving.round(payment, signed, account, finalizedBlockHeight);
    if (evidence === null) return 'unproven';
    const retry = retryIn(EXPIRED, payment.attempts, NO_TRIES) ?? 0;
    const { signature } = signed;
    const finalized = Math.min(...evidence.map((each) => each.finalizedBlockHeight));
    pen.ended({ payment, signature, by: 'expiry', finalizedBlockHeight: finalized });
    const isEnded = await ledger.payments.dead(id, signature, evidence, EXPIRED, retry);
    if (isEnded)
      log.warn('payment.dead', { payment: id, subscriber: subscriberId, signature, evidence });
    books.forget(subscriberId);
    return isEnded ? 'ended' : 'another';
  };
}
