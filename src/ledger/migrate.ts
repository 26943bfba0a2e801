// Migrate: numbered SQL files, applied once, in order, and never changed afterwards. Each runs in a transaction whose
// first act is to take its own version row, so of two daemons that start at once one waits and then finds it done.
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { Fault } from '../core/fault.ts';
import type { Log } from '../core/ports.ts';
import type { Sql } from './database.ts';

const FOLDER = path.join(import.meta.dirname, '../../sql');

export type Migration = {
  readonly version: number;
  readonly name: string;
  readonly text: string;
  readonly hash: string;
};

/** Reads the migrations of this release, in order. Throws when the numbers have a gap. */
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

/** Brings the database to this release. Returns the names that were applied. Safe to run from several daemons. */
export async function migrate(
  sql: Sql,
  log: Log,
  migrations?: readonly Migration[],
): Promise<string[]> {
  const wanted = migrations ?? (await readMigrations());
  await sql.begin(async (tx) => {
    await tx`select pg_advisory_xact_lock(hashtextextended('bailiff.migrate', 0))`;
    await tx`create table if not exists migration (
      version integer primary key, name text not null, hash text not null, applied_at timestamptz not null default now())`;
  });
  const applied: string[] = [];
  for (const migration of wanted) {
    const fresh = await sql.begin(async (tx) => {
      const taken = await tx`
        insert into migration (version, name, hash) values (${migration.version}, ${migration.name}, ${migration.hash})
        on conflict (version) do nothing returning version`;
      if (taken.length === 0) return false;
      await tx.unsafe(migration.text);
      return true;
    });
    if (fresh) {
      applied.push(migration.name);
      log.info('ledger.migrated', { migration: migration.name });
      continue;
    }
    const [row] = await sql<
      { hash: string }[]
    >`select hash from migration where version = ${migration.version}`;
    if (row?.hash !== migration.hash) {
      throw new Fault(
        'migration_changed',
        `Migration ${migration.name} was applied to this database in another form. Migrations are immutable: restore the file, and put the change into a new one.`,
      );
    }
  }
  return applied;
}
