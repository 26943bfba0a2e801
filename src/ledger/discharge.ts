// Discharge: applies a payment that landed to the debts that it covers.
import type { Landing } from '../core/share-change.ts';
import type { Fragment, Transaction } from './database.ts';
import { applyToShares } from './share-changes.ts';

type Covered = { mine: bigint; covered: bigint; claimed: boolean };

/**
 * Applies a landed payment to its debts. `land`: the payment has just landed, so its amount is
 * added to the paid amount. `recall`: the ledger had lost the payment, so each debt is paid as far
 * as landed payments and credits cover it.
 */
export async function discharge(
  tx: Transaction,
  now: Fragment,
  landing: Landing,
  how: 'land' | 'recall',
): Promise<void> {
  await applyToShares<Covered>(
    tx,
    {
      now,
      join: tx`join payment_share own on own.subscriber_id = s.subscriber_id and own.share_id = s.share_id`,
      where: tx`own.payment_id = ${landing.payment}`,
      columns: tx`, own.amount as mine,
        (select sum(ps.amount)::bigint from payment_share ps
            join payment p on p.subscriber_id = ps.subscriber_id and p.payment_id = ps.payment_id and p.state = 'landed'
            where ps.subscriber_id = s.subscriber_id and ps.share_id = s.share_id)
          + coalesce((select sum(c.amount)::bigint from credit_share c
            where c.subscriber_id = s.subscriber_id and c.share_id = s.share_id), 0) as covered,
        exists (select 1 from payment_share live
          join payment p on p.subscriber_id = live.subscriber_id and p.payment_id = live.payment_id
          where live.subscriber_id = s.subscriber_id and live.share_id = s.share_id
            and p.state in ('planned', 'signed', 'sent')) as claimed`,
    },
    ({ extra: { mine, covered, claimed } }) =>
      how === 'land'
        ? { do: 'land', amount: mine, claimed, landing }
        : { do: 'recall', covered, claimed, landing },
  );
}
