// Global setup: one Postgres for the whole run, with a migrated template that every test copies.
// The server is an embedded one, or the one in `BAILIFF_TEST_POSTGRES`, the URL of a user who may
// create databases.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import postgres from 'postgres';
import type { TestProject } from 'vitest/node';
// A checkout that was updated without an install still runs its tests on the mended driver.
import '../../patches/apply.mjs';
import { openDatabase } from '../../src/ledger/database.ts';
import { migrate } from '../../src/ledger/migrate.ts';
import { openPostgres } from '../../src/local/postgres.ts';
import { systemClock } from '../../src/system/clock.ts';
import { silentLog } from '../../src/system/log.ts';

declare module 'vitest' {
  interface ProvidedContext {
    adminUrl: string;
    templateUrl: string;
  }
}

/** A migrated template on the given server. At the end the template and its copies are dropped. */
async function onGivenServer(project: TestProject, url: string): Promise<() => Promise<void>> {
  const admin = postgres(url, { max: 1, fetch_types: false, onnotice: () => {} });
  const name = `test_template_${randomBytes(8).toString('hex')}`;
  await admin.unsafe(`create database ${name} template template0`);
  const templateUrl = url.replace(/\/[^/]*$/, `/${name}`);
  const sql = openDatabase(templateUrl, silentLog, 1);
  await migrate(sql, silentLog);
  await sql.end();
  project.provide('adminUrl', url);
  project.provide('templateUrl', templateUrl);
  return async () => {
    const made = await admin<{ datname: string }[]>`
      select datname from pg_database where datname ~ '^test_(template_)?[0-9a-f]{16}$'`;
    for (const { datname } of made)
      await admin.unsafe(`drop database if exists ${datname} with (force)`);
    await admin.end();
  };
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env.BAILIFF_TEST_POSTGRES;
  if (given !== undefined && given !== '') return onGivenServer(project, given);
  const folder = mkdtempSync(path.join(tmpdir(), 'bailiff-test-'));
  // Tests ask what is committed, not what survives a power cut.
  const settings = {
    fsync: 'off',
    full_page_writes: 'off',
    synchronous_commit: 'off',
    max_connections: '300',
  };
  const server = await openPostgres({ folder, clock: systemClock, log: silentLog, settings });
  const sql = openDatabase(server.url, silentLog, 1);
  await migrate(sql, silentLog);
  await sql.end();
  project.provide('adminUrl', server.urlOf('postgres'));
  project.provide('templateUrl', server.url);
  return async () => {
    await server.close();
    for (const each of [folder, server.home]) rmSync(each, { recursive: true, force: true });
  };
}
