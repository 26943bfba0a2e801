// Reading haste: decides how soon a transaction that a webhook names is read. In quiet everything
// is read at once, at `confirmed`, and again when it is final. In a burst a transaction that moves
// no tokens waits until it is final and is read once; one that moves tokens goes ahead of all
// others, because it may be a runaway's withdrawal. What a body says only sets this order: nothing
// else rests on it.
import type { Burst } from '../core/burst.ts';
import type { Finality } from './finality.ts';
import type { OwnSignatures } from './own-signatures.ts';

export type Haste = {
  /**
   * After this time a transaction is final, as the chain goes now; null while that is not known.
   * Milliseconds.
   */
  finalByMs(): number | null;
  /** As `Rumour.waitMs`. `moves`: the body says that the transaction moves tokens or lamports. */
  waitMs(signature: string, moves: boolean): number;
};

/** The margin over the measured time until finality: a part of it, and a time. */
const MARGIN = { percent: 25, ms: 200 };
/** A chain whose blocks take longer than this to become final is read at `confirmed` always. */
const WORTH_WAITING_MS = 2_500;
/** The daemon's own payments are read this long after a webhook names them. */
const OWN_WAIT_MS = 2_000;
/** In a burst, transactions that move tokens are read as if they had come so much earlier. */
const AHEAD_MS = 10 * 60_000;

export function createHaste(
  burst: Pick<Burst, 'on'>,
  finality: Pick<Finality, 'lagMs'>,
  ownSignatures: Pick<OwnSignatures, 'has'>,
): Haste {
  const finalByMs = (): number | null => {
    const lagMs = finality.lagMs();
    return lagMs === null ? null : Math.round((lagMs * (100 + MARGIN.percent)) / 100) + MARGIN.ms;
  };
  return {
    finalByMs,
    waitMs(signature, moves) {
      const finalMs = finalByMs() ?? Number.POSITIVE_INFINITY;
      if (ownSignatures.has(signature))
        return finalMs <= WORTH_WAITING_MS ? Math.max(OWN_WAIT_MS, finalMs) : OWN_WAIT_MS;
      if (!burst.on()) return 0;
      if (moves) return -AHEAD_MS;
      return finalMs <= WORTH_WAITING_MS ? finalMs : 0;
    },
  };
}
