// Notifications: tests whether Postgres passes notifications on to this process.
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
