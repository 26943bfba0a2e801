// Books comparison: compares the ledger with the chain before this process signs a payment for a
// subscriber. Every payment of Bailiff in the history of the agent's token account must be known to
// the ledger; a ledger that was restored from an older copy, or lost payments, would otherwise pay
// twice. Final payments are booked at once, as far as debts explain them. The part of a payment
// that no debt explains is its excess: it pays later debts to the wallet that got it. Debts to
// other wallets go on being paid; those older than the payment wait while the ledger may have lost
// it together with the terms under which it paid.

import type { Chain, SignatureRow } from '../core/chain-ports.ts';
import type { Finding } from '../core/doctor-finding.ts';
import type { Commitment } from '../core/fact.ts';
import { Fault } from '../core/fault.ts';
import type { Address, Signature, Slot } from '../core/ids.ts';
import type { Nonces } from '../core/nonce-ports.ts';
import type { Ledger, Log, Subscriber } from '../core/ports.ts';
import { type PaidOnChain, paymentIdIn, recognise } from '../core/rebuild.ts';
import type { Pen } from '../core/signing-ports.ts';
import { recipientsOf } from '../core/split.ts';
import type { Token } from '../core/token.ts';
import type { Tokens } from '../core/token-ports.ts';
import { type Trouble, troubled } from '../core/trouble.ts';
import type { Venue } from '../core/venue.ts';
import { createContinuity, type DatabaseStates, UNBROKEN } from './continuity.ts';
import { bookFound, bookOnRecord, type Rest, type Taken } from './found-payments.ts';
import { type PaymentHistory, readPaymentRows } from './payment-history.ts';

export type BooksPorts = {
  readonly ledger: Ledger;
  readonly chain: Chain;
  readonly tokens: Tokens;
  readonly venues: { readonly all: readonly Pick<Venue, 'quote'>[] };
  /**
   * With the sponsor of the pen, the address of a subscriber's nonce account, also where the ledger
   * has lost it. Absent where no payment is made under a nonce.
   */
  readonly nonces?: Pick<Nonces, 'address'>;
  readonly pen?: Pick<Pen, 'sponsor'>;
};
export type Books = {
  /**
   * The reason why no debt of this subscriber may be paid, or ended, yet; null when ledger and
   * chain agree, or when there is no debt that a payment on chain could have paid. The history is
   * read back to the oldest debt that may be paid now. `also` takes in more: with a slot, a debt of
   * a close in that slot, which the caller read as payable earlier; with `open`, parked and
   * observed debts. An excess is no disagreement; ask `excessTo` before a payment to a wallet is
   * signed.
   */
  disagreement(subscriber: Subscriber, also?: Slot | 'open'): Promise<Trouble | null>;
  /**
   * The reason why debts to this wallet in this token, the oldest of a close in this slot, may not
   * be paid, as the last `disagreement` of the subscriber found it. Either the wallet got an
   * excess, which covers every debt to it that was known then; or another wallet got one after that
   * slot in a payment that the ledger may have lost. That payment may have paid the debts under
   * terms that were lost with it. Null when nothing stands against them.
   */
  excessTo(subscriberId: string, wallet: Address, mint: Address, slot: Slot): Trouble | null;
  /** Reads the identity and position of the database, and compares them with the last reading. */
  look(): Promise<void>;
  /**
   * The reason why nothing may be signed for any subscriber, because the database may lack commits;
   * null when it is whole.
   */
  doubt(): Promise<Trouble | null>;
  /**
   * The finding that signing waits because the database may lack commits, as it was read last; null
   * while signing does not wait.
   */
  finding(): Finding | null;
  /** The identity of the database when it was last whole; null when it does not tell one. */
  identity(): string | null;
  /**
   * How often this process has seen the database go back in time. An agreement that was reached
   * under an earlier number is void.
   */
  lineage(): number;
  /**
   * Forgets the agreement reached for this subscriber, and that of a comparison under way, so that
   * the chain is asked again next time.
   */
  forget(subscriberId: string): void;
};

/** The number of transactions that are read side by side. */
const AT_ONCE = 8;
/**
 * The most signatures that are remembered as not being payments of Bailiff, so that each is read
 * once, although strangers may write as many as they like.
 */
const STRANGERS_MOST = 100_000;

const remember = (strangers: Set<Signature>, signature: Signature): void => {
  if (strangers.size < STRANGERS_MOST) strangers.add(signature);
};

/**
 * Payments on chain, in slots after `since`, that the ledger does not know; oldest first. The
 * history of another chain would show none. `mayLack`: the ledger may have lost payments after that
 * slot, so the history takes two answers. Throws `rpc_unavailable` when the node cannot give one
 * of the transactions.
 */
export const unknownPayments = (
  ports: BooksPorts,
  subscriber: Subscriber,
  since: Slot,
  commitment: Commitment,
  strangers: Set<Signature> = new Set(),
  mayLack = false,
): Promise<PaidOnChain[]> =>
  ports.chain.witnessed(async () => {
    const found: PaidOnChain[] = [];
    for (const { quote } of ports.venues.all) {
      const asked = { since, commitment, mayLack };
      found.push(...(await readUnknown(ports, subscriber, quote, asked, strangers)));
    }
    return found.sort((a, b) => a.slot - b.slot);
  });

async function readUnknown(
  { ledger, chain, tokens, nonces, pen }: BooksPorts,
  { id, agentWallet: wallet }: Subscriber,
  quote: Token,
  history: Pick<PaymentHistory, 'since' | 'commitment' | 'mayLack'>,
  strangers: Set<Signature>,
): Promise<PaidOnChain[]> {
  const { commitment } = history;
  const tokenAccount = tokens.tokenAccount(quote.mint, wallet);
  const asked = { ...history, account: tokenAccount, signer: wallet };
  const { rows, tip } = await readPaymentRows(chain, asked);
  const claimed = rows.filter((row) => !strangers.has(row.signature));
  const unknown = new Set(await ledger.payments.unknown(claimed.map((row) => row.signature)));
  if (unknown.size === 0) return [];
  const subscriptions = await ledger.subscriptions.ofSubscriber(id);
  const nonceAccounts = new Set([(await ledger.nonces.of(id))?.account]);
  const sponsor = pen?.sponsor ?? null;
  if (sponsor !== null) nonceAccounts.add(nonces?.address(sponsor, id));
  const creatorOf = new Map(
    subscriptions.flatMap(({ terms }) =>
      terms
        .flatMap((each) => recipientsOf(each))
        .map(({ wallet: own }) => [tokens.tokenAccount(quote.mint, own), own]),
    ),
  );
  const failures: SignatureRow[] = [];
  const read = async (row: SignatureRow): Promise<PaidOnChain[]> => {
    const { signature, slot } = row;
    const transaction = await chain.transaction(signature, commitment, tip);
    // The transaction is in the account's history, so a node that cannot give it has not shown that
    // it is no payment.
    if (transaction === null)
      throw new Fault('rpc_unavailable', `getTransaction: this node does not give ${signature}`);
    const failed = transaction.error !== null;
    // One wrong answer would have the debts of this payment paid again.
    if (failed !== row.failed)
      throw new Fault(
        'rpc_unavailable',
        `The history and getTransaction tell different results of ${signature}`,
      );
    const effects = tokens.effectsOf(transaction);
    const paid = failed
      ? null
      : recognise(effects, { wallet, tokenAccount, mint: quote.mint }, creatorOf);
    // Only the sponsor can move the nonce of a subscriber. So the sponsor signed this payment, and
    // the ledger has lost it. Under a nonce it may have landed long after the loss.
    const maybeLost = effects.some(
      (each) => each.effect === 'advance_nonce' && nonceAccounts.has(each.account),
    );
    if (paid !== null) return [{ ...paid, token: quote, signature, slot, maybeLost }];
    // Without a transfer that the agent signed, or without the id of a payment, this can never be a
    // payment, also under terms that are added later.
    const signedByAgent = effects.some(
      (each) => each.effect === 'transfer' && each.authority === wallet,
    );
    const named = effects.some((each) => each.effect === 'memo' && paymentIdIn(each.text) !== null);
    if (!signedByAgent || !named) remember(strangers, signature);
    else if (failed) {
      // Row and transaction may come from the same node, and the debts would be paid again.
      if (!(await chain.isShownAgain(transaction)))
        throw new Fault(
          'rpc_unavailable',
          `A second answer does not show that ${signature} failed`,
        );
      failures.push(row);
    }
    return [];
  };
  const found: PaidOnChain[] = [];
  const unread = claimed.filter((row) => unknown.has(row.signature));
  for (let from = 0; from < unread.length; from += AT_ONCE)
    found.push(...(await Promise.all(unread.slice(from, from + AT_ONCE).map(read))).flat());
  if (failures.length > 0) {
    const final = await chain.slot('finalized');
    for (const { signature, slot } of failures) if (slot <= final) remember(strangers, signature);
  }
  return found;
}

export type BooksParts = BooksPorts & {
  readonly log: Log;
  /** Reads the identity and position of the database; absent for one that cannot go back. */
  readonly databaseStates?: DatabaseStates;
  /** Called when the database has gone back; anything remembered from it may no longer be true. */
  readonly onWentBack?: () => void;
};

/** Creates the comparison. Nothing is read before the first question. */
export function createBooks(ports: BooksParts): Books {
  const { databaseStates, chain, log, onWentBack = () => {} } = ports;
  const continuity =
    databaseStates === undefined
      ? UNBROKEN
      : createContinuity({ databaseStates, chain, log, onWentBack });
  /**
   * For each subscriber, the slot from which on ledger and chain were found to agree. A debt of an
   * earlier slot that is heard later has the chain asked again.
   */
  const agreedSince = new Map<string, Slot>();
  /**
   * By subscriber, the comparison that began last; none once its agreement is forgotten. Only that
   * comparison's agreement is remembered: an earlier one may have read the payments before that.
   */
  const comparing = new Map<string, object>();
  /** By subscriber, the parts of payments that no debt explained at the last comparison. */
  const restsOf = new Map<string, readonly Rest[]>();
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
  const books: Books = {
    look: continuity.look,
    doubt,
    finding: continuity.finding,
    identity: continuity.identity,
    lineage: () => continuity.times,
    excessTo(subscriberId, wallet, mint, slot) {
      const rests = (restsOf.get(subscriberId) ?? []).filter((each) => each.mint === mint);
      const own = rests.find((each) => each.wallet === wallet);
      const rest = own ?? rests.find((each) => each.maybeLost === true && each.slot >= slot);
      if (rest === undefined) return null;
      const paid = `Payment ${rest.signature} paid ${rest.wallet} ${rest.amount} base units more than the debts that the ledger knows.`;
      return troubled(
        'payments_unknown',
        own === undefined
          ? `${paid} It is from before the ledger was last found whole, so terms may be lost under which it paid a debt that is owed to ${wallet} now. bailiff payments accept ends this, once lost terms are in place.`
          : `${paid} Debts to this wallet that are heard later take that part first: bailiff payments accept ends this.`,
      );
    },
    forget(subscriberId) {
      comparing.delete(subscriberId);
      agreedSince.delete(subscriberId);
    },
    async disagreement(subscriber, also) {
      const broken = await doubt();
      if (broken !== null) return broken;
      const lineage = continuity.times;
      // An excess on record pays debts that were heard since, however little history a node keeps.
      const onRecord = await bookOnRecord(ports, subscriber.id);
      restsOf.set(subscriber.id, onRecord);
      // A payment is never older than the debt that it pays. Where no debt is left nothing can be
      // paid twice, and nothing is read: a history since the first slot is more than most nodes
      // keep.
      const { shares } = ports.ledger;
      const oldest = await shares.oldestOpenSlot(subscriber.id, also === 'open' ? also : 'payable');
      const floors = [oldest, typeof also === 'number' ? also - 1 : null];
      const since = Math.min(...floors.filter((each) => each !== null));
      if (since === Number.POSITIVE_INFINITY) return null;
      if ((agreedSince.get(subscriber.id) ?? Number.POSITIVE_INFINITY) <= since) return null;
      const mayLack = since < (continuity.since() ?? -1);
      const how = [strangers, mayLack] as const;
      const own = {};
      comparing.set(subscriber.id, own);
      const unknown = await unknownPayments(ports, subscriber, since, 'confirmed', ...how);
      const final =
        unknown.length === 0
          ? []
          : await unknownPayments(ports, subscriber, since, 'finalized', ...how);
      const rests = [...onRecord];
      let isAllOnRecord = true;
      const known = new Set(onRecord.map((each) => each.signature));
      const taken: Taken = new Map();
      for (const paid of final) {
        if (known.has(paid.signature)) continue;
        const isBefore = paid.slot <= (continuity.since() ?? -1);
        const lost = { ...paid, maybeLost: paid.maybeLost === true || isBefore };
        const found = await bookFound(ports, subscriber.id, lost, taken);
        rests.push(...found.rests);
        if (found.excess > 0n && !found.isOnRecord) isAllOnRecord = false;
      }
      // The database went back while the chain was read: part of this was compared with books that
      // are gone.
      if (continuity.times !== lineage) return books.disagreement(subscriber, also);
      restsOf.set(subscriber.id, rests);
      const finals = new Set(final.map((each) => each.signature));
      const waiting = unknown.filter((each) => !finals.has(each.signature));
      const [first] = waiting;
      if (first === undefined) {
        // An excess that could not be stored is looked for on the chain each time.
        const isLatest = comparing.get(subscriber.id) === own;
        if (isAllOnRecord && isLatest) agreedSince.set(subscriber.id, since);
        return null;
      }
      return troubled(
        'payments_not_final',
        `The chain shows ${waiting.length} payments that the ledger does not know and that are not final yet, the first in ${first.signature}. They are booked once they are final.`,
      );
    },
  };
  return books;
}
