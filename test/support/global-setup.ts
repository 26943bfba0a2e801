// Global setup: one Postgres for the whole run, with a migrated template that every test copies.
// The server is an embedded one, or the one in `BAILIFF_TEST_POSTGRES`, the URL of a user who may
// create databases.
//
// The data lies in memory where the machine has room for it there: each database is 400 files, and
// on a disk it takes more CPU to make and to remove them than the tests take to use them.
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
} from 'node:fs';
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
    /** Whether the data lies in memory, so that a test drops its database at its end. */
    inMemory: boolean;
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
  project.provide('inMemory', false);
  return async () => {
    const made = await admin<{ datname: string }[]>`
      select datname from pg_database where datname ~ '^test_(template_)?[0-9a-f]{16}$'`;
    for (const { datname } of made)
      await admin.unsafe(`drop database if exists ${datname} with (force)`);
    await admin.end();
  };
}

const IN_MEMORY = '/dev/shm';
/** A run keeps at most 256 MB of WAL and some databases of 10 MB; a container may have 64 MB. */
const BYTES_LEAST = 2 ** 30;
const PREFIX = 'bailiff-test-';
const DAY_MS = 86_400_000;

/** A new folder in `parent` that the user of the server can reach. */
function folderIn(parent: string): string {
  const folder = mkdtempSync(path.join(parent, PREFIX));
  chmodSync(folder, 0o755);
  return folder;
}

/** Removes what runs that were killed more than a day ago left in memory. */
function removeLeftovers(): void {
  for (const name of readdirSync(IN_MEMORY)) {
    const left = path.join(IN_MEMORY, name);
    if (name.startsWith(PREFIX) && statSync(left).mtimeMs < Date.now() - DAY_MS)
      rmSync(left, { recursive: true, force: true });
  }
}

/**
 * A new folder in memory; null where there is none, where it is small, and where programs cannot
 * run from it, because the server's binaries may be copied to the folder.
 */
function folderInMemory(): string | null {
  let folder: string | null = null;
  try {
    removeLeftovers();
    const { bavail, bsize } = statfsSync(IN_MEMORY);
    if (bavail * bsize < BYTES_LEAST) return null;
    folder = folderIn(IN_MEMORY);
    const program = path.join(folder, 'program');
    writeFileSync(program, '#!/bin/sh\n', { mode: 0o755 });
    if (spawnSync(program).status === 0) return folder;
  } catch {
    // No such folder, or none in which this user may write.
  }
  if (folder !== null) rmSync(folder, { recursive: true, force: true });
  return null;
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env.BAILIFF_TEST_POSTGRES;
  if (given !== undefined && given !== '') return onGivenServer(project, given);
  const inMemory = folderInMemory();
  const folder = inMemory ?? folderIn(tmpdir());
  // Tests ask what is committed, not what survives a power cut.
  const settings = {
    fsync: 'off',
    full_page_writes: 'off',
    synchronous_commit: 'off',
    max_connections: '300',
    max_wal_size: '256MB',
    // Its launcher would start a process in one of the databases after the other.
    autovacuum: 'off',
  };
  const server = await openPostgres({ folder, clock: systemClock, log: silentLog, settings });
  const sql = openDatabase(server.url, silentLog, 1);
  await migrate(sql, silentLog);
  await sql.end();
  project.provide('adminUrl', server.urlOf('postgres'));
  project.provide('templateUrl', server.url);
  project.provide('inMemory', inMemory !== null);
  return async () => {
    await server.close();
    for (const each of [folder, server.home]) rmSync(each, { recursive: true, force: true });
  };
}
