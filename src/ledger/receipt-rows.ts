// Receipt rows: reads the rows of one share for its receipt: the parts of its close, the payments
// that landed for it, and the transfers that were credited to it. Amounts are in base units.
import { tabOf } from '../core/charge.ts';
import type { Address, Signature } from '../core/ids.ts';
import type { Receipt, ReceiptPart } from '../core/receipt.ts';
import type { Basis } from '../core/terms.ts';
import { termsSlotIn } from './booking.ts';
import type { Transaction } from './database.ts';

/** The place of a booked close in the table `accrual`. */
type AccrualPlace = {
  readonly subscriber_id: string;
  readonly subscription_id: string;
  readonly signature: Signature;
  readonly slot: bigint;
  readonly ordinal: number;
};

/** Reads the parts of a close, one for each version of the terms, in the order of their slots. */
export async function readParts(tx: Transaction, close: AccrualPlace): Promise<ReceiptPart[]> {
  const rows = await tx<
    {
      terms_slot: bigint;
      basis: Basis;
      share_bps: number;
      base: bigint | null;
      opened_slot: bigint | null;
      entry: bigint | null;
      opening_fee: bigint;
      net_pnl: bigint;
      charged: bigint;
      amount: bigint;
      carry_before: bigint;
      carry_after: bigint;
      deficit_before: bigint;
      deficit_after: bigint;
      hurdled: bigint;
      allowed: bigint | null;
      since_before: bigint;
      since_after: bigint;
      hurdled_before: bigint;
      hurdled_after: bigint;
      owed_before: bigint;
      owed_after: bigint;
      dealt_before: bigint;
      dealt_after: bigint;
    }[]
  >`
    select terms_slot, basis, share_bps, base, opened_slot, entry, opening_fee, net_pnl, charged, amount, carry_before, carry_after,
      deficit_before, deficit_after, hurdled, allowed, since_before, since_after, hurdled_before, hurdled_after, owed_before, owed_after,
      dealt_before, dealt_after
    from accrual where subscriber_id = ${close.subscriber_id} and subscription_id = ${close.subscription_id}
      and signature = ${close.signature} and slot = ${close.slot} and ordinal = ${close.ordinal}
    order by terms_slot`;
  return rows.map((row) => ({
    termsSlot: termsSlotIn(row.terms_slot),
    basis: row.basis,
    shareBps: row.share_bps,
    base: row.base,
    openedSlot: row.opened_slot === null ? null : Number(row.opened_slot),
    entry: row.entry,
    openingFee: row.opening_fee,
    netPnl: row.net_pnl,
    charged: row.charged,
    hurdled: row.hurdled,
    allowed: row.allowed,
    amount: row.amount,
    before: tabOf(
      row.carry_before,
      row.deficit_before,
      { since: Number(row.since_before), hurdled: row.hurdled_before, owed: row.owed_before },
      row.dealt_before,
    ),
    after: tabOf(
      row.carry_after,
      row.deficit_after,
      { since: Number(row.since_after), hurdled: row.hurdled_after, owed: row.owed_after },
      row.dealt_after,
    ),
  }));
}

/** Reads the landed payments of a share, in the order of their slots. */
export async function readPayments(
  tx: Transaction,
  subscriberId: string,
  shareId: string,
): Promise<Receipt['payments']> {
  const rows = await tx<
    {
      payment_id: string;
      signature: Signature;
      executed_slot: bigint;
      amount: bigint;
      others: bigint;
      withdraw: bigint;
      reimburse: bigint;
      restored: boolean;
      covers: { share: string; amount: string }[];
    }[]
  >`
    select p.payment_id, p.signature, p.executed_slot, r.amount, p.amount - r.amount as others, p.withdraw, p.reimburse, p.restored,
      (select jsonb_agg(jsonb_build_object('share', c.share_id, 'amount', c.amount::text) order by c.share_id)
        from payment_share c join profit_share d using (subscriber_id, share_id)
        where c.subscriber_id = p.subscriber_id and c.payment_id = p.payment_id and d.creator_wallet = r.creator_wallet) as covers
    from payment_share s join payment p using (subscriber_id, payment_id) join profit_share o using (subscriber_id, share_id)
      join payment_recipient r on (r.subscriber_id, r.payment_id, r.creator_wallet) = (p.subscriber_id, p.payment_id, o.creator_wallet)
    where s.subscriber_id = ${subscriberId} and s.share_id = ${shareId} and p.state = 'landed'
    order by p.executed_slot, p.payment_id`;
  return rows.map((row) => ({
    id: row.payment_id,
    signature: row.signature,
    slot: Number(row.executed_slot),
    amount: row.amount,
    others: row.others,
    withdrawn: row.restored ? null : row.withdraw,
    reimbursed: row.restored ? null : row.reimburse,
    covers: row.covers.map(({ share, amount }) => ({ share, amount: BigInt(amount) })),
  }));
}

/** Reads the credits of a share: transfers to the creator that Bailiff did not make. */
export async function readCredits(
  tx: Transaction,
  subscriberId: string,
  shareId: string,
): Promise<Receipt['credits']> {
  const rows = await tx<
    {
      signature: Signature;
      slot: bigint;
      ordinal: number;
      account: Address;
      amount: bigint;
      credited: bigint;
    }[]
  >`
    select s.signature, s.slot, s.ordinal, s.account, c.amount, s.amount as credited
    from credit_share s join credit c using (subscriber_id, account, signature, slot, ordinal)
    where s.subscriber_id = ${subscriberId} and s.share_id = ${shareId} order by s.slot, s.signature, s.ordinal`;
  return rows.map((row) => ({ ...row, slot: Number(row.slot) }));
}
