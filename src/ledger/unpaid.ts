// Unpaid: what is written when a payment ends without paying: it is told of, and its debts are free again.
import type { Address, Signature } from '../core/ids.ts';
import type { PaymentState, Trouble } from '../core/payment.ts';
import { type Fragment, inMs, type Transaction, toJson } from './database.ts';
import { tell } from './outbox.ts';

/** What the end of a payment means for its debts. */
export type End = {
  readonly trouble: Trouble;
  /** After how many milliseconds they are tried again; null leaves them for a person. */
  readonly retryInMs: number | null;
  readonly countsAsAttempt: boolean;
  /** How it ended, where that is counted. */
  readonly how: 'failed_on_chain' | 'expired' | 'refused';
};
type EndedRow = {
  payment_id: string;
  subscriber_id: string;
  creator_wallet: Address;
  amount: bigint;
  signature: Signature | null;
  state: PaymentState;
};

/** Frees a payment's debts, with the reason and the time to try again. */
async function free(tx: Transaction, now: Fragment, paymentId: string, end: End): Promise<void> {
  const { trouble, retryInMs, countsAsAttempt, how } = end;
  const retryAt = inMs(tx, now, retryInMs);
  const failed = how === 'failed_on_chain';
  const rows = await tx<{ share_id: string; subscriber_id: string }[]>`
    update profit_share s set
      status = ${retryInMs === null ? 'failed' : 'pending'}, reason = ${tx.json(toJson(trouble))},
      retry_at = ${retryAt}, attempts = s.attempts + ${countsAsAttempt ? 1 : 0},
      unexpected = s.unexpected + ${trouble.class === 'unexpected' ? 1 : 0},
      failures = s.failures + ${failed ? 1 : 0}, expiries = s.expiries + ${how === 'expired' ? 1 : 0},
      held_until = ${failed ? retryAt : tx`s.held_until`}
    from payment_share ps
    where ps.payment_id = ${paymentId} and ps.subscriber_id = s.subscriber_id and ps.share_id = s.share_id and s.status = 'processing'
    returning s.share_id, s.subscriber_id`;
  // What is tried again by itself is told of by the payment that failed.
  for (const { share_id: share, subscriber_id } of retryInMs === null ? rows : [])
    await tell(tx, 'share.blocked', subscriber_id, { share, ...trouble, waitsForPerson: true });
}

/**
 * Ends the payments that a condition on `payment p` names, in one state, and frees their debts. Returns
 * how many there were.
 */
export async function endUnpaid(
  tx: Transaction,
  now: Fragment,
  which: { readonly from: PaymentState; readonly where: Fragment; readonly change: Fragment },
  end: End,
): Promise<number> {
  const rows = await tx<EndedRow[]>`
    update payment p set ${which.change}, ended_at = now() where p.state = ${which.from} and ${which.where}
    returning p.payment_id, p.subscriber_id, p.creator_wallet, p.amount, p.signature, p.state`;
  for (const row of rows) {
    await tell(tx, row.state === 'dead' ? 'payment.dead' : 'payment.failed', row.subscriber_id, {
      payment: row.payment_id,
      creatorWallet: row.creator_wallet,
      amount: row.amount,
      signature: row.signature,
      ...end.trouble,
    });
    await free(tx, now, row.payment_id, end);
  }
  return rows.length;
}

/** Ends payments that nothing is signed of; their debts are due at once. */
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
