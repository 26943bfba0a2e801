// Durability: the doctor's findings about commits and standbys, on a Postgres of its own. A standby
// is a client that streams its log, as pg_basebackup and a real standby do.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Writable } from 'node:stream';
import postgres from 'postgres';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { messageOf } from '../../src/core/fault.ts';
import { openDatabase, type Sql } from '../../src/ledger/database.ts';
import { migrate } from '../../src/ledger/migrate.ts';
import { createProbe, reachLedger } from '../../src/ledger/probe.ts';
import { openPostgres, type PostgresServer } from '../../src/local/postgres.ts';
import { ofDurability, readDurability } from '../../src/probes/durability.ts';
import { systemClock } from '../../src/system/clock.ts';
import { silentLog } from '../../src/system/log.ts';

let folder: string;
let server: PostgresServer;
let sql: Sql;
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'bailiff-test-'));
  server = await openPostgres({ folder, clock: systemClock, log: silentLog });
  sql = openDatabase(server.url, silentLog, 1);
  await migrate(sql, silentLog);
});
afterAll(async () => {
  await sql.end({ timeout: 2 });
  await server.close();
  for (const each of [folder, server.home]) rmSync(each, { recursive: true, force: true });
});

const says = async (url = server.url) => {
  const own = openDatabase(url, silentLog, 1);
  try {
    const found = ofDurability(await readDurability(own));
    return found.map(({ what, state, says: told }) => [what, state, told]);
  } finally {
    await own.end({ timeout: 2 });
  }
};
const setting = async (name: string, value: string): Promise<void> => {
  await sql.unsafe(`alter system set ${name} = '${value}'`);
  await sql`select pg_reload_conf()`;
  await expect
    .poll(async () => (await says()).length > 0 && (await sql.unsafe(`show ${name}`))[0])
    .toMatchObject({ [name]: value });
};
/** A client to which the server streams its log under a name. */
async function follow(name: string): Promise<() => Promise<void>> {
  const standby = postgres(server.url, {
    max: 1,
    fetch_types: false,
    connection: { application_name: name, replication: 'true' } as never,
  });
  const [row] = await sql<{ at: string }[]>`select pg_current_wal_flush_lsn()::text as at`;
  const stream = (await standby
    .unsafe(`START_REPLICATION PHYSICAL ${row?.at}`)
    .simple()
    .readable()) as unknown as Writable;
  // Reports that it has written everything up to this position; before that, commits cannot wait
  // for it.
  const [high = '0', low = '0'] = (row?.at ?? '').split('/');
  const upTo = (BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`);
  const status = Buffer.alloc(34);
  status.write('r');
  for (const at of [1, 9, 17]) status.writeBigUInt64BE(upTo, at);
  // The server counts the standby as gone when the client's connection ends.
  stream.on('error', () => {});
  stream.write(status);
  await expect
    .poll(
      async () => (await sql`select 1 from pg_stat_replication where state = 'streaming'`).length,
    )
    .toBe(1);
  return () => standby.end({ timeout: 0 });
}

test('a Postgres by itself: commits are on disk, and no standby can be promoted', async () => {
  expect(await says()).toEqual([
    ['commits', 'ok', 'synchronous_commit is on'],
    ['standbys', 'ok', 'none follows, so none can be promoted'],
  ]);
});

test('synchronous_commit is read as it holds for the role of the daemon', async () => {
  for (const [value, told] of [
    ['off', 'a crash of Postgres loses the last commits'],
    ['local', 'commits wait for no standby'],
    ['remote_write', 'a crash of the standby’s machine'],
  ] as const) {
    await sql.unsafe(`alter role current_user set synchronous_commit = ${value}`);
    expect((await says())[0]).toEqual(['commits', 'warning', expect.stringContaining(told)]);
  }
  await sql`alter role current_user reset synchronous_commit`;
  expect((await says())[0]?.[1]).toBe('ok');
});

test('standbys: asynchronous, synchronous, and waited for in vain', async () => {
  const leave = await follow('second');
  expect((await says())[1]).toEqual([
    'standbys',
    'warning',
    expect.stringContaining('standbys that follow: 1; commits wait for none'),
  ]);
  await setting('synchronous_standby_names', 'second');
  await expect
    .poll(async () => (await says())[1])
    .toEqual(['standbys', 'ok', 'standbys that follow: 1; commits wait for 1']);
  // A role without the right to see it is told how to get it.
  await sql.unsafe(`set synchronous_commit = local`);
  await sql.unsafe(`create role plain login password 'plain'`);
  const plain = new URL(server.url);
  plain.username = 'plain';
  plain.password = 'plain';
  expect((await says(plain.href))[1]).toEqual([
    'standbys',
    'warning',
    expect.stringContaining('may not see'),
  ]);
  // Two are waited for, and one follows.
  await setting('synchronous_standby_names', 'FIRST 2 (second, third)');
  const inVain = (connected: number) => [
    'standbys',
    'wrong',
    expect.stringMatching(new RegExp(`^no commit ends.* and ${connected} are connected$`)),
  ];
  await expect.poll(async () => (await says())[1]).toEqual(inVain(1));
  await setting('synchronous_standby_names', 'second');
  await leave();
  await expect.poll(async () => (await sql`select 1 from pg_stat_replication`).length).toBe(0);
  expect((await says())[1]).toEqual(inVain(0));
  // Commits of a role that waits for none end.
  await sql.unsafe(`alter role plain set synchronous_commit = local`);
  expect((await says(plain.href))[1]?.[1]).toBe('warning');
  await setting('synchronous_standby_names', '');
  expect((await says())[1]?.[1]).toBe('ok');
});

test('a commit that waits for a standby in vain is why the ledger takes no write', async () => {
  const reach = () => reachLedger({ openProbe: () => openDatabase(server.url, silentLog, 1) });
  await reach();
  await setting('synchronous_standby_names', 'gone');
  const writing = openDatabase(server.url, silentLog, 1);
  const written = createProbe(writing).write();
  const told = () => reach().then(() => '', messageOf);
  await expect.poll(told).toContain('Commits wait for a standby of synchronous_standby_names');
  await setting('synchronous_standby_names', '');
  await written;
  expect(await told()).toBe('');
  await writing.end();
});

test('a server that does not write to disk, and a cluster that tells no timeline, are told', () => {
  const whole = {
    synchronousCommit: 'on',
    fsync: 'on',
    waitedFor: '',
    standbys: 0,
    synchronous: 0,
    tellsTimeline: true,
  };
  expect(ofDurability({ ...whole, fsync: 'off' })[0]).toMatchObject({ state: 'warning' });
  expect(ofDurability({ ...whole, tellsTimeline: false })[2]).toMatchObject({
    what: 'timeline',
    state: 'warning',
  });
});
