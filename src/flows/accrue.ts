// Accrue: finalized closes become profit shares, in chain order, on the terms under which their
// parts were opened.
import { accrualOf, tabsAfter } from '../core/accrual.ts';
import type { UnaccruedClose } from '../core/debt-ports.ts';
import type { Ledger, Log, Subscription } from '../core/ports.ts';

const BATCH = 500;

/** Books one batch. Returns how many closes it booked. */
async function bookBatch(
  ledger: Ledger,
  log: Log,
  closes: readonly UnaccruedClose[],
  owe: Set<string>,
): Promise<number> {
  let booked = 0;
  /** As booking leaves them; null where the next batch must read anew. */
  const left = new Map<string, Subscription | null>();
  for (const close of closes) {
    const { fact, history, vouched } = close;
    const subscription = left.get(close.subscription.id) ?? close.subscription;
    const { id } = subscription;
    if (left.get(id) === null) continue;
    const accrued = accrualOf(fact.body, fact.position.slot, subscription, history);
    // An opening before it may not be heard yet, and with it a fee that lessens the profit: account
    // state will show whether all is.
    if (!vouched && !accrued.explained) continue;
    left.set(id, null);
    if (!(await ledger.shares.book({ ...close, subscription }, accrued))) continue;
    left.set(id, { ...subscription, tabs: tabsAfter(subscription.tabs, accrued.bookings) });
    booked++;
    for (const { amount, netPnl, terms } of accrued.bookings) {
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
  return booked;
}

/** Books what has become final. Returns the subscribers who owe something new. */
export async function accrueCloses(ledger: Ledger, log: Log): Promise<string[]> {
  const owe = new Set<string>();
  for (let booked = 1; booked > 0; ) {
    booked = 0;
    let after: UnaccruedClose['fact'] | null = null;
    // Closes that wait for account state hold nobody else's up: each batch goes on after the last.
    for (let more = true; more; ) {
      const closes: UnaccruedClose[] = await ledger.shares.unaccrued(BATCH, after);
      booked += await bookBatch(ledger, log, closes, owe);
      after = closes.at(-1)?.fact ?? null;
      more = closes.length === BATCH;
    }
  }
  return [...owe];
}
