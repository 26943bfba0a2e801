// Halts: stores where nothing new is signed. Halted debts are not due; a payment that is already
// signed is followed to its end.
import { haltScopes } from '../core/halt.ts';
import type { Halt, Halts } from '../core/ports.ts';
import type { Sql } from './database.ts';
import { among, readTogether } from './groups.ts';

/** Creates the store of halts. */
export function createHalts(sql: Sql): Halts {
  const holding = readTogether<
    { readonly subscriberId: string; readonly creatorWallet: string },
    Halt | null
  >(async (asked) => {
    const scopesOf = ({ subscriberId, creatorWallet }: (typeof asked)[number]) =>
      haltScopes(subscriberId, creatorWallet);
    const scopes = [...new Set(asked.flatMap(scopesOf))];
    const rows = await sql<{ scope: string; reason: string; since: Date }[]>`
      select scope, reason, since from halt where scope = ${among(sql, scopes)}`;
    return asked.map((each) => {
      const own = scopesOf(each);
      const row = rows.find(({ scope }) => own.includes(scope));
      return row === undefined
        ? null
        : { scope: row.scope, reason: row.reason, sinceMs: row.since.getTime() };
    });
  });
  return {
    async set(scope, reason) {
      const [kind, id = ''] = scope.split(/:(.*)/s);
      const rows = await sql`
        insert into halt (scope, reason) select ${scope}, ${reason}
        where ${kind === 'all'}
           or (${kind === 'subscriber'} and exists (select 1 from subscriber where subscriber_id = ${id}))
           or (${kind === 'creator'} and exists (select 1 from terms_recipient where creator_wallet = ${id}))
        on conflict (scope) do update set reason = excluded.reason returning 1`;
      return rows.length > 0;
    },
    async lift(scope) {
      return (await sql`delete from halt where scope = ${scope} returning 1`).length > 0;
    },
    holding: (subscriberId, creatorWallet) => holding({ subscriberId, creatorWallet }),
    async list() {
      const rows = await sql<{ scope: string; reason: string; since: Date }[]>`
        select scope, reason, since from halt order by since, scope`;
      return rows.map(({ scope, reason, since }) => ({ scope, reason, sinceMs: since.getTime() }));
    },
  };
}
