// Damage: does to a test's ledger what a fault does to a real one: a lost disk, an older backup, a
// full disk, bytes that were altered. Functions are named by what happens; a function whose damage
// is mended later in the test returns the mending.
import type { Sql } from '../../src/ledger/database.ts';
import { withoutGuards } from './guards.ts';
import type { Ledgered } from './rows.ts';

/** Deletes every agent key, so that no payment can be signed. Returns what puts them back. */
export async function loseAgentKeys({ sql }: Ledgered): Promise<() => Promise<void>> {
  const keys = await sql`delete from agent_key returning *`;
  return async () => {
    await sql`insert into agent_key ${sql([...keys])}`;
  };
}

/** Alters one byte of every sealed agent key, so that none opens with the master key. */
export async function spoilAgentKeys({ sql }: Ledgered): Promise<void> {
  await sql`update agent_key set sealed = set_byte(sealed, 70, 255 - get_byte(sealed, 70))`;
}

/** Writes the sealed key of one subscriber into the row of another, where it does not open. */
export async function copyAgentKey({ sql }: Ledgered, from: string, to: string): Promise<void> {
  await sql`
    update agent_key set sealed = (select sealed from agent_key where subscriber_id = ${from})
    where subscriber_id = ${to}`;
}

/** Replaces every endpoint's secrets by one that does not open. Returns what puts them back. */
export async function spoilEndpointSecrets({ sql }: Ledgered): Promise<() => Promise<void>> {
  const kept = await sql<{ id: string; secrets: string[] }[]>`
    select endpoint_id as id, secrets from endpoint`;
  await sql`update endpoint set secrets = ${sql.json(['00ff'])}`;
  return async () => {
    for (const { id, secrets } of kept)
      await sql`update endpoint set secrets = ${sql.json(secrets)} where endpoint_id = ${id}`;
  };
}

/** Writes the sealed secrets of one endpoint into the row of another, where they do not open. */
export async function copyEndpointSecrets(
  { sql }: Ledgered,
  from: string,
  to: string,
): Promise<void> {
  await sql`
    update endpoint set secrets = (select secrets from endpoint where endpoint_id = ${from})
    where endpoint_id = ${to}`;
}

/** Stores a delivery whose body cannot be unpacked. */
export async function storeSpoiledDelivery({ sql }: Ledgered): Promise<void> {
  await sql`
    insert into delivery (received_at, packing, body) values (now(), 'zstd', 'no zstd at all')`;
}

/** Takes from tallies the single payments of funding, which earlier releases did not tell apart. */
export const forgetFundings = ({ sql }: Ledgered): Promise<void> =>
  withoutGuards(sql, (tx) => tx`update fact set body = body - 'fundings' where kind = 'tally'`);

/** Sets the slot up to which an account was checked against its facts. */
export async function rewindCheck({ sql }: Ledgered, account: string, slot: number): Promise<void> {
  await sql`
    update account_check set baseline = jsonb_set(baseline, '{slot}', to_jsonb(${slot}::bigint)) where address = ${account}`;
}

/** Deletes all payments and what they covered. Debts stay as paid as they were. */
export const losePayments = ({ sql }: Ledgered): Promise<void> =>
  withoutGuards(sql, (tx) => tx`truncate payment_share, payment cascade`);

/**
 * Makes all payments dead with this signature, and all debts due, as before the payments were
 * signed anew. The daemon takes the ledger for another one.
 */
export async function goBackToDead(held: Ledgered, signature: string): Promise<void> {
  await withoutGuards(
    held.sql,
    (tx) => tx`
      update payment set state = 'dead', signature = ${signature}, executed_slot = null, evidence = '{"rounds": []}'`,
  );
  await held.sql`update ledger_mark set mark = 'another'`;
  await reopenDebts(held);
}

/** Makes debts, or one of them, unpaid and due at once, also when they were paid. */
export const reopenDebts = ({ sql }: Ledgered, shareId: string | null = null): Promise<void> =>
  withoutGuards(
    sql,
    (tx) => tx`
      update profit_share set status = 'pending', paid = 0, retry_at = null
      where ${shareId}::text is null or share_id = ${shareId}`,
  );

/** Writes the excess of every payment as 0. The ledger refuses it for an accepted excess. */
export async function loseExcesses({ sql }: Ledgered): Promise<void> {
  await sql`update payment set excess = 0`;
}

/** Deletes all debts. */
export const loseDebts = ({ sql }: Ledgered): Promise<void> =>
  withoutGuards(sql, (tx) => tx`delete from profit_share`);

/** Makes a debt `failed`, as a trouble leaves a debt that waits for a person. */
export async function failDebt({ sql }: Ledgered, shareId: string): Promise<void> {
  await sql`
    update profit_share set status = 'failed', retry_at = null where share_id = ${shareId}`;
}

/**
 * Copies the debts and payments as they are now. Returns what puts the copy back, as a restored
 * backup does, or a replica that lacks the last commits.
 */
export async function backUpBooks({ sql }: Ledgered): Promise<() => Promise<void>> {
  const paid = ['payment_recipient', 'payment_share', 'payment_variant'];
  const tables = ['profit_share', 'payment', ...paid];
  for (const each of tables) await sql.unsafe(`create table backup_${each} as table ${each}`);
  return () =>
    withoutGuards(sql, async (tx) => {
      await tx`truncate payment_share, payment cascade`;
      await tx`delete from profit_share`;
      for (const each of tables)
        await tx.unsafe(`insert into ${each} select * from backup_${each}`);
    });
}

/** Cuts every connection to the database but the one that asks for it. */
export async function cutConnections({ sql }: Ledgered): Promise<void> {
  await sql`
    select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()`.catch(() => {});
}

/** Makes the ledger forget all changes of standings after a revision, as a lost commit does. */
export async function loseStandingsAfter({ sql }: Ledgered, revision: number): Promise<void> {
  await sql`delete from standing_change where revision > ${revision}`;
  await sql`update revision set last = ${revision}`;
  await sql`update standing set outstanding = 0, revision = ${revision}`;
}

/**
 * Gives every change of a standing another nonce, as in a ledger that went back and has given the
 * same revisions to other changes since.
 */
export async function changeNonces({ sql }: Ledgered): Promise<void> {
  await sql`update standing_change set nonce = gen_random_uuid()`;
}

/** Writes a wrong standing: good, with these base units outstanding and no reason. */
export async function mistakeStanding({ sql }: Ledgered, id: string, owed: bigint): Promise<void> {
  await sql`
    update standing set standing = 'good', outstanding = ${owed}, reason = null, evidence = null
    where subscriber_id = ${id}`;
}

/** Ends an act, as a daemon does that dies two minutes ago before it could answer. */
export async function loseAnswer({ sql }: Ledgered, idempotencyKey: string): Promise<void> {
  await sql`
    update act set status = null, ended_at = null, answer = null, at = now() - interval '2 minutes'
    where idempotency_key = ${idempotencyKey}`;
}

/**
 * From now on Postgres refuses new rows of these tables, and takes every other write, as with a
 * full disk. Returns what makes room.
 */
export async function fillDisk(
  { sql }: Ledgered,
  ...tables: readonly string[]
): Promise<() => Promise<void>> {
  await sql.unsafe(`
    create or replace function no_room() returns trigger language plpgsql as $$
    begin
      raise exception 'could not extend file: No space left on device' using errcode = '53100';
    end $$`);
  for (const each of tables)
    await sql.unsafe(
      `create trigger full_disk before insert on ${each} for each row execute function no_room()`,
    );
  return async () => {
    for (const each of tables) await sql.unsafe(`drop trigger full_disk on ${each}`);
  };
}

/**
 * New connections to the database can read and not write, as with a standby. Returns what lets them
 * write again.
 */
export async function refuseWrites(sql: Sql, url: string): Promise<() => Promise<void>> {
  const name = new URL(url).pathname.slice(1);
  await sql.unsafe(`alter database ${name} set default_transaction_read_only = on`);
  return async () => {
    await sql.unsafe('set default_transaction_read_only = off');
    await sql.begin(async (tx) => {
      await tx.unsafe('set transaction read write');
      await tx.unsafe(`alter database ${name} set default_transaction_read_only = off`);
    });
  };
}

/** Alters what one recorded change of a standing says was owed. */
export async function changeStanding({ sql }: Ledgered): Promise<void> {
  await sql`
    update standing_change set outstanding = outstanding + 1
    where revision = (select min(revision) from standing_change)`;
}

/** Deletes the records of memos of daily roots, as a copy from before them would lack them. */
export const loseRootMemos = ({ sql }: Ledgered): Promise<void> =>
  withoutGuards(sql, (tx) => tx`delete from root_memo`);

/** Deletes the daily roots, as a copy from before they were sealed would lack them. */
export const loseRoots = ({ sql }: Ledgered): Promise<void> =>
  withoutGuards(sql, async (tx) => {
    await tx`delete from root_memo`;
    await tx`delete from daily_root`;
  });

/**
 * Gives the root of a day another commitment, as in a ledger that lost the day and sealed it again.
 */
export const sealAnew = ({ sql }: Ledgered, day: string, commitment: string): Promise<void> =>
  withoutGuards(sql, async (tx) => {
    await tx`delete from root_memo where day = ${day}::date`;
    await tx`update daily_root set commitment = ${Buffer.from(commitment, 'hex')} where day = ${day}::date`;
  });

/** The database loses the commit with which an account joined the watch-list. */
export async function loseAccount({ sql }: Ledgered, address: string): Promise<void> {
  await sql`delete from account where address = ${address}`;
  await sql`update watch_list set revision = revision - 1`;
}

/**
 * A person asked to have this debt voided, and the daemon that ended the cancelled payment was
 * killed before it voided the debt.
 */
export async function askToVoid({ sql }: Ledgered, paymentId: string, shareId: string) {
  const request = { shareId, reason: 'a drill', actor: 'anyone', person: null };
  await sql`update payment set cancel_for = ${sql.json([request])} where payment_id = ${paymentId}`;
}

/** Adds a byte to the pulse that a walk kept, as a release does that compares other bytes. */
export async function lengthenWalkedPulse({ sql }: Ledgered, address: string): Promise<void> {
  await sql`update account set walked_pulse = walked_pulse || '\\x00' where address = ${address}`;
}

/**
 * Locks a table, as a session does in which a person began a change and left it open: statements
 * that read the table wait.
 * `waiting` counts the statements that wait; `release` lets them go on.
 */
export async function lockTable(
  { sql }: Ledgered,
  table: string,
): Promise<{ readonly waiting: () => Promise<number>; readonly release: () => Promise<void> }> {
  const locked = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  const held = sql.begin(async (tx) => {
    await tx`lock table ${tx(table)}`;
    locked.resolve();
    await goOn.promise;
  });
  await Promise.race([locked.promise, held]);
  return {
    async waiting() {
      const [row] = await sql<{ count: number }[]>`
        select count(*)::int as count from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'`;
      return row?.count ?? 0;
    },
    async release() {
      goOn.resolve();
      await held;
    },
  };
}

/** Deletes all payments and nonce accounts, and makes all debts due, as an older backup does. */
export async function loseNonces(held: Ledgered): Promise<void> {
  await losePayments(held);
  await withoutGuards(held.sql, (tx) => tx`delete from nonce`);
  await reopenDebts(held);
}

/** The daemon takes the database for another one, as after a failover or a restored backup. */
export async function takeForAnother({ sql }: Ledgered): Promise<void> {
  await sql`update ledger_mark set mark = 'another'`;
}
