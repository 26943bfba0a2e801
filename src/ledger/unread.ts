// Unread: stores transactions that a finalized history names and that no node returns, the accounts
// that they cast doubt on, and how each doubt ended.
import type { UnreadBook } from '../core/doubt-ports.ts';
import type { Address, Signature, Slot } from '../core/ids.ts';
import { afterCall, LAST_ORDINAL } from '../core/transaction.ts';
import { UNREADABLE } from '../core/unread.ts';
import type { Watched } from '../core/watch-ports.ts';
import { at, type Fragment, type Sql, type Transaction, toJson } from './database.ts';

/**
 * The condition that sighting `s` waits to be read, for statements that find sightings by their
 * signatures. The condition excludes the states that do not wait. If it named the states that wait,
 * Postgres might use the index of all waiting sightings, which it believes to be nearly empty when
 * the table was last analysed in an hour without a burst.
 */
export const isWaiting = (sql: Sql | Transaction): Fragment =>
  sql`s.status not in ('finalized', 'dropped', 'unfound')`;

/**
 * The sightings `s` of account `account`, with their rows `m` of `sighting_account`. The subquery
 * finds the signatures by the account alone, so that each sighting is then found by its signature,
 * however many wait.
 */
export const sightingsOf = (sql: Sql | Transaction, account: Fragment): Fragment => sql`
  (select signature, ended_at from sighting_account where account = ${account} offset 0) m join sighting s using (signature)`;

/**
 * The condition that sighting `s` casts doubt on its account `m`: a finalized history named it, and
 * it has been wanted since `before` or earlier without a node that returned it in
 * `UNREADABLE.tries` tries.
 */
export const unreadableBefore = (sql: Sql | Transaction, before: Fragment): Fragment => sql`
  (${isWaiting(sql)} and s.status <> 'confirmed' and s.named_final and s.attempts >= ${UNREADABLE.tries}
    and m.ended_at is null and s.wanted_at <= ${before})`;

/**
 * All sightings that cast doubt on an account `m`, and have been wanted for `UNREADABLE.afterMs`:
 * the tables and the condition. Those that wait are read by their index, and then their accounts.
 */
export const unreadableNow = (sql: Sql | Transaction, nowMs: number): Fragment => sql`
  sighting s cross join lateral (select * from sighting_account where signature = s.signature offset 0) m
  where s.status = 'wanted' and ${unreadableBefore(sql, sql`${at(nowMs - UNREADABLE.afterMs)}`)}`;

/**
 * Locks these sightings until the commit, so that none is read meanwhile. False when one of them is
 * not wanted any more.
 */
export async function stillUnread(
  tx: Transaction,
  signatures: readonly Signature[],
): Promise<boolean> {
  if (signatures.length === 0) return true;
  const rows = await tx`
    select 1 from sighting where signature in ${tx([...signatures])} and status = 'wanted' order by signature for update`;
  return rows.length === signatures.length;
}

/** Removes the asides of transactions that cast no doubt on any account any more. */
async function clearAside(sql: Sql | Transaction, signatures: readonly Signature[]): Promise<void> {
  await sql`
    delete from set_aside where kind = 'transaction' and subject in ${sql([...signatures])}
      and not exists (select 1 from sighting_account m where m.signature = subject and m.ended_at is null)`;
}

/** Ends the doubt that these transactions cast on an account. */
export async function endUnread(
  sql: Sql | Transaction,
  address: Address,
  signatures: readonly Signature[],
  by: 'state' | 'balances' | 'person',
): Promise<void> {
  if (signatures.length === 0) return;
  await sql`
    update sighting_account set ended_at = now(), ended_by = ${by}
    where account = ${address} and signature in ${sql([...signatures])} and ended_at is null`;
  await clearAside(sql, signatures);
}

/**
 * Records a final `unknown` fact for each of these transactions of a Drift account: their profit is
 * reckoned from account state. A later reading of the transaction adds nothing, so no profit is
 * counted twice.
 */
export async function putUnread(
  tx: Transaction,
  { address, subscriberId }: Pick<Watched, 'address' | 'subscriberId'>,
  signatures: readonly Signature[],
  afterSlot: Slot,
): Promise<void> {
  if (signatures.length === 0) return;
  // The call that realised the profit is not known. The profit counts from the first call on, as in
  // a transaction whose log was cut.
  const body = toJson({ why: 'unreadable', tradedAt: afterCall({ place: 0 }) });
  await tx`
    insert into fact (subscriber_id, account, signature, slot, ordinal, block_index, kind, finality, body)
    select ${subscriberId}, ${address}, signature, named_slot, ${LAST_ORDINAL}, block_index, 'unknown', 'finalized', ${tx.json(body)}
    from sighting where signature in ${tx([...signatures])} and named_slot > ${afterSlot} on conflict do nothing`;
}

type Row = {
  signature: Signature;
  account: Address;
  subscriber_id: string;
  role: Watched['role'];
  named_slot: bigint;
  wanted_at: Date;
};

/** Creates the store of unread transactions. */
export function createUnread(sql: Sql): UnreadBook {
  return {
    async list(nowMs, limit, role) {
      const rows = await sql<Row[]>`
        select m.signature, m.account, m.subscriber_id, a.role, m.named_slot, m.wanted_at
        from (select m.*, s.named_slot, s.wanted_at from ${unreadableNow(sql, nowMs)} offset 0) m
        join account a on a.address = m.account join subscriber b on b.subscriber_id = m.subscriber_id
        where b.retired_at is null and a.role = coalesce(${role ?? null}, a.role)
        order by m.wanted_at, m.signature, m.account limit ${limit}`;
      return rows.map((row) => ({
        signature: row.signature,
        address: row.account,
        subscriberId: row.subscriber_id,
        role: row.role,
        slot: Number(row.named_slot),
        sinceMs: row.wanted_at.getTime(),
      }));
    },
    end: ({ signature, address }) => endUnread(sql, address, [signature], 'balances'),
    accept: (signature) =>
      sql.begin(async (tx) => {
        const known = await tx`
          update sighting set accounts_known = true where signature = ${signature} and status in ('wanted', 'confirmed') returning 1`;
        if (known.length === 0) return null;
        const rows = await tx<{ subscriber_id: string }[]>`
          update sighting_account set ended_at = now(), ended_by = 'person'
          where signature = ${signature} and ended_at is null returning subscriber_id`;
        await clearAside(tx, [signature]);
        return [...new Set(rows.map((row) => row.subscriber_id))];
      }),
  };
}
