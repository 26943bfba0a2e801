// Locks: Postgres advisory locks, each held by a connection of its own and released with it, so
// that a daemon that dies blocks no other. No transaction is open while the work is done. A lock
// that another session holds is waited for within a bound, because a session behind a pooler can
// keep a lock long after its daemon is gone.
import { Fault } from '../core/fault.ts';
import type { Locks } from '../core/hearing-ports.ts';
import type { Sql } from './database.ts';

const PATIENCE_MS = 15_000;
/** SQLSTATE for a lock that was not available within `lock_timeout`. */
const NOT_AVAILABLE = '55P03';

/**
 * Creates the locks. `open` opens a pool of one connection. `exclusively` throws `not_ready` when
 * the lock is not available within `patienceMs` milliseconds.
 */
export function createLocks(open: () => Sql, patienceMs = PATIENCE_MS): Locks {
  return {
    async exclusively(name, work) {
      const sql = open();
      try {
        await sql`select set_config('lock_timeout', ${`${patienceMs}ms`}, false)`;
        try {
          await sql`select pg_advisory_lock(hashtextextended(${`bailiff/${name}`}, 0))`;
        } catch (thrown) {
          if ((thrown as { code?: unknown }).code !== NOT_AVAILABLE) throw thrown;
          throw new Fault(
            'not_ready',
            `Another session of Postgres has held the lock bailiff/${name} for ${patienceMs} ms.`,
          );
        }
        return await work();
      } finally {
        // Closing the connection releases the lock.
        await sql.end({ timeout: 5 });
      }
    },
  };
}
