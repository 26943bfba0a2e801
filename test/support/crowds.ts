// Crowds: rows in a number that acts would take minutes to make.
import type { Address } from '../../src/core/ids.ts';
import type { Ledgered } from './rows.ts';

/** Writes `count` acts of `anyone`, each without an end. */
export async function manyActs({ sql }: Ledgered, count: number): Promise<void> {
  await sql`
    insert into act (at, actor, what, asked)
    select now(), 'anyone', 'x', '{}' from generate_series(1, ${count})`;
}

/**
 * Writes `count` failed payments of `ana`, two planned in each second, with the ids `p1`, `p2` and
 * so on.
 */
export async function failedPayments(
  { sql }: Ledgered,
  count: number,
  { creator, driftAccount }: { creator: Address; driftAccount: Address },
): Promise<void> {
  await sql`
    with written as (insert into payment (payment_id, subscriber_id, subscription_id, creator_wallet, drift_user,
      sub_account_id, amount, withdraw, settle_markets, fee_payer, create_agent_account, state,
      planned_at)
    select 'p' || n, 'ana', 'ana-sub', ${creator}, ${driftAccount}, 0, 5, 0, '[]', 'agent', false,
      'failed', to_timestamp(n / 2) from generate_series(1, ${count}) n
      returning subscriber_id, payment_id, creator_wallet, amount)
    insert into payment_recipient (subscriber_id, payment_id, creator_wallet, nth, amount, create_account)
    select subscriber_id, payment_id, creator_wallet, 0, amount, false from written`;
}

/**
 * Writes `count` subscribers in good standing, `s1`, `s2` and so on, into a ledger that has no
 * others. Each has one change of its standing, with its number as the revision.
 */
export async function manySubscribers({ sql }: Ledgered, count: number): Promise<void> {
  await sql`
    insert into subscriber (subscriber_id, agent_wallet, agent_token_account)
    select 's' || n, 'w' || n || repeat('x', 30), 't' || n from generate_series(1, ${count}) n`;
  await sql`
    insert into standing (subscriber_id, standing, outstanding, revision)
    select 's' || n, 'good', 0, n from generate_series(1, ${count}) n`;
  await sql`
    insert into standing_change (revision, subscriber_id, standing, outstanding)
    select n, 's' || n, 'good', 0 from generate_series(1, ${count}) n`;
  await sql`update revision set last = ${count}`;
}

/**
 * The first subscribers of `manySubscribers`, in this number, run away in one moment. Readers of
 * standings are told.
 */
export async function manyRunaways({ sql }: Ledgered, count: number): Promise<void> {
  const evidence = { signature: 's', slot: 1, amount: '1', what: 'w', owedThen: '1' };
  await sql`
    with next as (update revision set last = last + ${count} returning last)
    insert into standing_change
      (revision, subscriber_id, standing, outstanding, reason, evidence)
    select last - ${count} + n, 's' || n, 'delinquent', 5, repeat('because ', 60),
      ${sql.json(evidence)} from next, generate_series(1, ${count}) n`;
  await sql`select pg_notify('bailiff_standing', '')`;
}
