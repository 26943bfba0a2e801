// Console sessions: stores the sessions of the console for every daemon of this ledger.
import type { SessionBook } from '../core/session-ports.ts';
import { at, type Sql } from './database.ts';

/** Creates the store of sessions. */
export const createSessionBook = (sql: Sql): SessionBook => ({
  async put(hash, { sealed, begunMs, usedMs }, { most, begunAfterMs }) {
    await sql`
      insert into console_session (session_hash, sealed, begun_at, used_at)
      values (${Buffer.from(hash)}, ${Buffer.from(sealed)}, ${at(begunMs)}, ${at(usedMs)})`;
    await sql`
      delete from console_session where begun_at < ${at(begunAfterMs)} or session_hash in (
        select session_hash from console_session order by used_at desc, session_hash offset ${most})`;
  },
  async find(hash) {
    const [row] = await sql<{ sealed: Uint8Array; begun_at: Date; used_at: Date }[]>`
      select sealed, begun_at, used_at from console_session where session_hash = ${Buffer.from(hash)}`;
    return row === undefined
      ? null
      : { sealed: row.sealed, begunMs: row.begun_at.getTime(), usedMs: row.used_at.getTime() };
  },
  async touch(hash, usedMs) {
    await sql`
      update console_session set used_at = greatest(used_at, ${at(usedMs)}) where session_hash = ${Buffer.from(hash)}`;
  },
  async drop(hash) {
    await sql`delete from console_session where session_hash = ${Buffer.from(hash)}`;
  },
});
