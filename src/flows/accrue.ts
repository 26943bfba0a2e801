// Accrue: books profit shares for finalized closes, in chain order, under the terms that were in
// force when each part of the position was opened.
import { accrualOf, tabsAfter } from '../core/accrual.ts';
import type { UnaccruedClose } from '../core/debt-ports.ts';
import type { Ledger, Log, Subscription } from '../core/ports.ts';

const BATCH = 500;

/**
 * Books one batch of closes. Adds the subscribers who owe something new to `owe`, and returns the
 * number of closes that were booked.
 */
async function bookBatch(
  ledger: Ledger,
  log: Log,
  closes: readonly UnaccruedClose[],
  owe: Set<string>,
): Promise<number> {
  let booked = 0;
  /** Each subscription as its last booking left it; null when the next batch must read it again. */
  const left = new Map<string, Subscription | null>();
  for (const close of closes) {
    const { fact, history, vouched } = close;
    const subscription = left.get(close.subscription.id) ?? close.subscription;
    const { id } = subscription;
    if (left.get(id) === null) continue;
    const accrued = accrualOf(fact.body, fact.position.slot, subscription, history);
    // An earlier opening may not be heard yet, and with it a fee that lowers the profit. The close
    // waits until account state has proven that everything was heard.
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

/** Books every close that has become final. Returns the subscribers who owe something new. */
export async function accrueCloses(ledger: Ledger, log: Log): Promise<string[]> {
  const owe = new Set<string>();
  for (let booked = 1; booked > 0; ) {
    booked = 0;
    let after: UnaccruedClose['fact'] | null = null;
    // A close that waits for account state does not block others, because each batch goes on after
    // the last close read.
    for (let more = true; more; ) {
      const closes: UnaccruedClose[] = await ledger.shares.unaccrued(BATCH, after);
      booked += await bookBatch(ledger, log, closes, owe);
      after = closes.at(-1)?.fact ?? null;
      more = closes.length === BATCH;
    }
  }
  return [...owe];
}
