// Unpaid: ends payments that did not pay: writes their event and frees their debts. The debts that
// persons asked to have voided, or whose payment they asked to have cancelled, are left to a person
// in the same transaction.
import { cancelledBy, isLeftToPerson } from '../core/cancellation.ts';
import type { Address, Signature } from '../core/ids.ts';
import type { CancelRequest } from '../core/nonce.ts';
import type { PaymentState } from '../core/payment.ts';
import type { ShareChange } from '../core/share-change.ts';
import type { Trouble } from '../core/trouble.ts';
import type { Fragment, Transaction } from './database.ts';
import { toJson } from './database.ts';
import { tell } from './outbox.ts';
import { type RecipientJson, recipientsIn, toldRecipients } from './payment-rows.ts';
import { applyToShares } from './share-changes.ts';

/** The consequences of a payment's end for its debts. */
export type End = {
  readonly trouble: Trouble;
  /** After how many milliseconds the debts are tried again; null leaves them to a person. */
  readonly retryInMs: number | null;
  readonly countsAsAttempt: boolean;
  readonly how: Extract<ShareChange, { do: 'free' }>['how'];
  /** The transaction that moved the nonce; left out where it is the payment's own signature. */
  readonly by?: Signature;
};
type EndedRow = {
  payment_id: string;
  subscriber_id: string;
  creator_wallet: Address;
  mint: Address;
  symbol: string;
  amount: bigint;
  signature: Signature | null;
  state: PaymentState;
  cancel_for: CancelRequest[];
  recipients: RecipientJson[];
};

/**
 * Ends the payments in state `from` that satisfy a condition on `payment p`, and frees their debts.
 * Returns how many payments ended.
 */
export async function endUnpaid(
  tx: Transaction,
  now: Fragment,
  which: { readonly from: PaymentState; readonly where: Fragment; readonly change: Fragment },
  { retryInMs, by, ...end }: End,
): Promise<number> {
  const rows = await tx<EndedRow[]>`
    update payment p set ${which.change}, ended_at = now() where p.state = ${which.from} and ${which.where}
    returning p.payment_id, p.subscriber_id, p.creator_wallet, p.mint, p.amount, p.signature, p.state, p.cancel_for,
      (select symbol from token k where k.mint = p.mint) as symbol, ${recipientsIn(tx)} as recipients`;
  for (const row of rows) {
    await tell(tx, row.state === 'dead' ? 'payment.dead' : 'payment.failed', row.subscriber_id, {
      payment: row.payment_id,
      creatorWallet: row.creator_wallet,
      mint: row.mint,
      symbol: row.symbol,
      amount: row.amount,
      signature: row.signature,
      recipients: toldRecipients(row.recipients),
      ...end.trouble,
    });
    const covered = {
      now,
      join: tx`join payment_share ps on ps.subscriber_id = s.subscriber_id and ps.share_id = s.share_id`,
      where: tx`ps.subscriber_id = ${row.subscriber_id} and ps.payment_id = ${row.payment_id}`,
    };
    const left = { trouble: cancelledBy(by ?? row.signature), retryAtMs: null };
    await applyToShares(tx, covered, ({ share, nowMs }) => ({
      do: 'free',
      ...end,
      retryAtMs: retryInMs === null ? null : nowMs + Math.round(retryInMs),
      ...(isLeftToPerson(row.cancel_for, share.id) ? left : {}),
    }));
  }
  return rows.length;
}

/** Ends payments that are planned and not signed. Their debts are due at once. */
export async function endUnsigned(
  tx: Transaction,
  now: Fragment,
  where: Fragment,
  trouble: Trouble,
): Promise<void> {
  const change = tx`state = 'failed', trouble = ${tx.json(toJson(trouble))}`;
  const end: End = { trouble, retryInMs: 0, countsAsAttempt: false, how: 'refused' };
  await endUnpaid(tx, now, { from: 'planned', where, change }, end);
}
