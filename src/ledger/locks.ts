// Locks: advisory locks of Postgres, held by a connection and gone with it, so that a daemon that dies holds nobody up.
import type { Locks } from '../core/hearing-ports.ts';
import type { Sql } from './database.ts';

export function createLocks(sql: Sql): Locks {
  return {
    async exclusively(name, work) {
      const key = `bailiff/${name}`;
      const connection = await sql.reserve();
      try {
        await connection`select pg_advisory_lock(hashtextextended(${key}, 0))`;
        try {
          return await work();
        } finally {
          await connection`select pg_advisory_unlock(hashtextextended(${key}, 0))`;
        }
      } finally {
        connection.release();
      }
    },
  };
}
