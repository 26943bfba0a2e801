// Costs: reads from the chain the cost of ended payments: who paid, how much, and which token
// accounts were opened. The cost can differ from the plan, because the creator may close or open
// its account between the simulation and the block.

import type { Chain } from '../core/chain-ports.ts';
import type { UnreadCost } from '../core/cost-ports.ts';
import { messageOf } from '../core/fault.ts';
import { costOf } from '../core/payment-cost.ts';
import type { Ledger, Log } from '../core/ports.ts';
import type { HearingShare } from './hearing-share.ts';
import type { OwnSignatures } from './own-signatures.ts';
import { sideBySide } from './side-by-side.ts';

const BATCH = 50;
/** The number of payments whose costs are read side by side; the ledger records them together. */
const AT_ONCE = 16;

/**
 * Creates the reading of costs. Each call reads the costs of the next payments that lack them,
 * oldest first, and begins again after the last one. A payment that another daemon reads, or whose
 * transaction no node gives, is tried again in its turn and keeps no later one from being read.
 * Returns true when there may be more.
 */
export function createCostReading({
  ledger,
  chain,
  log,
  ownSignatures,
  share,
}: {
  ledger: Ledger;
  chain: Chain;
  log: Log;
  ownSignatures: Pick<OwnSignatures, 'has' | 'takeCost'>;
  share: Pick<HearingShare, 'isMine'>;
}): (signal: AbortSignal) => Promise<boolean> {
  let last: UnreadCost | null = null;
  return async (signal) => {
    const unread = await ledger.costs.unread(BATCH, last);
    last = unread.length < BATCH ? null : (unread.at(-1) ?? null);
    let read = 0;
    await sideBySide(unread, AT_ONCE, async (payment) => {
      // The payment is about to be read like any other transaction, and its cost with it.
      if (signal.aborted || ownSignatures.has(payment.signature)) return;
      try {
        const known = ownSignatures.takeCost(payment.signature);
        // This process has not read the transaction. Only the daemon that hears the subscriber
        // reads it for its cost.
        if (known === null && !share.isMine(payment.subscriberId)) return;
        const transaction =
          known === null ? await chain.transaction(payment.signature, 'finalized') : null;
        const cost = known ?? (transaction === null ? null : costOf(transaction));
        if (cost === null) return;
        await ledger.costs.record(payment, cost);
        read++;
      } catch (thrown) {
        log.warn('payment.cost_unread', { payment: payment.paymentId, message: messageOf(thrown) });
      }
    });
    return !signal.aborted && unread.length === BATCH && read > 0;
  };
}
