// Statements: reads the details of shares and payments, and the sums of creators, that statements
// and lists show.
import type { Address } from '../core/ids.ts';
import type { BaseUnits } from '../core/money.ts';
import type { ShareDetails, Statements } from '../core/statement-ports.ts';
import { DEFAULT_VENUE, type VenueName } from '../core/venue-name.ts';
import { type CreatorSumsRow, claimedOf, sumsIn, sumsOf } from './creator-sums.ts';
import { plannedEach, type Sql } from './database.ts';
import { readBody } from './facts.ts';
import { among } from './groups.ts';
import { conditionsOf } from './lists.ts';
import { type FundedShare, fundingOfShares } from './share-funding.ts';

type DetailRow = {
  share_id: string;
  closed_at: Date | null;
  /** Null for a debt that was brought from another system: no close shows it. */
  kind: 'close' | 'reckoning' | null;
  body: unknown;
  base: bigint | null;
  opening_fee: bigint | null;
  venue: VenueName;
} & FundedShare;

function detailsOf(row: DetailRow, funding: BaseUnits | null): ShareDetails {
  const body = row.kind === null ? null : readBody(row.kind, row.body);
  const trade =
    body === null || body.kind === 'reckoning'
      ? null
      : {
          venue: row.venue,
          market: body.market,
          position: body.position,
          base: body.baseClosed,
          entry: body.entry,
          exit: body.proceeds,
          closingFee: body.fee,
        };
  return {
    closedAtMs: row.closed_at?.getTime() ?? null,
    trade,
    base: row.base,
    openingFee: row.opening_fee ?? 0n,
    funding,
  };
}

/** Creates the reader of statements. */
export function createStatements(sql: Sql): Statements {
  const listed = plannedEach(sql);
  return {
    async shares(ids) {
      if (ids.length === 0) return new Map();
      const rows = await sql<DetailRow[]>`
        select s.share_id, s.closed_at, f.kind, f.body, a.base, a.opening_fee, coalesce(w.venue, ${DEFAULT_VENUE}) as venue,
          s.subscription_id, s.terms_slot, a.account, s.signature, s.slot, s.ordinal, f.block_index,
          coalesce((c.baseline ->> 'slot')::bigint >= s.slot, false) as proven
        from profit_share s left join accrual a using (subscriber_id, subscription_id, signature, slot, ordinal, terms_slot)
        left join fact f on f.subscriber_id = a.subscriber_id and f.signature = a.signature and f.slot = a.slot and f.ordinal = a.ordinal
          and f.account = a.account
        left join account w on w.address = a.account left join account_check c on c.address = a.account
        where s.share_id = ${among(sql, ids)} order by s.slot, f.block_index nulls last, s.signature, s.ordinal`;
      const funding = await fundingOfShares(sql, rows);
      return new Map(
        rows.map((row) => [row.share_id, detailsOf(row, funding.get(row.share_id) ?? null)]),
      );
    },
    async payments(ids) {
      if (ids.length === 0) return new Map();
      const rows = await sql<{ payment_id: string; covers: { share: string; amount: string }[] }[]>`
        select p.payment_id, jsonb_agg(jsonb_build_object('share', c.share_id, 'amount', c.amount::text) order by c.share_id) as covers
        from payment p join payment_share c using (subscriber_id, payment_id)
        where p.payment_id = ${among(sql, ids)} group by p.payment_id`;
      return new Map(
        rows.map((row) => [
          row.payment_id,
          row.covers.map(({ share, amount }) => ({ shareId: share, amount: BigInt(amount) })),
        ]),
      );
    },
    async earnings({ creatorWallet = null, after = null, limit, ...period }) {
      const within = conditionsOf(sql).shares(period);
      const rows = await listed<(CreatorSumsRow & { creator_wallet: Address })[]>`
        with creators as (
          select distinct creator_wallet from profit_share s where (${creatorWallet}::text is null or creator_wallet = ${creatorWallet})
            and (${after}::text is null or creator_wallet > ${after}) and ${within} order by creator_wallet limit ${limit})
        select creator_wallet, ${sumsOf(sql)}
        from (select s.*, ${claimedOf(sql)} from profit_share s join creators using (creator_wallet) where ${within}) s
        join token k using (mint) group by creator_wallet, k.mint order by creator_wallet, k.mint`;
      return rows.map((row) => ({ creatorWallet: row.creator_wallet, ...sumsIn(row) }));
    },
  };
}
