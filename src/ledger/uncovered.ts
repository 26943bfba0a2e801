// Uncovered: reads the part of each debt that no payment and no transfer covers.
import type { Cover } from '../core/debt.ts';
import type { UncoveredShare } from '../core/rebuild.ts';
import { requireRoom } from '../core/restoring.ts';
import type { Share } from '../core/share.ts';
import { uncoveredOf } from '../core/share-due.ts';
import type { Fragment, Sql, Transaction } from './database.ts';

type Row = Pick<Share, 'status' | 'amount' | 'paid'> & {
  share_id: string;
  creator_wallet: UncoveredShare['creatorWallet'];
  mint: UncoveredShare['mint'];
  claimed: bigint;
  credited: bigint;
};

/**
 * The debts of a subscriber with their uncovered parts. `tail` is SQL: conditions on `s`, an order.
 */
export async function readUncovered(
  sql: Sql | Transaction,
  subscriberId: string,
  tail: Fragment,
): Promise<UncoveredShare[]> {
  const rows = await sql<Row[]>`
    select s.share_id, s.creator_wallet, s.mint, s.status, s.amount, s.paid, coalesce((select sum(ps.amount)::bigint
        from payment_share ps join payment p using (subscriber_id, payment_id)
        where ps.subscriber_id = s.subscriber_id and ps.share_id = s.share_id and p.state in ('planned', 'signed', 'sent', 'landed')), 0) as claimed,
      coalesce((select sum(c.amount)::bigint from credit_share c
        where c.subscriber_id = s.subscriber_id and c.share_id = s.share_id), 0) as credited
    from profit_share s where s.subscriber_id = ${subscriberId} ${tail}`;
  return rows.map((row) => ({
    shareId: row.share_id,
    creatorWallet: row.creator_wallet,
    mint: row.mint,
    uncovered: uncoveredOf(row, row.claimed, row.credited),
  }));
}

/**
 * Locks debts until the transaction ends, and throws `books_behind` when less of one is uncovered
 * than `covers` would pay: a payment or a transfer was booked for it since the covers were chosen.
 * Returns the debts.
 */
export async function requireUncovered(
  tx: Transaction,
  subscriberId: string,
  covers: readonly Cover[],
): Promise<UncoveredShare[]> {
  if (covers.length === 0) return [];
  const named = tx`and s.share_id in ${tx(covers.map((each) => each.shareId))}`;
  // A statement sees what was committed before it began, so the sums are read by a second one.
  await tx`select 1 from profit_share s where s.subscriber_id = ${subscriberId} ${named} order by s.share_id for update`;
  const found = await readUncovered(tx, subscriberId, named);
  requireRoom(found, covers);
  return found;
}
