// Credit: counts final transfers to creators that Bailiff did not make towards the debts to those
// creators.
import type { Ledger, Log } from '../core/ports.ts';
import { accrueCloses } from './accrue.ts';

const BATCH = 500;

/** Matches final transfers with debts. Returns the subscribers whose debts may have changed. */
export async function creditTransfers(ledger: Ledger, log: Log): Promise<string[]> {
  const matched = await ledger.credits.match(BATCH);
  for (const { subscriberId, creatorWallet, signature, amount, credited } of matched)
    log.warn('transfer.credited', {
      subscriber: subscriberId,
      creatorWallet,
      signature,
      amount,
      credited,
      excess: amount - credited,
    });
  return [...new Set(matched.map((each) => each.subscriberId))];
}

/**
 * Books closes that have become final, and matches transfers. Returns the subscribers whose debts
 * may have changed.
 */
export async function bookFinal(ledger: Ledger, log: Log): Promise<string[]> {
  const owing = await accrueCloses(ledger, log);
  return [...new Set([...owing, ...(await creditTransfers(ledger, log))])];
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
