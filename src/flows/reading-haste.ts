// Reading haste: decides how soon a transaction that a webhook names is read. Without a burst it is
// read at once, at `confirmed`, and again when it is final. In a burst a transaction that moves no
// tokens waits until it is final and is read once. One that moves tokens may be a runaway's
// withdrawal: it goes ahead of all others in a burst, and at any time when its subscriber owes
// something. A webhook body only sets this order; no other decision rests on it.
import type { Burst } from '../core/burst.ts';
import type { Address } from '../core/ids.ts';
import type { Pace } from '../core/pace.ts';
import type { OwnSignatures } from './own-signatures.ts';

export type Haste = {
  /**
   * As `Rumour.waitMs`. `moves`: the body says that the transaction moves tokens or lamports;
   * `accounts`: the watched accounts that it names.
   */
  waitMs(signature: string, moves: boolean, accounts: readonly Address[]): number;
};

/**
 * While blocks take longer than this to become final, transactions are read at `confirmed` first,
 * in a burst too.
 */
const WORTH_WAITING_MS = 2_500;
/** The daemon's own payments are read this long after a webhook names them, at the earliest. */
const OWN_WAIT_MS = 2_000;
/** Transactions that go ahead are read as if they had come so much earlier. */
export const AHEAD_MS = 10 * 60_000;

/**
 * Creates the decision for webhooks. `burst` tells whether one goes on, `pace` how long finality
 * takes, and `owes` whether the subscriber of an account owes something.
 */
export function createHaste(
  burst: Pick<Burst, 'on'>,
  pace: Pick<Pace, 'finalByMs'>,
  ownSignatures: Pick<OwnSignatures, 'has'>,
  owes: (account: Address) => boolean,
): Haste {
  return {
    waitMs(signature, moves, accounts) {
      const finalMs = pace.finalByMs() ?? Number.POSITIVE_INFINITY;
      if (ownSignatures.has(signature))
        return finalMs <= WORTH_WAITING_MS ? Math.max(OWN_WAIT_MS, finalMs) : OWN_WAIT_MS;
      if (moves && (burst.on() || accounts.some(owes))) return -AHEAD_MS;
      if (!burst.on()) return 0;
      return finalMs <= WORTH_WAITING_MS ? finalMs : 0;
    },
  };
}
