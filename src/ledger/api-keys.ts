// API keys: stores the hashes and scopes of API keys. A key itself is shown once, when it is made.
import type { ApiKeys, Scope } from '../core/api-key.ts';
import type { Sql } from './database.ts';

/** Postgres notifies this channel when a key is made or revoked. */
export const API_KEY_CHANNEL = 'bailiff_api_key';

type Row = {
  key_id: string;
  name: string;
  scopes: Scope[];
  created_at: Date;
  revoked_at: Date | null;
};

/** Creates the store of API keys. */
export function createApiKeys(sql: Sql): ApiKeys {
  return {
    async add({ id, name, hash, scopes }) {
      await sql`
        insert into api_key (key_id, name, hash, scopes)
        values (${id}, ${name}, ${Buffer.from(hash)}, ${sql.json([...scopes])})`;
      await sql.notify(API_KEY_CHANNEL, id);
    },
    async live() {
      const rows = await sql<{ id: string; hash: Uint8Array; scopes: Scope[]; live: boolean }[]>`
        select key_id as id, hash, scopes, revoked_at is null as live from api_key`;
      const keys = rows.filter((row) => row.live).map(({ live, ...key }) => key);
      return { ever: rows.length > 0, keys };
    },
    async list() {
      const rows = await sql<Row[]>`
        select key_id, name, scopes, created_at, revoked_at from api_key order by created_at, key_id`;
      return rows.map((row) => ({
        id: row.key_id,
        name: row.name,
        scopes: row.scopes,
        createdAtMs: row.created_at.getTime(),
        revokedAtMs: row.revoked_at?.getTime() ?? null,
      }));
    },
    async revoke(id) {
      const rows = await sql`
        update api_key set revoked_at = now() where key_id = ${id} and revoked_at is null returning 1`;
      if (rows.length > 0) await sql.notify(API_KEY_CHANNEL, id);
      return rows.length > 0;
    },
  };
}
