// Accrue: books profit shares for finalized closes, in chain order, under the terms that were in
// force when each part of the position was opened.
import { accrualOf, tabsAfter } from '../core/accrual.ts';
import type { UnaccruedClose } from '../core/debt-ports.ts';
import type { Ledger, Log } from '../core/ports.ts';
import type { Subscription } from '../core/subscription.ts';
import { sideBySide } from './side-by-side.ts';

const BATCH = 500;
/** The number of subscriptions whose closes are booked side by side; the ledger books in groups. */
const AT_ONCE = 64;

/**
 * Books closes of one subscription, in their order. Adds the subscriber to `owe` when there is a
 * new debt, and returns the number of closes that were booked.
 */
async function bookOwn(
  ledger: Ledger,
  log: Log,
  closes: readonly UnaccruedClose[],
  owe: Set<string>,
): Promise<number> {
  let booked = 0;
  let left: Subscription | null = null;
  for (const close of closes) {
    const { fact, history, vouched } = close;
    const subscription: Subscription = left ?? close.subscription;
    const accrued = accrualOf(fact.body, fact.position.slot, subscription, history);
    // An earlier opening may not be heard yet, and with it a fee that lowers the profit. The close
    // waits until account state has proven that everything was heard.
    if (!vouched && !accrued.explained) continue;
    // Another daemon has changed the subscription. The next batch reads the subscription anew.
    if (!(await ledger.shares.book({ ...close, subscription }, accrued))) return booked;
    left = { ...subscription, tabs: tabsAfter(subscription.tabs, accrued.bookings) };
    booked++;
    for (const { owed, netPnl } of accrued.bookings)
      for (const { wallet: creatorWallet, amount } of owed) {
        owe.add(fact.subscriberId);
        log.info('share.accrued', {
          subscriber: fact.subscriberId,
          subscription: subscription.id,
          creatorWallet,
          signature: fact.signature,
          netPnl,
          amount,
        });
      }
  }
  return booked;
}

/** Books one batch of closes; `owe` and the result are as in `bookOwn`. */
async function bookBatch(
  ledger: Ledger,
  log: Log,
  closes: readonly UnaccruedClose[],
  owe: Set<string>,
): Promise<number> {
  const bySubscription = Map.groupBy(closes, ({ subscription }) => subscription.id);
  let booked = 0;
  await sideBySide([...bySubscription.values()], AT_ONCE, async (own) => {
    booked += await bookOwn(ledger, log, own, owe);
  });
  return booked;
}

/**
 * Books every close that has become final. Returns the subscribers who owe something new. `onOwing`
 * gets the subscribers of each batch before the next batch is read, so that in a burst the first
 * debts are paid while later closes are still read and booked.
 */
export async function accrueCloses(
  ledger: Ledger,
  log: Log,
  onOwing: (subscriberIds: readonly string[]) => Promise<void> = async () => {},
): Promise<string[]> {
  const all = new Set<string>();
  for (let booked = 1; booked > 0; ) {
    booked = 0;
    let after: UnaccruedClose['fact'] | null = null;
    // A close that waits for account state does not block others, because each batch goes on after
    // the last close read.
    for (let more = true; more; ) {
      const closes: UnaccruedClose[] = await ledger.shares.unaccrued(BATCH, after);
      const owe = new Set<string>();
      try {
        booked += await bookBatch(ledger, log, closes, owe);
      } finally {
        if (owe.size > 0) await onOwing([...owe]);
      }
      for (const id of owe) all.add(id);
      after = closes.at(-1)?.fact ?? null;
      more = closes.length === BATCH;
    }
  }
  return [...all];
}
