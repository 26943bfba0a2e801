// Proving: collects evidence that a sent payment can never be executed. Rounds are at least 16
// blocks apart. The rounds are kept in memory until they prove the death, or until one of them
// contradicts it. A process that starts has no rounds.

import type { Chain } from '../core/chain-ports.ts';
import {
  BLOCKS_BETWEEN_ROUNDS,
  type DeathEvidence,
  isProvenDead,
  withRound,
} from '../core/death.ts';
import type { Address, Signature } from '../core/ids.ts';
import type { Payment } from '../core/payment.ts';
import type { Log } from '../core/ports.ts';
import type { SignedBytes } from '../core/signed-bytes.ts';
import { type Trouble, troubled } from '../core/trouble.ts';

/** The trouble of the debts of a payment that is proven dead. */
export const EXPIRED: Trouble = troubled(
  'expired',
  'The transaction expired unexecuted; this was proven on chain.',
);

export type Proving = {
  /**
   * Asks for one more round when it is due. Returns the rounds that prove that the payment is dead,
   * or null while they do not.
   */
  round(
    payment: Payment,
    signed: SignedBytes,
    tokenAccount: Address,
    finalizedBlockHeight: number,
  ): Promise<readonly DeathEvidence[] | null>;
  forget(paymentId: string): void;
};

/** Creates the collection of evidence, with no rounds. */
export function createProving(chain: Pick<Chain, 'deathEvidence'>, log: Log): Proving {
  /** By payment, the rounds about the bytes with this signature. */
  const rounds = new Map<string, { signature: Signature; agreeing: readonly DeathEvidence[] }>();
  return {
    async round({ id }, signed, tokenAccount, finalizedBlockHeight) {
      const { signature } = signed;
      const kept = rounds.get(id);
      // A payment may hold other bytes than before: a database that went back had it signed anew.
      const before = kept?.signature === signature ? kept.agreeing : [];
      // A round too soon after the last would prove nothing more, and costs half a dozen calls.
      const last = before.at(-1)?.finalizedBlockHeight ?? Number.NEGATIVE_INFINITY;
      if (finalizedBlockHeight < last + BLOCKS_BETWEEN_ROUNDS) return null;
      const evidence = await chain.deathEvidence(signed, tokenAccount);
      const agreeing = withRound(signed, before, evidence);
      rounds.set(id, { signature, agreeing });
      if (isProvenDead(signed, agreeing)) return agreeing;
      if (agreeing.length === 0) log.info('payment.not_proven_dead', { payment: id, evidence });
      return null;
    },
    forget: (paymentId) => void rounds.delete(paymentId),
  };
}
