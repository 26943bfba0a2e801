// Database: a fresh, migrated database for one test.
import { randomBytes } from 'node:crypto';
import postgres from 'postgres';
import { inject } from 'vitest';
import { openDatabase, type Sql } from '../../src/ledger/database.ts';
import { silentLog } from '../../src/system/log.ts';

export type TestDatabase = AsyncDisposable & { readonly sql: Sql; readonly url: string };

/** Copies the template; with `empty`, a database that was never migrated. */
export async function createDatabase(options: { empty?: boolean } = {}): Promise<TestDatabase> {
  const name = `test_${randomBytes(8).toString('hex')}`;
  const admin = postgres(inject('adminUrl'), { max: 1, fetch_types: false, onnotice: () => {} });
  const template = options.empty ? 'template0' : new URL(inject('templateUrl')).pathname.slice(1);
  await admin.unsafe(`create database ${name} template ${template}`);
  await admin.end();
  const url = inject('adminUrl').replace(/\/[^/]*$/, `/${name}`);
  const sql = openDatabase(url, silentLog, 10);
  return { sql, url, [Symbol.asyncDispose]: async () => void (await sql.end({ timeout: 2 })) };
}
