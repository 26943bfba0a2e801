// Discharge: applies payments that landed to the debts that they cover.
import { isLeftToPerson, landedDespite } from '../core/cancellation.ts';
import type { CancelRequest } from '../core/nonce.ts';
import type { Landing } from '../core/share-change.ts';
import type { Fragment, Transaction } from './database.ts';
import { applyToShares } from './share-changes.ts';

/** A payment that landed, and its subscriber. */
export type Landed = { readonly subscriberId: string; readonly landing: Landing };
type Covered = {
  by: string;
  mine: bigint;
  covered: bigint;
  claimed: boolean;
  cancel_for: CancelRequest[];
};

/**
 * Applies landed payments, each of another subscriber, to their debts. `land`: they have just
 * landed, so their amounts are added to the paid amounts. `recall`: the ledger had lost the
 * payments, so each debt is paid as far as landed payments and credits cover it. The unpaid part of
 * a debt is left to a person where a person asked to have the debt voided, or its payment
 * cancelled.
 */
export async function discharge(
  tx: Transaction,
  now: Fragment,
  landed: readonly Landed[],
  how: 'land' | 'recall',
): Promise<void> {
  if (landed.length === 0) return;
  const landings = new Map(landed.map(({ landing }) => [landing.payment, landing]));
  const given = tx.json(
    landed.map(({ subscriberId, landing }) => ({
      subscriber_id: subscriberId,
      payment_id: landing.payment,
    })),
  );
  const covers = tx`join payment_share own on own.subscriber_id = s.subscriber_id and own.share_id = s.share_id
    join jsonb_to_recordset(${given}) as g(subscriber_id text, payment_id text)
      on g.subscriber_id = own.subscriber_id and g.payment_id = own.payment_id`;
  // A statement that waits for a debt reads `covered` as of before its wait, without the payment
  // that landed meanwhile. So the debts are held first, and a further statement reads it.
  if (how === 'recall')
    await tx`select 1 from profit_share s ${covers} order by s.share_id for update of s`;
  await applyToShares<Covered>(
    tx,
    {
      now,
      join: tx`${covers}
        join payment paid on paid.subscriber_id = own.subscriber_id and paid.payment_id = own.payment_id`,
      where: tx`true`,
      columns: tx`, own.payment_id as by, own.amount as mine, paid.cancel_for,
        (select sum(ps.amount)::bigint from payment_share ps
            join payment p on p.subscriber_id = ps.subscriber_id and p.payment_id = ps.payment_id and p.state = 'landed'
            where ps.subscriber_id = s.subscriber_id and ps.share_id = s.share_id)
          + coalesce((select sum(c.amount)::bigint from credit_share c
            where c.subscriber_id = s.subscriber_id and c.share_id = s.share_id), 0) as covered,
        exists (select 1 from payment_share live cross join lateral (
            select 1 from payment p where p.subscriber_id = live.subscriber_id and p.payment_id = live.payment_id
              and p.state in ('planned', 'signed', 'sent') offset 0) p
          where live.subscriber_id = s.subscriber_id and live.share_id = s.share_id) as claimed`,
    },
    ({ share, extra: { by, mine, covered, claimed, cancel_for } }) => {
      const landing = landings.get(by);
      if (landing === undefined) return null;
      const left = isLeftToPerson(cancel_for, share.id) ? landedDespite(landing.signature) : null;
      return how === 'land'
        ? { do: 'land', amount: mine, claimed, left, landing }
        : { do: 'recall', covered, claimed, left, landing };
    },
  );
}
