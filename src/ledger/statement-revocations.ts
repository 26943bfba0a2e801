// Statement revocations: stores which statement links were taken back.
import type { StatementRevocations } from '../core/statement-ports.ts';
import { at, type Sql } from './database.ts';

/** Creates the store of revocations. */
export const createStatementRevocations = (sql: Sql): StatementRevocations => ({
  async revoke(of, id, beforeMs) {
    await sql`
      insert into statement_revocation (of_kind, id, revoked_before) values (${of}, ${id}, ${at(beforeMs)})
      on conflict (of_kind, id) do update
        set revoked_before = greatest(statement_revocation.revoked_before, excluded.revoked_before)`;
  },
  async revokedBeforeMs(of, id) {
    const [row] = await sql<{ revoked_before: Date }[]>`
      select revoked_before from statement_revocation where of_kind = ${of} and id = ${id}`;
    return row?.revoked_before.getTime() ?? null;
  },
});
