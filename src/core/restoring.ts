// Restoring: decides what a payment that the chain shows changes in a ledger that had lost it, or
// had lost debts that it paid. The ledger locks the rows, asks `restoring`, and applies the answer.
import type { Cover } from './debt.ts';
import { Fault } from './fault.ts';
import type { Address, Signature } from './ids.ts';
import type { BaseUnits } from './money.ts';
import type { PaymentState } from './payment.ts';
import {
  idBeside,
  type PaidOnChain,
  type Received,
  receivedBy,
  sameReceived,
  type UncoveredShare,
} from './rebuild.ts';

/** A payment of the ledger, as far as it decides about one that the chain shows. */
export type PaymentOnRecord = {
  readonly id: string;
  readonly subscriberId: string;
  readonly mint: Address;
  readonly state: PaymentState;
  /** The recipients with their parts; empty for a swap. */
  readonly received: readonly Received[];
  readonly signature: Signature | null;
  /** The signatures of its variants that pay. */
  readonly variants: readonly Signature[];
  /** Base units that no debt explains. */
  readonly excess: BaseUnits;
  /** A person has accepted the excess. */
  readonly isAccepted: boolean;
};

export type Restoring =
  /** The payment with the same id landed. Its covers say which debts it pays. */
  | { readonly do: 'land'; readonly id: string }
  /** A part of the payment was booked before; debts explain so much more of its excess. */
  | { readonly do: 'explain'; readonly id: string; readonly explained: BaseUnits }
  /** The payment is inserted as landed, under this id and with this excess. */
  | { readonly do: 'book'; readonly id: string; readonly excess: BaseUnits }
  /** It is on record, and nothing more of it is explained. */
  | { readonly do: 'nothing' };

/**
 * The change of the ledger for a payment that the chain shows. `known` are the payments on record,
 * in any state and of any subscriber, that have its id or its signature; `covers` are the parts of
 * debts that it pays.
 */
export function restoring(
  subscriberId: string,
  paid: PaidOnChain,
  covers: readonly Cover[],
  known: readonly PaymentOnRecord[],
): Restoring {
  const named = known.find((each) => each.id === paid.id);
  if (named !== undefined && isSame(named, subscriberId, paid)) return { do: 'land', id: named.id };
  const explained = covers.reduce((sum, each) => sum + each.amount, 0n);
  const booked = known.find(
    (each) => each.signature === paid.signature && each.subscriberId === subscriberId,
  );
  if (booked !== undefined) {
    const isOpen = booked.excess > 0n && !booked.isAccepted;
    if (!isOpen || explained === 0n) return { do: 'nothing' };
    if (explained > booked.excess) throw changed(`The excess of payment ${booked.id}`);
    return { do: 'explain', id: booked.id, explained };
  }
  // A memo is only text: two transactions may carry the same id, and each of them has paid.
  const id = named === undefined ? paid.id : idBeside(paid);
  return { do: 'book', id, excess: paid.amount - explained };
}

/**
 * Throws `books_behind` unless each cover fits into what is uncovered of its debt. `found` are the
 * debts as they are while they are locked: the covers were chosen before, and a payment or a
 * transfer may have been booked for a debt since.
 */
export function requireRoom(found: readonly UncoveredShare[], covers: readonly Cover[]): void {
  for (const { shareId, amount } of covers)
    if ((found.find((each) => each.shareId === shareId)?.uncovered ?? 0n) < amount)
      throw changed(`Profit share ${shareId}`);
}

/**
 * Throws `books_behind` unless the covers of the debts to each recipient fit into what is left of
 * that recipient's part of a payment on record. `rests` are those parts while the payment is
 * locked; `found` are the debts, with their recipients.
 */
export function requireRest(
  paymentId: string,
  rests: readonly Received[],
  found: readonly UncoveredShare[],
  covers: readonly Cover[],
): void {
  const left = new Map(rests.map((each) => [each.wallet, each.amount]));
  for (const { shareId, amount } of covers) {
    const wallet = found.find((each) => each.shareId === shareId)?.creatorWallet;
    const rest = wallet === undefined ? 0n : (left.get(wallet) ?? 0n);
    if (wallet === undefined || rest < amount) throw changed(`The excess of payment ${paymentId}`);
    left.set(wallet, rest - amount);
  }
}

const changed = (what: string): Fault =>
  new Fault(
    'books_behind',
    `${what} changed while a payment of the chain was booked for it. Nothing was changed by this. Ask again.`,
  );

/** Whether a payment on record, which has not landed, is the one that the chain shows. */
const isSame = (own: PaymentOnRecord, subscriberId: string, paid: PaidOnChain): boolean =>
  own.subscriberId === subscriberId &&
  own.state !== 'landed' &&
  own.mint === paid.token.mint &&
  sameReceived(own.received, receivedBy(paid)) &&
  (own.signature === null ||
    own.signature === paid.signature ||
    own.variants.includes(paid.signature));

/** A subscription under which a found payment may be booked. */
export type BookableUnder = {
  readonly id: string;
  /** The quote token of its account's venue. */
  readonly mint: Address;
  /** Every recipient that any of its terms names. */
  readonly recipients: readonly Address[];
};

/**
 * The subscription under which a payment is booked that the ledger had lost. `ofDebt` is the
 * subscription of the oldest debt that the payment pays. Where it pays no debt that is known, the
 * first subscription by id that names a recipient of it is taken. Null where no subscription of the
 * payment's token fits.
 */
export function subscriptionOf(
  paid: PaidOnChain,
  ofDebt: string | null,
  subscriptions: readonly BookableUnder[],
): string | null {
  const paidWallets = new Set(receivedBy(paid).map((each) => each.wallet));
  const fitting = subscriptions
    .filter(({ mint }) => mint === paid.token.mint)
    .filter(({ id, recipients }) =>
      ofDebt === null ? recipients.some((each) => paidWallets.has(each)) : id === ofDebt,
    )
    .map(({ id }) => id);
  return fitting.sort()[0] ?? null;
}
