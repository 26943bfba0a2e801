// Database: a fresh, migrated database for one test.
import { randomBytes } from 'node:crypto';
import postgres from 'postgres';
import { inject } from 'vitest';
import { openDatabase, type Sql } from '../../src/ledger/database.ts';
import { silentLog } from '../../src/system/log.ts';

export type TestDatabase = AsyncDisposable & { readonly sql: Sql; readonly url: string };

async function onServer(statement: string): Promise<void> {
  const admin = postgres(inject('adminUrl'), { max: 1, fetch_types: false, onnotice: () => {} });
  await admin.unsafe(statement);
  await admin.end();
}

/**
 * Copies the template; with `empty`, a database that was never migrated. `connections`: the most
 * that its pool opens, 10 unless given. Each of them plans every statement once for itself.
 */
export async function createDatabase(
  options: { empty?: boolean; connections?: number } = {},
): Promise<TestDatabase> {
  const name = `test_${randomBytes(8).toString('hex')}`;
  const template = options.empty ? 'template0' : new URL(inject('templateUrl')).pathname.slice(1);
  await onServer(`create database ${name} template ${template} strategy file_copy`);
  const url = inject('adminUrl').replace(/\/[^/]*$/, `/${name}`);
  const sql = openDatabase(url, silentLog, options.connections ?? 10);
  return {
    sql,
    url,
    async [Symbol.asyncDispose]() {
      await sql.end({ timeout: 2 });
      if (inject('inMemory')) await onServer(`drop database ${name} with (force)`);
    },
  };
}
