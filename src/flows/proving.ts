// Proving: rounds of evidence for a death, asked some blocks apart and kept until they prove it or
// one of them speaks against it. A process that starts asks them anew.
import {
  BLOCKS_BETWEEN_ROUNDS,
  type DeathEvidence,
  isProvenDead,
  withRound,
} from '../core/death.ts';
import type { Address } from '../core/ids.ts';
import type { Chain } from '../core/outside.ts';
import type { Payment, SignedBytes } from '../core/payment.ts';
import type { Log } from '../core/ports.ts';
import { type Trouble, troubled } from '../core/trouble.ts';

/** What a proven death means for the debts. */
export const EXPIRED: Trouble = troubled(
  'expired',
  'The transaction expired unexecuted; this was proven on chain.',
);

export type Proving = {
  /**
   * Asks one more round, when its time has come. The rounds that prove the death; null while they
   * do not.
   */
  round(
    payment: Payment,
    signed: SignedBytes,
    tokenAccount: Address,
    finalizedBlockHeight: number,
  ): Promise<readonly DeathEvidence[] | null>;
  forget(paymentId: string): void;
};

export function createProving(chain: Pick<Chain, 'deathEvidence'>, log: Log): Proving {
  const rounds = new Map<string, readonly DeathEvidence[]>();
  return {
    async round({ id }, signed, tokenAccount, finalizedBlockHeight) {
      const before = rounds.get(id) ?? [];
      // A round too soon after the last would add nothing, and costs half a dozen calls.
      const last = before.at(-1)?.finalizedBlockHeight ?? Number.NEGATIVE_INFINITY;
      if (finalizedBlockHeight < last + BLOCKS_BETWEEN_ROUNDS) return null;
      const evidence = await chain.deathEvidence(signed, tokenAccount);
      const agreeing = withRound(signed, before, evidence);
      rounds.set(id, agreeing);
      if (isProvenDead(signed, agreeing)) return agreeing;
      if (agreeing.length === 0) log.info('payment.not_proven_dead', { payment: id, evidence });
      return null;
    },
    forget: (paymentId) => void rounds.delete(paymentId),
  };
}
