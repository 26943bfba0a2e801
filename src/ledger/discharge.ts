// Discharge: what a payment that landed does to the debts that it covers. What it pays beyond a debt is on chain, so it is on
// record: the share is paid, the rest is overpaid, and nothing waits for it.
import type { Signature, Slot } from '../core/ids.ts';
import type { Transaction } from './database.ts';
import { tell } from './outbox.ts';

export type Landing = {
  readonly payment: string;
  readonly creatorWallet: string;
  readonly signature: Signature | null;
  readonly slot: Slot;
};

/**
 * Books what a landed payment covers. `adds`: it was seen to land now, so it comes on top of what was paid before. `recalls`: these
 * books had lost it, so a share that remembers being paid stays as it is, and one that does not is paid as far as landed payments
 * and transfers by others cover it.
 */
export async function discharge(
  tx: Transaction,
  landing: Landing,
  how: 'adds' | 'recalls',
): Promise<void> {
  const paid = await tx<
    {
      share_id: string;
      subscriber_id: string;
      amount: bigint;
      status: string;
      beyond: bigint;
    }[]
  >`
    with landed as (
      select s.subscriber_id, s.share_id, s.overpaid as before,
        case when ${how} = 'adds' then s.paid + s.overpaid + mine.amount
          else greatest(s.paid + s.overpaid, (select sum(ps.amount)::bigint from payment_share ps
            join payment p on p.subscriber_id = ps.subscriber_id and p.payment_id = ps.payment_id and p.state = 'landed'
            where ps.subscriber_id = mine.subscriber_id and ps.share_id = mine.share_id)
            + coalesce((select sum(c.amount)::bigint from credit_share c
              where c.subscriber_id = mine.subscriber_id and c.share_id = mine.share_id), 0)) end as total
      from payment_share mine join profit_share s using (subscriber_id, share_id)
      where mine.payment_id = ${landing.payment})
    update profit_share s set
      paid = least(s.amount, l.total), overpaid = greatest(0, l.total - s.amount),
      reason = null, retry_at = null, unexpected = 0, failures = 0, expiries = 0, held_until = null,
      voided = case when l.total >= s.amount then null else s.voided end,
      status = case when l.total >= s.amount then 'paid'
        when s.status = 'voided' then 'voided'
        when exists (select 1 from payment_share live
          join payment p on p.subscriber_id = live.subscriber_id and p.payment_id = live.payment_id
          where live.subscriber_id = s.subscriber_id and live.share_id = s.share_id
            and p.state in ('planned', 'signed', 'sent')) then 'processing'
        else 'pending' end
    from landed l where s.subscriber_id = l.subscriber_id and s.share_id = l.share_id
    returning s.share_id, s.subscriber_id, s.amount, s.status, s.overpaid - l.before as beyond`;
  for (const { share_id: share, subscriber_id, amount, status, beyond } of paid) {
    if (beyond > 0n)
      await tell(tx, 'share.overpaid', subscriber_id, {
        share,
        ...landing,
        amount,
        overpaid: beyond,
      });
    else if (status === 'paid')
      await tell(tx, 'share.paid', subscriber_id, { share, ...landing, amount });
  }
}
