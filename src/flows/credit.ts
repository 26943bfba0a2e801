// Credit: counts final transfers to creators that Bailiff did not make towards the debts to those
// creators. The ledger may have lost a payment of such a debt, so a match is made only after the
// payments of its subscriber were compared with the chain, and is committed only in the database
// that was compared.
import type { CreditMatch } from '../core/debt-ports.ts';
import { Fault } from '../core/fault.ts';
import type { Clock, Ledger, Log } from '../core/ports.ts';
import type { Books } from './books-comparison.ts';
import { sideBySide } from './side-by-side.ts';

export type CreditPorts = {
  readonly ledger: Ledger;
  readonly books: Pick<Books, 'doubt' | 'disagreement' | 'identity'>;
  readonly clock: Pick<Clock, 'elapsedMs'>;
  readonly log: Log;
};
/**
 * Matches the transfers that wait, of every subscriber whose books agree with the chain. The others
 * are left for a later call. Returns the subscribers whose debts may have changed.
 */
export type Credit = () => Promise<string[]>;

/** The number of agents whose histories are read side by side. */
const AT_ONCE = 8;
/** A subscriber whose books do not agree, or could not be read, is looked at again after this. */
const AGAIN_MS = 5_000;

/** Creates the function that matches transfers to creators, which a loop repeats. */
export function createCredit({ ledger, books, clock, log }: CreditPorts): Credit {
  /** Subscribers whose transfers wait: until when they are not looked at, and the reason. */
  const waits = new Map<string, { readonly untilMs: number; readonly reason: string }>();
  /** Matches the transfers of a subscriber, or returns the reason why they wait. */
  const matchOf = async (subscriberId: string): Promise<CreditMatch[] | string> => {
    try {
      const subscriber = await ledger.subscribers.find(subscriberId);
      if (subscriber === null) throw new Fault('not_found', `subscriber ${subscriberId} is gone`);
      const trouble = await books.disagreement(subscriber);
      if (trouble !== null) return trouble.detail;
      return await ledger.credits.match(subscriberId, books.identity());
    } catch (thrown) {
      if (thrown instanceof Fault) return thrown.message;
      throw thrown;
    }
  };
  return async () => {
    const all = new Set(await ledger.credits.waiting());
    for (const id of waits.keys()) if (!all.has(id)) waits.delete(id);
    const due = [...all].filter((id) => (waits.get(id)?.untilMs ?? 0) <= clock.elapsedMs());
    await sideBySide(due, AT_ONCE, async (subscriber) => {
      const matched = await matchOf(subscriber);
      if (typeof matched === 'string') {
        // One line for each reason, however long it lasts.
        if (waits.get(subscriber)?.reason !== matched)
          log.warn('transfer.match_waits', { subscriber, reason: matched });
        waits.set(subscriber, { untilMs: clock.elapsedMs() + AGAIN_MS, reason: matched });
        return;
      }
      waits.delete(subscriber);
      for (const { creatorWallet, signature, amount, credited } of matched)
        log.warn('transfer.credited', {
          subscriber,
          creatorWallet,
          signature,
          amount,
          credited,
          excess: amount - credited,
        });
    });
    return due;
  };
}

/**
 * Logs, at the start of a daemon that settles, how many debts were booked by a daemon that only
 * observed and wait to be adopted.
 */
export async function tellObserved(ledger: Ledger, log: Log): Promise<void> {
  const observed = await ledger.shares.observed();
  if (observed.count === 0) return;
  const detail = 'Booked while only observing, and never paid until: bailiff adopt --from-slot N.';
  log.warn('shares.observed', { ...observed, detail });
}
