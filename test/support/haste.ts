// Haste: makes time pass for rows of a test's ledger that Postgres' clock dates, so that no test
// waits for it.
import { withoutGuards } from './guards.ts';
import type { Ledgered } from './rows.ts';

/** Makes every debt that waits for its next try due at once. */
export async function retryNow({ sql }: Ledgered): Promise<void> {
  await sql`update profit_share set retry_at = null where status = 'pending'`;
}

/** Makes every reading of a delivery that has not ended older by this many seconds. */
export async function ageReadings({ sql }: Ledgered, seconds: number): Promise<void> {
  await sql`update delivery_reading set begun_at = begun_at - ${seconds} * interval '1 second'`;
}

/** Makes the act under this idempotency key look as if it began this many seconds ago. */
export async function ageAct({ sql }: Ledgered, key: string, seconds: number): Promise<void> {
  await sql`
    update act set at = now() - ${seconds} * interval '1 second' where idempotency_key = ${key}`;
}

/** Makes every subscriber that owes look as if it had owed for this many days. */
export async function oweForDays({ sql }: Ledgered, days: number): Promise<void> {
  await sql`update owed_time set counted_ms = ${days * 24 * 3_600_000}`;
}

/**
 * Writes into all terms that a debt lapses after this many milliseconds, from their first slot on.
 */
export const agreeOnExpiry = ({ sql }: Ledgered, afterMs: number): Promise<void> =>
  withoutGuards(sql, (tx) => tx`update subscription_terms set expires_after_ms = ${afterMs}`);

/** Makes every account watched since 1970, which is before the time of every manual clock. */
export async function watchSince1970({ sql }: Ledgered): Promise<void> {
  await sql`update account set watched_at = 'epoch'`;
}

/** What an endpoint has to take became due a minute earlier. */
export async function putFirst({ sql }: Ledgered, endpointId: string): Promise<void> {
  await sql`update event_delivery set due_at = due_at - interval '1 minute' where endpoint_id = ${endpointId}`;
}

/** Makes every event of one kind older by so many days. */
export async function ageEvents({ sql }: Ledgered, kind: string, days: number): Promise<void> {
  await sql`update event set at = at - ${days} * interval '1 day' where kind = ${kind}`;
}
