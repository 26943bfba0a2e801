// Rebuild: makes books whole that have lost payments, from the chain alone. Each payment found there is booked as landed,
// with the shares it covered; what cannot be assigned is a difference, and until there is none nothing is paid.

import type { Log } from '../core/ports.ts';
import { allot, type PaidOnChain } from '../core/rebuild.ts';
import { type BooksPorts, unknownPayments } from './books.ts';

export type Rebuilt = {
  readonly subscribers: number;
  readonly restored: readonly (PaidOnChain & { readonly subscriberId: string })[];
  /** Paid on chain, and beyond every debt that these books know. */
  readonly differences: readonly (PaidOnChain & {
    readonly subscriberId: string;
    readonly excess: bigint;
  })[];
};

export type RebuildPorts = BooksPorts & { readonly log: Log };

/**
 * Walks every subscriber's token account from its beginning. With `dryRun` nothing is written. Throws
 * `rpc_unavailable` rather than leave a subscriber out; running it again goes on where it stopped.
 */
export async function rebuildPayments(
  ports: RebuildPorts,
  options: { dryRun: boolean; onProgress?: (done: number, of: number) => void },
): Promise<Rebuilt> {
  const { ledger, log } = ports;
  const restored: Rebuilt['restored'][number][] = [];
  const differences: Rebuilt['differences'][number][] = [];
  const ids = await ledger.subscribers.ids();
  for (const [index, subscriberId] of ids.entries()) {
    const subscriber = await ledger.subscribers.find(subscriberId);
    if (subscriber === null) continue;
    for (const paid of await unknownPayments(ports, subscriber, 0, 'finalized')) {
      const { covers, excess } = allot(paid, await ledger.shares.uncovered(subscriberId));
      if (excess > 0n) {
        differences.push({ ...paid, subscriberId, excess });
        continue;
      }
      if (!options.dryRun) await ledger.payments.restore(subscriberId, paid, covers);
      restored.push({ ...paid, subscriberId });
      log.warn('payment.restored', {
        payment: paid.id,
        subscriber: subscriberId,
        signature: paid.signature,
        amount: paid.amount,
        written: !options.dryRun,
      });
    }
    options.onProgress?.(index + 1, ids.length);
  }
  return { subscribers: ids.length, restored, differences };
}
