// Story: prints, after a failed round, why each open debt and payment waits, the queries that
// Postgres runs, and the last lines of the daemon's log.
import type { Sql } from '../../src/ledger/database.ts';

const LINES = 60;

export async function tellStory(
  sql: Sql,
  appUrl: string,
  logged: readonly string[],
  say: (text: string) => unknown,
): Promise<void> {
  const exact = (value: unknown): string =>
    JSON.stringify(value, (_, each: unknown) => (typeof each === 'bigint' ? `${each}` : each));
  const ask = async (what: string, work: () => Promise<readonly unknown[]>): Promise<void> => {
    say(`── ${what}`);
    try {
      for (const each of await work()) say(`   ${exact(each)}`);
    } catch (thrown) {
      say(`   ${String(thrown)}`);
    }
  };
  await ask(
    'debts that are open',
    () => sql`
      select subscriber_id, share_id, status, slot, amount, paid, attempts, retry_at, held_until, reason, now() as now
      from profit_share where status <> 'paid' order by slot`,
  );
  await ask(
    'payments that have not ended',
    () => sql`
      select payment_id, subscriber_id, state, planned_at, sent_at, signature, last_valid_block_height, now() as now
      from payment where state in ('planned', 'signed', 'sent')`,
  );
  await ask(
    'what Postgres runs',
    () => sql`
      select pid, state, wait_event_type, wait_event, now() - xact_start as transaction_age, now() - state_change as since, left(query, 160) as query
      from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`,
  );
  await ask('sightings that are not final', async () => [
    ...(await sql`select status, count(*) from sighting group by status`),
  ]);
  await ask('/health/ready', async () => [
    await (await fetch(`${appUrl}/health/ready`, { signal: AbortSignal.timeout(5_000) })).json(),
  ]);
  say('── last warnings and errors of the log');
  const loud = logged.filter((line) => !/"level":(?:20|30),/.test(line));
  for (const line of loud.slice(-LINES)) say(`   ${line}`);
}
