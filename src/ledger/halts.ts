// Halts: stores where nothing new is signed. Halted debts are not due; a payment that is already
// signed is followed to its end.
import type { Halts } from '../core/ports.ts';
import type { Sql } from './database.ts';

/** Creates the store of halts. */
export function createHalts(sql: Sql): Halts {
  return {
    async set(scope, reason) {
      const [kind, id = ''] = scope.split(/:(.*)/s);
      const rows = await sql`
        insert into halt (scope, reason) select ${scope}, ${reason}
        where ${kind === 'all'}
           or (${kind === 'subscriber'} and exists (select 1 from subscriber where subscriber_id = ${id}))
           or (${kind === 'creator'} and exists (select 1 from subscription_terms where creator_wallet = ${id}))
        on conflict (scope) do update set reason = excluded.reason returning 1`;
      return rows.length > 0;
    },
    async lift(scope) {
      return (await sql`delete from halt where scope = ${scope} returning 1`).length > 0;
    },
    async holding(subscriberId, creatorWallet) {
      const [row] = await sql<{ scope: string; reason: string; since: Date }[]>`
        select scope, reason, since from halt
        where scope in ('all', ${`creator:${creatorWallet}`}, ${`subscriber:${subscriberId}`}) limit 1`;
      if (row === undefined) return null;
      return { scope: row.scope, reason: row.reason, sinceMs: row.since.getTime() };
    },
    async list() {
      const rows = await sql<{ scope: string; reason: string; since: Date }[]>`
        select scope, reason, since from halt order by since, scope`;
      return rows.map(({ scope, reason, since }) => ({ scope, reason, sinceMs: since.getTime() }));
    },
  };
}
