// Accrue: finalized closes become profit shares, in chain order, on the terms under which their parts were opened.
import { bookingsOf } from '../core/accrual.ts';
import type { Ledger, Log } from '../core/ports.ts';

const BATCH = 100;

/** Books what has become final. Returns the subscribers who owe something new. */
export async function accrueCloses(ledger: Ledger, log: Log): Promise<string[]> {
  const owe = new Set<string>();
  for (;;) {
    const closes = await ledger.shares.unaccrued(BATCH);
    let booked = 0;
    const touched = new Set<string>();
    for (const close of closes) {
      const { fact, subscription, history } = close;
      // Its tabs were read with the batch: a second close of the same subscription waits for the next batch.
      if (touched.has(subscription.id)) continue;
      touched.add(subscription.id);
      const bookings = bookingsOf(fact.body, fact.position.slot, subscription, history);
      if (!(await ledger.shares.book(close, bookings))) continue;
      booked++;
      for (const { amount, netPnl, terms } of bookings) {
        if (amount === 0n) continue;
        owe.add(fact.subscriberId);
        log.info('share.accrued', {
          subscriber: fact.subscriberId,
          subscription: subscription.id,
          creatorWallet: terms?.creatorWallet,
          signature: fact.signature,
          netPnl,
          amount,
        });
      }
    }
    if (booked === 0) return [...owe];
  }
}
