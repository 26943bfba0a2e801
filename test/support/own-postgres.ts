// Own Postgres: a server for the tests of one file, for those that count pages. On the server that
// all tests share, transactions of other databases keep dead rows from being cleared away, and
// these are read then, too.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { openDatabase, type Sql } from '../../src/ledger/database.ts';
import { migrate } from '../../src/ledger/migrate.ts';
import { openPostgres } from '../../src/local/postgres.ts';
import { systemClock } from '../../src/system/clock.ts';
import { silentLog } from '../../src/system/log.ts';

/** A database with the schema of this release, and one connection to it. */
export type OwnDatabase = AsyncDisposable & { readonly sql: Sql };

/** Starts a server before the tests of a file. Returns the function that creates a database. */
export function ownPostgres(): () => Promise<OwnDatabase> {
  const folder = mkdtempSync(path.join(tmpdir(), 'bailiff-test-'));
  let server: Awaited<ReturnType<typeof openPostgres>>;
  beforeAll(async () => {
    const settings = { autovacuum: 'off', fsync: 'off' };
    server = await openPostgres({ folder, clock: systemClock, log: silentLog, settings });
    const sql = openDatabase(server.url, silentLog, 1);
    await migrate(sql, silentLog);
    await sql.end();
  }, 60_000);
  afterAll(async () => {
    await server.close();
    for (const each of [folder, server.home]) rmSync(each, { recursive: true, force: true });
  });
  let databases = 0;
  return async () => {
    const name = `own_${databases++}`;
    const admin = openDatabase(server.url.replace(/\/[^/]*$/, '/postgres'), silentLog, 1);
    const template = new URL(server.url).pathname.slice(1);
    await admin.unsafe(`create database ${name} template ${template} strategy file_copy`);
    await admin.end();
    const sql = openDatabase(server.url.replace(/[^/]*$/, name), silentLog, 1);
    return { sql, [Symbol.asyncDispose]: () => sql.end({ timeout: 2 }) };
  };
}
