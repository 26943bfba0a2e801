// Rebuild: fills a ledger that has lost payments again, from the chain alone. Each payment found on
// chain is booked as landed, with the shares that it covered. An amount that no share explains is
// its excess, and a difference: it pays debts to the same wallet that are heard later.

import type { Slot } from '../core/ids.ts';
import type { Ledger, Log } from '../core/ports.ts';
import type { PaidOnChain } from '../core/rebuild.ts';
import { type BooksPorts, unknownPayments } from './books-comparison.ts';
import { bookFound, type Taken } from './found-payments.ts';

export type Rebuilt = {
  readonly subscribers: number;
  /** Payments that were booked now, each with the part that debts explain. */
  readonly restored: readonly (PaidOnChain & {
    readonly subscriberId: string;
    readonly explained: bigint;
  })[];
  /** Payments on chain that no person accepted. No debt in the ledger explains `excess`. */
  readonly differences: readonly (PaidOnChain & {
    readonly subscriberId: string;
    readonly excess: bigint;
  })[];
};

export type RebuildPorts = BooksPorts & { readonly log: Log };

/**
 * The slot before the first terms of a subscriber; no payment can be older. Null when it has no
 * subscription.
 */
async function firstAgreed(ledger: Ledger, subscriberId: string): Promise<Slot | null> {
  const subscriptions = await ledger.subscriptions.ofSubscriber(subscriberId);
  const slots = subscriptions.flatMap(({ terms }) => terms.map(({ fromSlot }) => fromSlot));
  return slots.length === 0 ? null : Math.min(...slots) - 1;
}

/**
 * Reads the history of every subscriber's token account back to its first terms; the node's history
 * must reach that far. With `dryRun` nothing is written. Throws `rpc_unavailable` rather than leave
 * a subscriber out; a second run goes on where the first stopped.
 */
export async function rebuildPayments(
  ports: RebuildPorts,
  options: { dryRun: boolean; onProgress?: (done: number, of: number) => void },
): Promise<Rebuilt> {
  const { ledger } = ports;
  const restored: Rebuilt['restored'][number][] = [];
  const differences: Rebuilt['differences'][number][] = [];
  const ids = await ledger.subscribers.ids();
  for (const [index, subscriberId] of ids.entries()) {
    const subscriber = await ledger.subscribers.find(subscriberId);
    if (subscriber === null) continue;
    const since = await firstAgreed(ledger, subscriberId);
    if (since === null) continue;
    const taken: Taken = new Map();
    // The command runs after a loss, so every payment may have been lost. A daemon finds out later
    // from which slot on the ledger is whole.
    const mayLack = true;
    const found = await unknownPayments(ports, subscriber, since, 'finalized', new Set(), mayLack);
    for (const paid of found) {
      const { dryRun } = options;
      const lost = { ...paid, maybeLost: true };
      const { explained, excess } = await bookFound(ports, subscriberId, lost, taken, dryRun);
      if (explained > 0n) restored.push({ ...paid, subscriberId, explained });
      if (excess > 0n) differences.push({ ...paid, subscriberId, excess });
    }
    options.onProgress?.(index + 1, ids.length);
  }
  return { subscribers: ids.length, restored, differences };
}
