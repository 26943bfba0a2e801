// Nonces: stores the nonce account of each subscriber, and the value up to which its moves are
// explained.
import type { Address, Signature } from '../core/ids.ts';
import type { Lamports } from '../core/money.ts';
import type { NonceBook, NonceRecord } from '../core/nonce-ports.ts';
import type { Fragment, Sql } from './database.ts';
import { among, readTogether } from './groups.ts';

type Row = {
  subscriber_id: string;
  account: Address;
  authority: Address;
  rent: Lamports;
  value: string | null;
  slot: bigint | null;
};

const recordOf = (row: Row): NonceRecord => ({
  subscriberId: row.subscriber_id,
  account: row.account,
  authority: row.authority,
  rent: row.rent,
  noted: row.value === null ? null : { value: row.value, slot: Number(row.slot) },
});

/** Creates the store of nonces. `now` is the database's clock, unless a test passes another. */
export function createNonceBook(sql: Sql, now: Fragment = sql`now()`): NonceBook {
  return {
    of: readTogether<string, NonceRecord | null>(async (ids) => {
      const rows = await sql<Row[]>`
        select subscriber_id, account, authority, rent, value, slot from nonce
        where subscriber_id in ${among(sql, ids)} and closed_at is null`;
      const found = new Map(rows.map((row) => [row.subscriber_id, recordOf(row)]));
      return ids.map((id) => found.get(id) ?? null);
    }),
    async list({ limit, after = '' }) {
      const rows = await sql<Row[]>`
        select subscriber_id, account, authority, rent, value, slot from nonce
        where closed_at is null and subscriber_id > ${after} order by subscriber_id limit ${limit}`;
      return rows.map(recordOf);
    },
    async asked({ subscriberId, account, authority, rent }, againAfterMs) {
      const rows = await sql`
        insert into nonce as n (subscriber_id, account, authority, rent, asked_at)
        values (${subscriberId}, ${account}, ${authority}, ${rent}, ${now})
        on conflict on constraint nonce_pkey do update set account = excluded.account, authority = excluded.authority,
          rent = excluded.rent, asked_at = excluded.asked_at, closed_at = null
        where n.closed_at is not null or n.account = excluded.account and n.value is null
          and n.asked_at <= ${now} - ${againAfterMs} * interval '1 millisecond'
        returning 1`;
      return rows.length > 0;
    },
    async note(subscriberId, from, { value, slot }) {
      const rows = await sql`
        update nonce set value = ${value}, slot = ${slot}
        where subscriber_id = ${subscriberId} and closed_at is null and value is not distinct from ${from} returning 1`;
      return rows.length > 0;
    },
    async moverOf(account, value) {
      const [row] = await sql<{ signature: Signature; slot: bigint }[]>`
        select signature, executed_slot as slot from payment
        where nonce_account = ${account} and nonce_value = ${value} and state in ('landed', 'failed') and executed_slot is not null
        union all
        select evidence -> 'moved' ->> 'signature', (evidence -> 'moved' ->> 'slot')::bigint from payment
        where nonce_account = ${account} and nonce_value = ${value} and state = 'dead' and evidence -> 'moved' -> 'own' = 'true'
        limit 1`;
      return row === undefined ? null : { signature: row.signature, slot: Number(row.slot) };
    },
    async closed(subscriberId) {
      const rows = await sql`
        update nonce set value = null, slot = null, closed_at = ${now}
        where subscriber_id = ${subscriberId} and closed_at is null returning 1`;
      return rows.length > 0;
    },
  };
}
