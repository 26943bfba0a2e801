// Nonces: stores the nonce account of each subscriber, and the value up to which its moves are
// explained. core/nonce-account.ts decides each change: the rows are locked and read, the core
// decides, and the result is written, all in one transaction. Changes for several subscribers that
// are asked for at the same time share a transaction.
import { upToDistinct } from '../core/gather.ts';
import type { Address, Signature } from '../core/ids.ts';
import type { Lamports } from '../core/money.ts';
import {
  type NonceAccount,
  type NonceChange,
  nonceAfter,
  ownMoverIn,
  type PaymentUnderNonce,
} from '../core/nonce-account.ts';
import type { NonceBook } from '../core/nonce-ports.ts';
import { at, type Fragment, type Sql, type Transaction, toJson } from './database.ts';
import { among, askedIds, readTogether, together } from './groups.ts';

type Row = {
  subscriber_id: string;
  account: Address;
  authority: Address;
  rent: Lamports;
  value: string | null;
  slot: bigint | null;
  asked_at: Date;
  closing_at: Date | null;
  closed_at: Date | null;
};

const nonceOf = (row: Row): NonceAccount => ({
  subscriberId: row.subscriber_id,
  account: row.account,
  authority: row.authority,
  rent: row.rent,
  noted: row.value === null ? null : { value: row.value, slot: Number(row.slot) },
  askedMs: row.asked_at.getTime(),
  closingMs: row.closing_at?.getTime() ?? null,
  closedMs: row.closed_at?.getTime() ?? null,
});
const rowOf = (nonce: NonceAccount) => ({
  subscriber_id: nonce.subscriberId,
  account: nonce.account,
  authority: nonce.authority,
  rent: nonce.rent,
  value: nonce.noted?.value ?? null,
  slot: nonce.noted?.slot ?? null,
  asked_at: at(nonce.askedMs),
  closing_at: nonce.closingMs === null ? null : at(nonce.closingMs),
  closed_at: nonce.closedMs === null ? null : at(nonce.closedMs),
});

/**
 * A change of the account of a subscriber. `isPaying` is read with the account: a payment of the
 * subscriber has not ended.
 */
type Asked = {
  readonly subscriberId: string;
  /** Set when the change depends on whether a payment of the subscriber has not ended. */
  readonly asksPayments?: true;
  readonly change: (read: { readonly isPaying: boolean }) => NonceChange;
};

/** The most accounts that are changed in one transaction. */
const TOGETHER = 32;

/**
 * The nonce accounts of these subscribers, also closed ones, locked until the transaction ends:
 * meanwhile no closing is recorded, and no payment is opened under one of them elsewhere.
 */
export async function lockNonces(
  tx: Transaction,
  subscriberIds: readonly string[],
): Promise<ReadonlyMap<string, NonceAccount>> {
  // All daemons lock in the same order, so that two of them cannot deadlock.
  const rows = await tx<Row[]>`
    select subscriber_id, account, authority, rent, value, slot, asked_at, closing_at, closed_at from nonce
    where subscriber_id = ${among(tx, subscriberIds)} order by subscriber_id for update`;
  return new Map(rows.map((row) => [row.subscriber_id, nonceOf(row)]));
}

/**
 * Changes several accounts, each of another subscriber. Returns for each whether the change was
 * made. Of two daemons that insert the first account of a subscriber at the same time, one succeeds
 * by the unique key; the change of the other is not made.
 */
const changeTogether = (sql: Sql, now: Fragment, asked: readonly Asked[]): Promise<boolean[]> =>
  sql.begin(async (tx) => {
    // All daemons lock in the same order, so that two of them cannot deadlock.
    const ids = asked.map((each) => each.subscriberId).sort();
    // A payment may be inserted until the lock is held, so a later statement looks for one.
    if (asked.some(({ asksPayments }) => asksPayments === true)) await lockNonces(tx, ids);
    const rows = await tx<
      ({ now: Date; paying: boolean; id: string } & ({ account: null } | Row))[]
    >`
      with held as (
        select subscriber_id, account, authority, rent, value, slot, asked_at, closing_at, closed_at from nonce
        where subscriber_id = ${among(tx, ids)} order by subscriber_id for update)
      select asked.id, held.*, ${now} as now, exists (select 1 from payment p
          where p.subscriber_id = asked.id and p.state in ('planned', 'signed', 'sent') offset 0) as paying
      from ${askedIds(tx, ids)} left join held on held.subscriber_id = asked.id`;
    const read = new Map(rows.map((row) => [row.id, row]));
    const after = asked.map(({ subscriberId, change }) => {
      const row = read.get(subscriberId);
      if (row === undefined) throw new RangeError(`no row was read for ${subscriberId}`);
      const before = row.account === null ? null : nonceOf(row);
      return { before, after: nonceAfter(before, change({ isPaying: row.paying }), +row.now) };
    });
    const changed = after.flatMap(({ before, after: nonce }) =>
      nonce === null ? [] : [{ ...rowOf(nonce), held: before !== null }],
    );
    if (changed.length === 0) return asked.map(() => false);
    const written = await tx<{ subscriber_id: string }[]>`
      with changed as (select * from jsonb_to_recordset(${tx.json(toJson(changed))}) as c(subscriber_id text, account text,
        authority text, rent bigint, value text, slot bigint, asked_at timestamptz, closing_at timestamptz, closed_at timestamptz, held boolean))
      insert into nonce as n (subscriber_id, account, authority, rent, value, slot, asked_at, closing_at, closed_at)
      select subscriber_id, account, authority, rent, value, slot, asked_at, closing_at, closed_at from changed order by subscriber_id
      on conflict on constraint nonce_pkey do update set account = excluded.account, authority = excluded.authority,
        rent = excluded.rent, value = excluded.value, slot = excluded.slot, asked_at = excluded.asked_at,
        closing_at = excluded.closing_at, closed_at = excluded.closed_at
      where (select c.held from changed c where c.subscriber_id = n.subscriber_id)
      returning subscriber_id`;
    const done = new Set(written.map((row) => row.subscriber_id));
    return asked.map((each) => done.has(each.subscriberId));
  });

/** Creates the store of nonces. `now` is the database's clock, unless a test passes another. */
export function createNonceBook(sql: Sql, now: Fragment = sql`now()`): NonceBook {
  const columns = sql`n.subscriber_id, account, authority, rent, value, slot, asked_at, closing_at, closed_at`;
  const change = together<Asked, boolean>((asked) => changeTogether(sql, now, asked), {
    count: upToDistinct(TOGETHER, (each) => each.subscriberId),
  });
  return {
    of: readTogether<string, NonceAccount | null>(async (ids) => {
      const rows = await sql<Row[]>`
        select ${columns} from nonce n where subscriber_id = ${among(sql, ids)} and closed_at is null`;
      const found = new Map(rows.map((row) => [row.subscriber_id, nonceOf(row)]));
      return ids.map((id) => found.get(id) ?? null);
    }),
    async list({ limit, after = '' }) {
      const rows = await sql<Row[]>`
        select ${columns} from nonce n
        where closed_at is null and subscriber_id > ${after} order by subscriber_id limit ${limit}`;
      return rows.map(nonceOf);
    },
    asked: (nonce, againAfterMs) =>
      change({
        subscriberId: nonce.subscriberId,
        change: () => ({ do: 'ask', nonce, againAfterMs }),
      }),
    note: (subscriberId, from, to) =>
      change({ subscriberId, change: () => ({ do: 'note', from, to }) }),
    closing: (subscriberId, againAfterMs) =>
      change({
        subscriberId,
        asksPayments: true,
        change: ({ isPaying }) => ({ do: 'close', isPaying, againAfterMs }),
      }),
    closed: (subscriberId) => change({ subscriberId, change: () => ({ do: 'gone' }) }),
    async moverOf(account, value) {
      const rows = await sql<
        (Pick<PaymentUnderNonce, 'state' | 'moved'> & {
          signature: Signature | null;
          executed_slot: bigint | null;
        })[]
      >`
        select state, signature, executed_slot, evidence -> 'moved' as moved from payment
        where nonce_account = ${account} and nonce_value = ${value}`;
      for (const { executed_slot, ...row } of rows) {
        const executedSlot = executed_slot === null ? null : Number(executed_slot);
        const mover = ownMoverIn({ ...row, executedSlot });
        if (mover !== null) return mover;
      }
      return null;
    },
    async left({ limit, after = '' }) {
      const rows = await sql<Row[]>`
        select ${columns} from nonce n join subscriber s using (subscriber_id)
        where n.closed_at is null and s.retired_at is not null and n.subscriber_id > ${after}
        order by n.subscriber_id limit ${limit}`;
      return rows.map(nonceOf);
    },
    async sums() {
      const [row] = await sql<{ open: number; closing: number; rent: Lamports }[]>`
        select count(*)::int as open, count(closing_at)::int as closing, coalesce(sum(rent), 0)::bigint as rent
        from nonce where closed_at is null`;
      return row ?? { open: 0, closing: 0, rent: 0n };
    },
  };
}
