// Accrue: finalized closes become profit shares, in chain order, on the terms under which their parts were opened.
import { bookingsOf, isPlain, tabsAfter } from '../core/accrual.ts';
import type { Ledger, Log, Subscription } from '../core/ports.ts';

const BATCH = 500;

/** Books what has become final. Returns the subscribers who owe something new. */
export async function accrueCloses(ledger: Ledger, log: Log): Promise<string[]> {
  const owe = new Set<string>();
  for (;;) {
    const closes = await ledger.shares.unaccrued(BATCH);
    let booked = 0;
    /** As booking leaves them; null where the next batch must read anew. */
    const left = new Map<string, Subscription | null>();
    for (const close of closes) {
      const { fact, history } = close;
      const subscription = left.get(close.subscription.id) ?? close.subscription;
      const { id } = subscription;
      // What moved the account was read for the first close of the batch alone; where it bears on nothing, the others need not wait.
      if (left.has(id) && (left.get(id) === null || !isPlain(subscription))) continue;
      left.set(id, null);
      const bookings = bookingsOf(fact.body, fact.position.slot, subscription, history);
      if (!(await ledger.shares.book({ ...close, subscription }, bookings))) continue;
      left.set(id, { ...subscription, tabs: tabsAfter(subscription.tabs, bookings) });
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
