// Locks: advisory locks of Postgres, each held by a transaction that does nothing else, and gone with its connection, so that
// a daemon that dies holds nobody up.
import type { Locks } from '../core/hearing-ports.ts';
import type { Sql } from './database.ts';

export function createLocks(sql: Sql): Locks {
  return {
    async exclusively(name, work) {
      const outcome = await sql.begin(async (tx) => {
        await tx`select pg_advisory_xact_lock(hashtextextended(${`bailiff/${name}`}, 0))`;
        return { value: await work() };
      });
      return outcome.value;
    },
  };
}
