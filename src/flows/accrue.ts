// Accrue: finalized closes become profit shares, in chain order, on the terms in force at their slot.
import { accrue, isOwnTransfer, termsAt } from '../core/accrual.ts';
import type { Ledger, Log } from '../core/ports.ts';

const BATCH = 100;

/** Books what has become final. Returns the subscribers who owe something new. */
export async function accrueCloses(ledger: Ledger, log: Log): Promise<string[]> {
  const owe = new Set<string>();
  for (;;) {
    const closes = await ledger.shares.unaccrued(BATCH);
    let booked = 0;
    const carried = new Set<string>();
    for (const close of closes) {
      const { fact, subscription } = close;
      // The carry was read with the batch: a second close of the same subscription waits for the next batch.
      if (carried.has(subscription.id)) continue;
      carried.add(subscription.id);
      // Without terms at that slot nothing had been agreed yet, and a position moved between own sub-accounts was not
      // traded: such a close is booked as owing nothing.
      const agreed = termsAt(subscription.terms, fact.position.slot);
      const owing = agreed !== null && !isOwnTransfer(fact.body);
      const shareBps = owing ? agreed.shareBps : 0;
      const accrued = accrue(fact.body, shareBps, subscription.carry);
      const creatorWallet = agreed?.creatorWallet ?? null;
      if (!(await ledger.shares.book(close, { creatorWallet, shareBps }, accrued))) continue;
      booked++;
      if (accrued.amount === 0n) continue;
      owe.add(fact.subscriberId);
      log.info('share.accrued', {
        subscriber: fact.subscriberId,
        subscription: subscription.id,
        signature: fact.signature,
        netPnl: fact.body.netPnl,
        amount: accrued.amount,
      });
    }
    if (booked === 0) return [...owe];
  }
}
