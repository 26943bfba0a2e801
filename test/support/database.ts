// Database: a fresh, migrated database for one test.
import { randomBytes } from 'node:crypto';
import postgres from 'postgres';
import { inject } from 'vitest';
import { openDatabase, type Sql } from '../../src/ledger/database.ts';
import { silentLog } from '../../src/system/log.ts';
import { letGo } from './leaks.ts';

export type TestDatabase = AsyncDisposable & { readonly sql: Sql; readonly url: string };

/** Kept by the process, because the files of one worker may share it, and each runs this file. */
const kept = globalThis as { adminOfTests?: postgres.Sql };

/**
 * The one connection of this worker on which databases are made and dropped: to open one takes
 * Postgres 28 ms of CPU. It keeps no process alive, so that it is none of the sockets which
 * leaks.ts looks for, and it ends with the worker.
 */
function admin(): postgres.Sql {
  const unheld: object = { onsocket: letGo };
  kept.adminOfTests ??= postgres(inject('adminUrl'), {
    ...unheld,
    max: 1,
    fetch_types: false,
    onnotice: () => {},
  });
  return kept.adminOfTests;
}

/**
 * Copies the template; with `empty`, a database that was never migrated. `connections`: the most
 * that its pool opens, 3 unless given, as a street's daemon has. Each of them costs Postgres 28 ms
 * of CPU and plans every statement once for itself. With few connections a function that holds one
 * while it waits for another is found, too.
 */
export async function createDatabase(
  options: { empty?: boolean; connections?: number } = {},
): Promise<TestDatabase> {
  const name = `test_${randomBytes(8).toString('hex')}`;
  const template = options.empty ? 'template0' : new URL(inject('templateUrl')).pathname.slice(1);
  await admin().unsafe(`create database ${name} template ${template} strategy file_copy`);
  const url = inject('adminUrl').replace(/\/[^/]*$/, `/${name}`);
  const sql = openDatabase(url, silentLog, options.connections ?? 3);
  return {
    sql,
    url,
    async [Symbol.asyncDispose]() {
      await sql.end({ timeout: 2 });
      if (inject('inMemory')) await admin().unsafe(`drop database ${name} with (force)`);
    },
  };
}
