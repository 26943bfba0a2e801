// Books: before a process signs a payment, the ledger is held against the chain: every payment of
// ours that the agent's token account remembers must be known. A ledger that was restored from an
// older copy, or lost its payments, would pay again what was paid. What the chain shows for certain
// and open debts explain is booked at once; for the rest `bailiff payments rebuild` is needed.
import { Fault } from '../core/fault.ts';
import type { Signature, Slot } from '../core/ids.ts';
import type { Chain, SignatureRow } from '../core/outside.ts';
import type { Ledger, Log, Subscriber } from '../core/ports.ts';
import { allot, type PaidOnChain, paymentIdIn, recognise } from '../core/rebuild.ts';
import { type Trouble, troubled } from '../core/trouble.ts';
import type { Venue } from '../core/venue.ts';
import { createContinuity, type Marks, UNBROKEN } from './continuity.ts';

export type BooksPorts = {
  readonly ledger: Ledger;
  readonly chain: Chain;
  readonly venue: Pick<Venue, 'quoteMint'>;
};
export type Books = {
  /** Why nothing may be paid for this subscriber yet; null once ledger and chain agree. */
  disagreement(subscriber: Subscriber): Promise<Trouble | null>;
  /**
   * Why nothing may be signed for anybody: the database may lack commits. Null when it is whole.
   */
  doubt(): Promise<Trouble | null>;
  /** The identity of the database at the last look; null where it tells none. */
  identity(): string | null;
  /**
   * How often the database has gone back under this process: what was agreed before the last time
   * counts no more.
   */
  lineage(): number;
  /** What was agreed for this subscriber counts no more: the next time the chain is asked again. */
  forget(subscriberId: string): void;
};

/** Transactions read side by side. */
const AT_ONCE = 8;
/**
 * Signatures that are known to be no payments of ours, so that each is read once, however many
 * strangers write.
 */
const STRANGERS_MOST = 100_000;

/** Payments on chain, in slots after `since`, that the ledger does not know; oldest first. */
export async function unknownPayments(
  { ledger, chain, venue }: BooksPorts,
  { id, agentWallet: wallet, agentTokenAccount: tokenAccount }: Subscriber,
  since: Slot,
  commitment: 'confirmed' | 'finalized',
  strangers: Set<Signature> = new Set(),
): Promise<PaidOnChain[]> {
  // From a node that has seen the tip: one that is behind would leave out the latest payments.
  const tip = await chain.slot(commitment);
  const claimed: SignatureRow[] = [];
  for (let after: Slot | null = since; after !== null; ) {
    const rows: SignatureRow[] = await chain.signatures(tokenAccount, after, tip, commitment);
    for (const row of rows)
      if (!row.failed && paymentIdIn(row.memo) !== null && !strangers.has(row.signature))
        claimed.push(row);
    const last = rows.at(-1);
    after = last?.goesOn === true ? last.slot - 1 : null;
  }
  const unknown = new Set(await ledger.payments.unknown(claimed.map((row) => row.signature)));
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
  const read = async ({ signature, slot }: SignatureRow): Promise<PaidOnChain[]> => {
    const transaction = await chain.transaction(signature, commitment, tip);
    // It is in the history: a node that cannot show it has not said that it is no payment.
    if (transaction === null)
      throw new Fault(
        'rpc_unavailable',
        `getTransaction: ${signature} is not to be had from this node`,
      );
    if (transaction.error !== null) return [];
    const acts = chain.actsOf(transaction);
    const paid = recognise(acts, { wallet, tokenAccount }, creatorOf);
    if (paid !== null) return [{ ...paid, signature, slot }];
    // Without a transfer that the agent signed it is nobody's payment, whatever terms there will
    // be.
    const signedByAgent = acts.some((act) => act.act === 'transfer' && act.authority === wallet);
    if (!signedByAgent && strangers.size < STRANGERS_MOST) strangers.add(signature);
    return [];
  };
  const found: PaidOnChain[] = [];
  const asked = claimed.filter((row) => unknown.has(row.signature));
  for (let from = 0; from < asked.length; from += AT_ONCE)
    found.push(...(await Promise.all(asked.slice(from, from + AT_ONCE).map(read))).flat());
  return found;
}

/**
 * Books a payment that the chain shows, when open debts explain all of it. The rest of it
 * otherwise.
 */
export async function bookFound(
  { ledger, log }: { ledger: Ledger; log: Log },
  subscriberId: string,
  paid: PaidOnChain,
): Promise<bigint> {
  const row = await ledger.payments.find(paid.id);
  const { covers, excess } = allot(paid, await ledger.shares.uncovered(subscriberId));
  // The row of this very payment knows what it covers, and its debts are not free for others.
  const own =
    row !== null &&
    row.subscriberId === subscriberId &&
    row.amount === paid.amount &&
    row.creatorWallet === paid.creatorWallet &&
    row.state !== 'landed' &&
    (row.signature === null || row.signature === paid.signature);
  if (!own && excess > 0n) return excess;
  if (await ledger.payments.restore(subscriberId, paid, covers))
    log.warn('payment.restored', {
      payment: paid.id,
      subscriber: subscriberId,
      signature: paid.signature,
      amount: paid.amount,
      written: true,
    });
  return 0n;
}

export type BooksParts = BooksPorts & {
  readonly log: Log;
  /** Where the database tells how far it has come; left out for one that can't go back. */
  readonly marks?: Marks;
  /** Called when the database has gone back: whatever was remembered of it may be too new. */
  readonly onWentBack?: () => void;
};

export function createBooks(ports: BooksParts): Books {
  const { marks, chain, log, onWentBack = () => {} } = ports;
  const continuity =
    marks === undefined ? UNBROKEN : createContinuity({ marks, chain, log, onWentBack });
  /**
   * From which slot on the two agree. An older debt may be heard of later: then the chain is asked
   * again.
   */
  const agreedSince = new Map<string, Slot>();
  let agreedIn = continuity.times;
  const strangers = new Set<Signature>();

  const doubt = async (): Promise<Trouble | null> => {
    const found = await continuity.doubt();
    if (continuity.times !== agreedIn) {
      agreedSince.clear();
      agreedIn = continuity.times;
    }
    return found;
  };
  return {
    doubt,
    identity: continuity.identity,
    lineage: () => continuity.times,
    forget: (subscriberId) => void agreedSince.delete(subscriberId),
    async disagreement(subscriber) {
      const broken = await doubt();
      if (broken !== null) return broken;
      // A payment is never older than the debt that it pays.
      const since = await ports.ledger.shares.oldestOpenSlot(subscriber.id);
      if ((agreedSince.get(subscriber.id) ?? Number.POSITIVE_INFINITY) <= since) return null;
      const unknown = await unknownPayments(ports, subscriber, since, 'confirmed', strangers);
      const final =
        unknown.length === 0
          ? []
          : await unknownPayments(ports, subscriber, since, 'finalized', strangers);
      const left: PaidOnChain[] = [];
      for (const paid of final)
        if ((await bookFound(ports, subscriber.id, paid)) > 0n) left.push(paid);
      const settled = new Set(final.map((each) => each.signature));
      const waiting = unknown.filter((each) => !settled.has(each.signature));
      const [first] = [...left, ...waiting];
      if (first === undefined) {
        agreedSince.set(subscriber.id, since);
        return null;
      }
      return left.length === 0
        ? troubled(
            'payments_not_final',
            `The chain shows ${waiting.length} payments that these books do not know and that are not final yet, the first in ${first.signature}. They are booked once they are final.`,
          )
        : troubled(
            'payments_unknown',
            `The chain shows ${left.length} payments that no debt in these books explains, the first in ${first.signature}. Nothing is paid until: bailiff payments rebuild.`,
          );
    },
  };
}
