// Creator sums: the sums of debts to a creator by token, for the two lists that show them. The five
// sums add up to everything that ever accrued.
import type { BaseUnits } from '../core/money.ts';
import type { Token } from '../core/token.ts';
import type { Fragment, Sql } from './database.ts';
import { type TokenRow, tokenIn } from './tokens.ts';

/** The sums of one group of debts. */
export type CreatorSumsRow = TokenRow & {
  owed: bigint;
  in_flight: bigint;
  paid: bigint;
  voided: bigint;
  observed: bigint;
};

/** A column `claimed` of `profit_share s`: the amount that payments which may still land cover. */
export const claimedOf = (sql: Sql): Fragment => sql`
  (select sum(ps.amount) from payment_share ps join payment p using (subscriber_id, payment_id)
    where ps.subscriber_id = s.subscriber_id and ps.share_id = s.share_id
      and p.state in ('planned', 'signed', 'sent')) as claimed`;

/** The columns of `CreatorSumsRow`, over debts with the column `claimed`, by token `k`. */
export const sumsOf = (sql: Sql): Fragment => sql`
  k.mint, k.symbol, k.decimals,
  coalesce(sum(amount - paid) filter (where status in ('pending', 'failed', 'processing') and not observed), 0)::bigint
    - coalesce(sum(claimed), 0)::bigint as owed,
  coalesce(sum(claimed), 0)::bigint as in_flight,
  coalesce(sum(paid), 0)::bigint as paid,
  coalesce(sum(amount - paid) filter (where status = 'voided'), 0)::bigint as voided,
  coalesce(sum(amount - paid) filter (where status in ('pending', 'failed') and observed), 0)::bigint as observed`;

/** The sums of a row, in base units of its token. */
export const sumsIn = (
  row: CreatorSumsRow,
): {
  readonly token: Token;
  readonly owed: BaseUnits;
  readonly inFlight: BaseUnits;
  readonly paid: BaseUnits;
  readonly voided: BaseUnits;
  readonly observed: BaseUnits;
} => ({
  token: tokenIn(row),
  owed: row.owed,
  inFlight: row.in_flight,
  paid: row.paid,
  voided: row.voided,
  observed: row.observed,
});
