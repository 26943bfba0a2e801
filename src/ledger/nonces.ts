// Nonces: stores the nonce account of each subscriber, and the value up to which its moves are
// explained.
import type { Address, Signature } from '../core/ids.ts';
import type { Lamports } from '../core/money.ts';
import type { NonceAccount, NonceBook } from '../core/nonce-ports.ts';
import type { Fragment, Sql } from './database.ts';
import { among, readTogether } from './groups.ts';

type Row = {
  subscriber_id: string;
  account: Address;
  authority: Address;
  rent: Lamports;
  value: string | null;
  slot: bigint | null;
  closing_at: Date | null;
};

const nonceOf = (row: Row): NonceAccount => ({
  subscriberId: row.subscriber_id,
  account: row.account,
  authority: row.authority,
  rent: row.rent,
  noted: row.value === null ? null : { value: row.value, slot: Number(row.slot) },
  closing: row.closing_at !== null,
});

/** Creates the store of nonces. `now` is the database's clock, unless a test passes another. */
export function createNonceBook(sql: Sql, now: Fragment = sql`now()`): NonceBook {
  return {
    of: readTogether<string, NonceAccount | null>(async (ids) => {
      const rows = await sql<Row[]>`
        select subscriber_id, account, authority, rent, value, slot, closing_at from nonce
        where subscriber_id in ${among(sql, ids)} and closed_at is null`;
      const found = new Map(rows.map((row) => [row.subscriber_id, nonceOf(row)]));
      return ids.map((id) => found.get(id) ?? null);
    }),
    async list({ limit, after = '' }) {
      const rows = await sql<Row[]>`
        select subscriber_id, account, authority, rent, value, slot, closing_at from nonce
        where closed_at is null and subscriber_id > ${after} order by subscriber_id limit ${limit}`;
      return rows.map(nonceOf);
    },
    async asked({ subscriberId, account, authority, rent }, againAfterMs) {
      const rows = await sql`
        insert into nonce as n (subscriber_id, account, authority, rent, asked_at)
        values (${subscriberId}, ${account}, ${authority}, ${rent}, ${now})
        on conflict on constraint nonce_pkey do update set account = excluded.account, authority = excluded.authority,
          rent = excluded.rent, asked_at = excluded.asked_at, closed_at = null, closing_at = null
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
    async closing(subscriberId, againAfterMs) {
      const rows = await sql`
        update nonce n set closing_at = ${now}
        where n.subscriber_id = ${subscriberId} and n.closed_at is null
          and (n.closing_at is null or n.closing_at <= ${now} - ${againAfterMs} * interval '1 millisecond')
          and not exists (select 1 from payment p where p.subscriber_id = n.subscriber_id and p.state in ('planned', 'signed', 'sent'))
        returning 1`;
      return rows.length > 0;
    },
    async left({ limit, after = '' }, openingMs) {
      const rows = await sql<Row[]>`
        select n.subscriber_id, account, authority, rent, value, slot, closing_at from nonce n join subscriber s using (subscriber_id)
        where n.closed_at is null and s.retired_at is not null and n.subscriber_id > ${after}
          and (n.value is not null or n.asked_at <= ${now} - ${openingMs} * interval '1 millisecond')
        order by n.subscriber_id limit ${limit}`;
      return rows.map(nonceOf);
    },
    async sums() {
      const [row] = await sql<{ open: number; closing: number; rent: Lamports }[]>`
        select count(*)::int as open, count(closing_at)::int as closing, coalesce(sum(rent), 0)::bigint as rent
        from nonce where closed_at is null`;
      return row ?? { open: 0, closing: 0, rent: 0n };
    },
    async closed(subscriberId) {
      const rows = await sql`
        update nonce set value = null, slot = null, closing_at = null, closed_at = ${now}
        where subscriber_id = ${subscriberId} and closed_at is null returning 1`;
      return rows.length > 0;
    },
  };
}
