// Notifications: tests whether Postgres passes notifications on to this process.
import type { Log } from '../core/ports.ts';
import type { Sql } from './database.ts';

const ROUND_TRIP_MS = 3_000;

/**
 * Whether a notification that this pool sends reaches its listener within 3 s. Behind a pooler in
 * transaction mode it does not.
 */
export async function passesNotifications(sql: Sql): Promise<boolean> {
  const heard = Promise.withResolvers<boolean>();
  const listening = await sql.listen('bailiff_doctor', () => heard.resolve(true));
  await sql.notify('bailiff_doctor', '');
  AbortSignal.timeout(ROUND_TRIP_MS).addEventListener('abort', () => heard.resolve(false));
  const came = await heard.promise;
  await listening.unlisten();
  return came;
}

/** Logs an error at the start of a daemon whose notifications do not come back. */
export async function reportLostNotifications(direct: Sql, log: Log): Promise<void> {
  if (await passesNotifications(direct)) return;
  log.error('ledger.notifications_lost', {
    detail:
      'A notification did not come back: a pooler in transaction mode is in between. Set BAILIFF_DIRECT_DATABASE_URL to Postgres itself.',
  });
}
