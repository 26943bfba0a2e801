// Global setup: one embedded Postgres for the whole run, with a migrated template that every test copies.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
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

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
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
