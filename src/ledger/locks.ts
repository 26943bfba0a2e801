// Locks: advisory locks of Postgres, each held by a connection of its own and gone with it, so that a daemon that dies holds
// nobody up. No transaction is open while the work is done.
import type { Locks } from '../core/hearing-ports.ts';
import type { Sql } from './database.ts';

/** `open` opens a pool of one connection. */
export function createLocks(open: () => Sql): Locks {
  return {
    async exclusively(name, work) {
      const sql = open();
      try {
        await sql`select pg_advisory_lock(hashtextextended(${`bailiff/${name}`}, 0))`;
        return await work();
      } finally {
        // Ending the connection gives the lock back.
        await sql.end({ timeout: 5 });
      }
    },
  };
}
