// Audit: reads what was owed and paid to creators: debts, payments that landed, and transfers by
// other systems.
import type { AuditBook } from '../core/audit-ports.ts';
import type { Address, Signature } from '../core/ids.ts';
import { USDC } from '../core/token.ts';
import type { Sql } from './database.ts';
import { type TokenRow, tokenIn } from './tokens.ts';

type TransferRow = TokenRow & {
  signature: Signature;
  creator_wallet: Address;
  slot: bigint;
  at: Date | null;
  amount: bigint;
  covers: { share: string; amount: string }[] | null;
};

/** Creates the reader of audits. */
export const createAuditBook = (sql: Sql): AuditBook => ({
  history: (subscriberId) =>
    sql.begin('isolation level repeatable read read only', async (tx) => {
      const debts = await tx<
        (TokenRow & {
          share_id: string;
          creator_wallet: Address;
          signature: Signature | null;
          slot: bigint;
          closed_at: Date | null;
          owed: bigint;
        })[]
      >`
        select share_id, creator_wallet, signature, slot, closed_at, case status when 'voided' then paid else amount end as owed,
          k.mint, k.symbol, k.decimals
        from profit_share join token k using (mint) where subscriber_id = ${subscriberId} order by slot, ordinal, share_id`;
      const transfers = await tx<TransferRow[]>`
        select c.signature, c.creator_wallet, c.slot, f.block_at as at, c.amount, k.mint, k.symbol, k.decimals, null::jsonb as covers
        from credit c join fact f using (subscriber_id, signature, slot, ordinal, account)
          join token k on k.mint = coalesce(f.body ->> 'mint', ${USDC.mint}) where c.subscriber_id = ${subscriberId}
        union all
        select p.signature, r.creator_wallet, p.executed_slot, p.ended_at, r.amount, k.mint, k.symbol, k.decimals,
          (select coalesce(jsonb_agg(jsonb_build_object('share', s.share_id, 'amount', s.amount::text) order by s.share_id), '[]')
            from payment_share s join profit_share d using (subscriber_id, share_id)
            where s.subscriber_id = p.subscriber_id and s.payment_id = p.payment_id and d.creator_wallet = r.creator_wallet)
        from payment p join payment_recipient r using (subscriber_id, payment_id) join token k using (mint) where p.subscriber_id = ${subscriberId} and p.state = 'landed' and p.purpose = 'share'
        order by 3, 1, 2`;
      return {
        subscriberId,
        debts: debts.map((row) => ({
          share: row.share_id,
          creatorWallet: row.creator_wallet,
          token: tokenIn(row),
          signature: row.signature,
          slot: Number(row.slot),
          atMs: row.closed_at?.getTime() ?? null,
          owed: row.owed,
        })),
        transfers: transfers.map((row) => ({
          signature: row.signature,
          creatorWallet: row.creator_wallet,
          token: tokenIn(row),
          slot: Number(row.slot),
          atMs: row.at?.getTime() ?? null,
          amount: row.amount,
          covers:
            row.covers?.map(({ share, amount }) => ({ shareId: share, amount: BigInt(amount) })) ??
            null,
        })),
      };
    }),
});
