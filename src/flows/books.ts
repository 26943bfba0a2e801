// Books: before a process pays for a subscriber the first time, the ledger is held against the chain: every payment of ours
// that the agent's token account remembers must be known here. A ledger that was restored from an older copy, or lost its
// payments, would pay again what was paid; instead it says so and waits for `bailiff payments rebuild`.
import { Fault } from '../core/fault.ts';
import type { Slot } from '../core/ids.ts';
import type { Chain, Venue } from '../core/outside.ts';
import type { Trouble } from '../core/payment.ts';
import type { Ledger, Subscriber } from '../core/ports.ts';
import { type PaidOnChain, paymentIdIn, recognise } from '../core/rebuild.ts';

export type BooksPorts = {
  readonly ledger: Ledger;
  readonly chain: Chain;
  readonly venue: Pick<Venue, 'quoteMint'>;
};
export type Books = {
  /** Why nothing may be paid for this subscriber yet; null once ledger and chain agree. */
  disagreement(subscriber: Subscriber): Promise<Trouble | null>;
};

/** Payments on chain, in slots after `since`, that the ledger does not know; oldest first. */
export async function unknownPayments(
  { ledger, chain, venue }: BooksPorts,
  { id, agentWallet: wallet, agentTokenAccount: tokenAccount }: Subscriber,
  since: Slot,
  commitment: 'confirmed' | 'finalized',
): Promise<PaidOnChain[]> {
  // From a node that has seen the tip: one that is behind would leave out the latest, and nobody would notice.
  const tip = await chain.slot(commitment);
  const rows = await chain.signatures(tokenAccount, since, tip, commitment);
  const claimed = rows.filter((row) => !row.failed && paymentIdIn(row.memo) !== null);
  const unknown = new Set(
    await ledger.payments.unknown(claimed.map((row) => paymentIdIn(row.memo) ?? '')),
  );
  if (unknown.size === 0) return [];
  const subscriptions = await ledger.subscriptions.ofSubscriber(id);
  const creatorOf = new Map(
    subscriptions.flatMap(({ terms }) =>
      terms.map(({ creatorWallet }) => [
        chain.tokenAccount(venue.quoteMint, creatorWallet),
        creatorWallet,
      ]),
    ),
  );
  const found: PaidOnChain[] = [];
  for (const { signature, slot, memo } of claimed) {
    if (!unknown.has(paymentIdIn(memo) ?? '')) continue;
    const transaction = await chain.transaction(signature, commitment);
    // It is in the history: a node that cannot show it has not said that it is no payment.
    if (transaction === null)
      throw new Fault(
        'rpc_unavailable',
        `getTransaction: ${signature} is not to be had from this node`,
      );
    if (transaction.error !== null) continue;
    const paid = recognise(chain.actsOf(transaction), { wallet, tokenAccount }, creatorOf);
    if (paid !== null) found.push({ ...paid, signature, slot });
  }
  return found;
}

export function createBooks(ports: BooksPorts): Books {
  /** From which slot on the two agree. An older debt may be heard of later: then the chain is asked again. */
  const agreedSince = new Map<string, Slot>();
  return {
    async disagreement(subscriber) {
      // A payment is never older than the debt that it pays.
      const since = await ports.ledger.shares.oldestOpenSlot(subscriber.id);
      if ((agreedSince.get(subscriber.id) ?? Number.POSITIVE_INFINITY) <= since) return null;
      const unknown = await unknownPayments(ports, subscriber, since, 'confirmed');
      const [first] = unknown;
      if (first === undefined) {
        agreedSince.set(subscriber.id, since);
        return null;
      }
      return {
        class: 'books_behind',
        code: 'payments_unknown',
        detail: `The chain shows ${unknown.length} payments that these books do not know, the first in ${first.signature}. Nothing is paid until: bailiff payments rebuild.`,
      };
    },
  };
}
