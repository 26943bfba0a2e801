// Migrate: applies the numbered SQL files, once each, in order; they never change afterwards. Each
// file runs in a transaction that first inserts its version row, so of two daemons that start at
// once one waits and then finds the file applied. A daemon that starts migrates, and so does
// `bailiff migrate`; every other command refuses a database that lacks a migration.
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { Fault } from '../core/fault.ts';
import type { Log } from '../core/ports.ts';
import { allowTime, allowWhole, type Sql } from './database.ts';

const FOLDER = path.join(import.meta.dirname, '../../sql');

export type Migration = {
  readonly version: number;
  readonly name: string;
  readonly text: string;
  readonly hash: string;
};

/** Reads the migrations of this release, in order. Throws when a number is missing. */
export async function readMigrations(folder = FOLDER): Promise<Migration[]> {
  const names = (await readdir(folder)).filter((name) => /^\d{4}_.+\.sql$/.test(name)).sort();
  return Promise.all(
    names.map(async (name, index) => {
      const version = Number(name.slice(0, 4));
      if (version !== index + 1)
        throw new RangeError(`migration ${name}: number ${index + 1} is missing`);
      const text = await readFile(path.join(folder, name), 'utf8');
      return { version, name, text, hash: createHash('sha256').update(text).digest('hex') };
    }),
  );
}

/**
 * Whether this database has a ledger, of any release. A table `migration` of another application
 * is told apart by its columns.
 */
export async function hasLedger(sql: Sql): Promise<boolean> {
  const [row] = await sql<{ there: boolean }[]>`
    select count(*) = 3 as there from pg_attribute
    where attrelid = to_regclass('migration') and attname in ('version', 'name', 'hash')
      and not attisdropped`;
  return row?.there === true;
}

/**
 * The names of the migrations that this database lacks. Throws `migration_changed` and
 * `database_newer` as `migrate` does. Changes nothing.
 */
export async function pendingMigrations(sql: Sql): Promise<string[]> {
  const wanted = await readMigrations();
  if (!(await hasLedger(sql))) return wanted.map((each) => each.name);
  const rows = await sql<{ version: number; hash: string }[]>`select version, hash from migration`;
  refuseNewer(rows, wanted.length);
  return wanted
    .filter((migration) => {
      const known = rows.find((row) => row.version === migration.version);
      if (known !== undefined && known.hash !== migration.hash) throw changed(migration.name);
      return known === undefined;
    })
    .map((each) => each.name);
}

/** Throws `database_newer` when a migration was applied that this release does not have. */
function refuseNewer(rows: readonly { version: number; name?: string }[], known: number): void {
  const newest = Math.max(0, ...rows.map((row) => row.version));
  if (newest > known)
    throw new Fault(
      'database_newer',
      `The database was migrated by a newer release: it is at migration ${newest}, and this release ends at ${known}. Start the newer release, or restore a copy from before the upgrade.`,
    );
}

const changed = (name: string): Fault =>
  new Fault(
    'migration_changed',
    `Migration ${name} was applied to this database in another form. Migrations are immutable: restore the file, and put the change into a new one.`,
  );

/**
 * Throws `database_behind` when this database has no ledger, or one that lacks migrations of this
 * release; `migration_changed` and `database_newer` as `migrate` does. Changes nothing.
 */
export async function requireMigrated(sql: Sql): Promise<void> {
  const pending = await pendingMigrations(sql);
  if (pending.length === 0) return;
  if (await hasLedger(sql))
    throw new Fault(
      'database_behind',
      `The ledger is of an earlier release: it lacks ${pending.join(', ')}. A command applies no migration, because daemons of that release may run on it. Use the command of their release; or stop all daemons, take a backup, and run: bailiff migrate`,
    );
  const [row] = await sql<{ name: string }[]>`select current_database() as name`;
  throw new Fault(
    'database_behind',
    `The database ${row?.name} of DATABASE_URL has no ledger. Correct DATABASE_URL; or, for a new ledger, start a daemon or run: bailiff migrate`,
  );
}

/** The hash of a migration as this database had it applied; null when it lacks the migration. */
async function hashOf(sql: Sql, version: number): Promise<string | null> {
  const [row] = await sql<{ hash: string }[]>`
    select hash from migration where version = ${version}`;
  return row?.hash ?? null;
}

/** Applies a migration; false when another daemon has done so, whose end this one waits for. */
const apply = (sql: Sql, { version, name, text, hash }: Migration): Promise<boolean> =>
  sql.begin(async (tx) => {
    await allowTime(tx);
    const taken = await tx`
      insert into migration (version, name, hash) values (${version}, ${name}, ${hash})
      on conflict (version) do nothing returning version`;
    if (taken.length === 0) return false;
    await allowWhole(tx);
    await tx.unsafe(text);
    return true;
  });

/**
 * Applies the missing migrations and returns their names. Several daemons may call it at once: one
 * applies a migration, and the others wait until it has ended. There is no limit on the time of a
 * migration, nor on the wait. Throws `database_newer` when a newer release has migrated the
 * database, and `migration_changed` when a file is not the one that was applied.
 */
export async function migrate(
  sql: Sql,
  log: Log,
  migrations?: readonly Migration[],
): Promise<string[]> {
  const wanted = migrations ?? (await readMigrations());
  await sql.begin(async (tx) => {
    await allowTime(tx);
    await tx`select pg_advisory_xact_lock(hashtextextended('bailiff.migrate', 0))`;
    // The table is looked for before it is created, because a role that may use the tables may lack
    // the right to create them.
    const [table] = await tx<{ there: boolean }[]>`
      select to_regclass('migration') is not null as there`;
    if (table?.there !== true)
      await tx`create table migration (
        version integer primary key, name text not null, hash text not null, applied_at timestamptz not null default now())`;
  });
  const rows = await sql<{ version: number; hash: string }[]>`select version, hash from migration`;
  refuseNewer(rows, wanted.length);
  const known = new Map(rows.map((row) => [row.version, row.hash]));
  const applied: string[] = [];
  for (const migration of wanted) {
    const { version, name, hash } = migration;
    const before = known.get(version);
    if (before === undefined && (await apply(sql, migration))) {
      applied.push(name);
      log.info('ledger.migrated', { migration: name });
      continue;
    }
    if ((before ?? (await hashOf(sql, version))) !== hash) throw changed(name);
  }
  return applied;
}
