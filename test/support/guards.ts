// Guards: writes rows that the triggers of the ledger refuse, as a restored copy, a lost disk or an
// earlier release leaves them.
import type { Sql, Transaction } from '../../src/ledger/database.ts';

/** How often a transaction is tried that Postgres ends to break a deadlock with a daemon. */
const TRIES = 5;
const isDeadlock = (thrown: unknown): boolean => (thrown as { code?: unknown }).code === '40P01';

/**
 * Runs statements in one transaction in which no trigger fires. Constraints hold all the same. A
 * daemon may run beside it: a transaction that truncates what the daemon reads can deadlock with
 * it, and is repeated then.
 */
export async function withoutGuards(
  sql: Sql,
  work: (tx: Transaction) => Promise<unknown>,
): Promise<void> {
  for (let tries = 1; ; tries++)
    try {
      await sql.begin(async (tx) => {
        await tx`set local session_replication_role = replica`;
        await work(tx);
      });
      return;
    } catch (thrown) {
      if (!isDeadlock(thrown) || tries === TRIES) throw thrown;
    }
}

/** Leaves accounts whose subscribers have agreed nothing yet. */
export const forgetAgreements = (sql: Sql): Promise<void> =>
  withoutGuards(sql, async (tx) => {
    await tx`delete from subscription_terms`;
    await tx`delete from subscription`;
  });

/** Makes every debt older by this many hours. */
export const ageDebts = (sql: Sql, hours: number): Promise<void> =>
  withoutGuards(
    sql,
    (tx) => tx`update profit_share set accrued_at = accrued_at - ${hours} * interval '1 hour'`,
  );
