// Daily roots: reads the records of a day as leaves, and stores the root over them.
import { accrualLeaf, HASH_BYTES, hexOf, paymentLeaf, standingLeaf } from '../core/daily-root.ts';
import type { Signature } from '../core/ids.ts';
import type {
  DailyRoot,
  ListedRoot,
  ReceiptLeaf,
  RootBook,
  RootMemoOutcome,
} from '../core/root-ports.ts';
import { termsSlotIn } from './booking.ts';
import { plannedEach, type Sql } from './database.ts';
import { keptGenesis } from './genesis.ts';

type RootRow = {
  day: string;
  leaves: number;
  root: Uint8Array;
  previous: Uint8Array | null;
  commitment: Uint8Array;
  made_at: Date;
};
const rootIn = (row: RootRow): DailyRoot => ({
  day: row.day,
  leaves: row.leaves,
  root: hexOf(row.root),
  previous: row.previous === null ? null : hexOf(row.previous),
  commitment: hexOf(row.commitment),
  madeAtMs: row.made_at.getTime(),
});
type MemoRow = {
  signature: Signature | null;
  outcome: RootMemoOutcome | null;
  slot: bigint | null;
  named: Uint8Array | null;
};
const listedIn = (row: RootRow & MemoRow): ListedRoot => ({
  ...rootIn(row),
  memo:
    row.signature === null || row.named === null
      ? null
      : {
          signature: row.signature,
          outcome: row.outcome,
          slot: row.slot === null ? null : Number(row.slot),
          commitment: hexOf(row.named),
        },
});
const bytesIn = (hex: string): Buffer => Buffer.from(hex, 'hex');

/** Creates the store of daily roots. */
export function createRootBook(sql: Sql): RootBook {
  const listed = plannedEach(sql);
  /** The condition that a time lies on a day (UTC). */
  const on = (day: string, time: string) =>
    sql`${sql(time)} >= ${day}::date::timestamp at time zone 'UTC'
      and ${sql(time)} < (${day}::date + 1)::timestamp at time zone 'UTC'`;
  const columns = sql`to_char(day, 'YYYY-MM-DD') as day, leaves, root, previous, commitment, made_at`;
  return {
    genesisHash: () => keptGenesis(sql),
    async nextDay() {
      const [row] = await sql<{ day: string | null }[]>`
        select to_char(coalesce((select max(day) + 1 from daily_root), (least(
          (select min(accrued_at) from accrual), (select min(ended_at) from payment where state = 'landed'),
          (select min(changed_at) from standing_change)) at time zone 'UTC')::date), 'YYYY-MM-DD') as day`;
      return row?.day ?? null;
    },
    async leaves(day) {
      const accruals = await sql<
        {
          subscription_id: string;
          account: string;
          signature: string;
          slot: bigint;
          ordinal: number;
          terms_slot: bigint;
          basis: string;
          share_bps: number;
          net_pnl: bigint;
          charged: bigint;
          amount: bigint;
          carry_before: bigint;
          carry_after: bigint;
          deficit_before: bigint;
          deficit_after: bigint;
        }[]
      >`
        select subscription_id, account, signature, slot, ordinal, terms_slot, basis, share_bps, net_pnl, charged, amount,
          carry_before, carry_after, deficit_before, deficit_after
        from accrual where ${on(day, 'accrued_at')}`;
      const payments = await sql<
        {
          payment_id: string;
          signature: string;
          executed_slot: bigint;
          mint: string;
          amount: bigint;
        }[]
      >`
        select payment_id, signature, executed_slot, mint, amount from payment
        where state = 'landed' and purpose = 'share' and ${on(day, 'ended_at')}`;
      const standings = await sql<
        {
          revision: bigint;
          agent_wallet: string;
          standing: string;
          outstanding: bigint;
          reason: string | null;
          evidence: string | null;
        }[]
      >`
        select revision, agent_wallet, standing, outstanding, reason, evidence ->> 'signature' as evidence
        from standing_change join subscriber using (subscriber_id) where ${on(day, 'changed_at')}`;
      return [
        ...accruals.map((row) =>
          accrualLeaf({
            subscription: row.subscription_id,
            account: row.account,
            signature: row.signature,
            slot: Number(row.slot),
            ordinal: row.ordinal,
            basis: row.basis,
            termsSlot: termsSlotIn(row.terms_slot),
            shareBps: row.share_bps,
            netPnl: row.net_pnl,
            charged: row.charged,
            amount: row.amount,
            before: { carry: row.carry_before, deficit: row.deficit_before },
            after: { carry: row.carry_after, deficit: row.deficit_after },
          }),
        ),
        ...payments.map(({ payment_id: id, executed_slot: slot, ...row }) =>
          paymentLeaf({ ...row, id, slot: Number(slot) }),
        ),
        ...standings.map(({ agent_wallet: wallet, ...row }) => standingLeaf({ ...row, wallet })),
      ];
    },
    async keep({ day, leaves, root, previous, commitment, secret, hashes }) {
      const rows = await sql`
        insert into daily_root (day, leaves, root, previous, commitment, secret, hashes)
        values (${day}::date, ${leaves}, ${bytesIn(root)}, ${previous === null ? null : bytesIn(previous)},
          ${bytesIn(commitment)}, ${Buffer.from(secret)}, ${Buffer.concat(hashes)})
        on conflict (day) do nothing returning 1`;
      return rows.length > 0;
    },
    async list({ after, limit }) {
      const rows = await listed<(RootRow & MemoRow)[]>`
        with page as (select * from daily_root where (${after}::date is null or day > ${after}::date) order by day limit ${limit})
        select to_char(page.day, 'YYYY-MM-DD') as day, leaves, root, previous, page.commitment, made_at,
          memo.signature, memo.outcome, memo.slot, memo.commitment as named
        from page left join lateral (
          select signature, outcome, slot, commitment from root_memo m where m.day = page.day
          order by (outcome in ('landed', 'contradicted')) is true desc, signed_at desc limit 1) memo on true
        order by page.day`;
      return rows.map(listedIn);
    },
    async day(day) {
      const [row] = await sql<(RootRow & { secret: Uint8Array; hashes: Uint8Array })[]>`
        select ${columns}, secret, hashes from daily_root where day = ${day}::date`;
      if (row === undefined) return null;
      const { secret, hashes } = row;
      return {
        ...rootIn(row),
        secret,
        hashes: Array.from({ length: row.leaves }, (_, at) =>
          hashes.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES),
        ),
      };
    },
    async ofShare(shareId) {
      const rows = await sql<ReceiptLeaf[]>`
        with leaf as (
          select 'accrual' as of, share_id as id, (a.accrued_at at time zone 'UTC')::date as on_day
          from profit_share s join accrual a using (subscriber_id, subscription_id, signature, slot, ordinal, terms_slot)
          where share_id = ${shareId}
          union all
          select 'payment', payment_id, (p.ended_at at time zone 'UTC')::date
          from payment_share c join payment p using (subscriber_id, payment_id)
          where c.share_id = ${shareId} and p.state = 'landed' and p.purpose = 'share')
        select of, id, to_char(on_day, 'YYYY-MM-DD') as day, encode(commitment, 'hex') as commitment
        from leaf join daily_root r on r.day = on_day order by of, on_day, id`;
      return [...rows];
    },
  };
}
