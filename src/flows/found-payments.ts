// Found payments: books payments that the chain shows, as far as debts explain them. The rest of a
// payment is its excess, which pays debts to the same wallet that are heard later.

import type { Address } from '../core/ids.ts';
import type { ListedPayment } from '../core/listed-payment.ts';
import { type BaseUnits, most } from '../core/money.ts';
import type { Ledger, Log } from '../core/ports.ts';
import {
  allot,
  type PaidOnChain,
  type Received,
  receivedBy,
  sameReceived,
} from '../core/rebuild.ts';

/**
 * In a dry run, which books nothing: the amount of each debt that payments on chain explain. A
 * later payment cannot be explained by the same amount.
 */
export type Taken = Map<string, BaseUnits>;

/** The part of a payment on chain that a wallet got and that no debt explains. */
export type Rest = Received &
  Pick<PaidOnChain, 'signature' | 'slot' | 'maybeLost'> & { readonly mint: Address };
/**
 * `explained`: the part of a payment that was booked now, or would be in a dry run. `excess`: the
 * part that no debt explains, by recipient in `rests`. Base units. `isOnRecord`: the ledger holds
 * the payment with its excess.
 */
type Found = {
  readonly explained: BaseUnits;
  readonly excess: BaseUnits;
  readonly rests: readonly Rest[];
  readonly isOnRecord: boolean;
};

/**
 * Books a payment that the chain shows, as far as open debts explain it. A payment that was booked
 * in part is booked further. With `dryRun` the answer is the same, and nothing is booked.
 */
export async function bookFound(
  { ledger, log }: { ledger: Ledger; log: Log },
  subscriberId: string,
  paid: PaidOnChain,
  taken: Taken,
  dryRun = false,
): Promise<Found> {
  const row = await ledger.payments.find(paid.id);
  const known = await ledger.payments.bySignature(paid.signature);
  // Under a nonce, a payment is found by the signature of each of its variants.
  const isSame =
    row !== null &&
    row.subscriberId === subscriberId &&
    sameReceived(row.recipients, receivedBy(paid)) &&
    (row.signature === null || known?.id === row.id);
  // When the ledger holds a row of this payment that agrees with the chain, that row says what it
  // covers.
  const own = isSame && row.state !== 'landed';
  const uncovered = (await ledger.shares.uncovered(subscriberId)).map((each) => ({
    ...each,
    uncovered: most(0n, each.uncovered - (taken.get(each.shareId) ?? 0n)),
  }));
  // The rest of a payment that is booked in part, else all of it.
  const parts = known?.state === 'landed' ? known.recipients : [];
  const before = new Map(parts.map((each) => [each.wallet, each.amount - each.excess]));
  const { covers, rests } = own ? { covers: [], rests: [] } : allot(paid, uncovered, before);
  const excess = rests.reduce((sum, each) => sum + each.amount, 0n);
  const explained = own ? paid.amount : covers.reduce((sum, each) => sum + each.amount, 0n);
  if (dryRun)
    for (const { shareId, amount: part } of covers)
      taken.set(shareId, (taken.get(shareId) ?? 0n) + part);
  const booked = !dryRun && (await ledger.payments.restore(subscriberId, paid, covers));
  if (booked)
    log.warn('payment.restored', {
      payment: paid.id,
      subscriber: subscriberId,
      signature: paid.signature,
      amount: paid.amount,
      excess,
      written: true,
    });
  return {
    explained: booked || dryRun ? explained : 0n,
    excess,
    rests: rests.map((each) => restOf(paid, each)),
    isOnRecord: booked || known?.subscriberId === subscriberId,
  };
}

const restOf = (
  { token: { mint }, signature, slot, maybeLost = false }: PaidOnChain,
  received: Received,
): Rest => ({ ...received, mint, signature, slot, maybeLost });

/** A payment of the ledger in the form in which the chain shows one. */
function onChain(row: ListedPayment): PaidOnChain | null {
  const { id, signature, slot, creatorWallet, token, amount, recipients, maybeLost } = row;
  if (signature === null || slot === null) return null;
  const received = recipients.map((each) => ({ wallet: each.wallet, amount: each.amount }));
  const several = received.length > 1 ? { recipients: received } : {};
  return { id, signature, slot, creatorWallet, token, amount, maybeLost, ...several };
}

/**
 * Gives the excesses of a subscriber that are on record, and that no person accepted, to debts that
 * were heard since. Asks no node. Returns the parts that are left.
 */
export async function bookOnRecord(
  ports: { ledger: Ledger; log: Log },
  subscriberId: string,
): Promise<readonly Rest[]> {
  const { payments, shares } = ports.ledger;
  const rows = await payments.unexplainedOf(subscriberId);
  if (rows.length === 0) return [];
  const owed = (await shares.uncovered(subscriberId)).filter((each) => each.uncovered > 0n);
  const left: Rest[] = [];
  for (const row of rows) {
    const paid = onChain(row);
    if (paid === null) continue;
    const rests = row.recipients
      .filter((each) => each.excess > 0n)
      .map(({ wallet, excess: amount }) => restOf(paid, { wallet, amount }));
    const isOwed = owed.some(
      (debt) =>
        debt.mint === row.token.mint && rests.some((each) => each.wallet === debt.creatorWallet),
    );
    const found = isOwed ? await bookFound(ports, subscriberId, paid, new Map()) : { rests };
    left.push(...found.rests);
  }
  return left;
}
