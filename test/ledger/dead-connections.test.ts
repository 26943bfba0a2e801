// Dead connections: connections to Postgres that end without an error, because packets are lost on
// the way or a router forgot them. What waits on them is refused seconds after Postgres can be
// reached again, and a statement that Postgres is at work on is left alone. Real Postgres, behind a
// door that loses bytes.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { askProcesses, type Connections, createConnections } from '../../src/ledger/connections.ts';
import { openDatabase, type Sql } from '../../src/ledger/database.ts';
import { silentLog } from '../../src/system/log.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { type Proxy as Door, openProxy } from '../support/proxy.ts';

let database: TestDatabase;
let door: Door;
let sql: Sql;
let connections: Connections;
let nowMs: number;
let asked: number;
beforeEach(async () => {
  database = await createDatabase({ empty: true });
  const url = new URL(database.url);
  door = await openProxy(Number(url.port));
  url.hostname = '127.0.0.1';
  url.port = String(door.port);
  nowMs = 0;
  asked = 0;
  const processes = askProcesses(url.href, silentLog);
  const atWork = (pids: readonly number[]) => {
    asked++;
    return processes.atWork(pids);
  };
  connections = createConnections({ ...processes, atWork, elapsedMs: () => nowMs, log: silentLog });
  sql = openDatabase(url.href, silentLog, 3, { connections });
});
afterEach(async () => {
  await door.close();
  await sql.end({ timeout: 1 });
  await database[Symbol.asyncDispose]();
});

/** Two looks, the second one four seconds after the first. */
const look = async (): Promise<number> => {
  await connections.look();
  nowMs += 4_000;
  return connections.look();
};
const until = async (state: string, query: string): Promise<void> => {
  for (;;) {
    const [row] = await database.sql`
      select 1 from pg_stat_activity where datname = current_database() and state = ${state} and query like ${query}`;
    if (row !== undefined) return;
  }
};
const refused = { code: 'CONNECTION_CLOSED' };

test('statements on dead connections are refused once Postgres is reached, and the pool is whole again', async () => {
  await Promise.all([1, 2, 3].map(() => sql`select pg_sleep(0.05)`));
  door.lose();
  const waiting = expect(sql`select 1`.execute()).rejects.toMatchObject(refused);
  waiting.catch(() => {});
  expect(await look()).toBe(0);
  nowMs += 4_000;
  // No byte passes yet, so nothing shows that the connections are dead.
  await expect(connections.look()).rejects.toMatchObject({ code: 'CONNECT_TIMEOUT' });
  door.find();
  // The two connections on which no statement waits went the same way.
  expect(await connections.look()).toBe(3);
  await waiting;
  expect([...(await sql`select 7 as n`)]).toEqual([{ n: 7 }]);
});

test('the question whether a connection is dead ends, too, where its own answer is lost', async () => {
  await sql`select 1`;
  door.lose();
  const waiting = expect(sql`select 1`.execute()).rejects.toMatchObject(refused);
  waiting.catch(() => {});
  expect(await look()).toBe(0);
  door.find();
  door.loseAt('from pg_stat_activity');
  nowMs += 4_000;
  await expect(connections.look()).rejects.toMatchObject({ code: 'CONNECTION_DESTROYED' });
  door.find();
  expect(await connections.look()).toBe(1);
  await waiting;
});

test('a statement of which Postgres knows a part only is waited for no longer', async () => {
  await sql`select 1`;
  // The driver sends a statement with parameters first, and the parameters after an answer.
  door.loseAt('as half');
  const failed = expect(sql`select ${1}::int as half`.execute()).rejects.toMatchObject(refused);
  failed.catch(() => {});
  await until('active', '%as half');
  door.find();
  expect(await look()).toBe(1);
  await failed;
});

test('the locks of a dead transaction are free at once', async () => {
  await sql`create table note (id int primary key)`;
  door.loseAt('as half');
  const cut = sql.begin(async (tx) => {
    await tx`insert into note values (1)`;
    await tx`select ${1}::int as half`;
  });
  const failed = expect(cut).rejects.toMatchObject(refused);
  failed.catch(() => {});
  await until('active', '%as half');
  door.find();
  expect(await look()).toBe(1);
  await failed;
  await sql`insert into note values (1)`;
  expect([...(await sql`select id from note`)]).toEqual([{ id: 1 }]);
});

test('the process of a dead connection is ended at the next look where the question for that is lost', async () => {
  await sql.begin(async (tx) => {
    await tx`create table note (id int primary key)`;
  });
  door.loseAt('as half');
  const cut = sql.begin(async (tx) => {
    await tx`insert into note values (1)`;
    await tx`select ${1}::int as half`;
  });
  const failed = expect(cut).rejects.toMatchObject(refused);
  failed.catch(() => {});
  await until('active', '%as half');
  door.find();
  door.loseAt('pg_terminate_backend');
  await expect(look()).rejects.toMatchObject({ code: 'CONNECTION_DESTROYED' });
  await failed;
  door.find();
  expect(await connections.look()).toBe(0);
  await sql`insert into note values (1)`;
});

test('a transaction that dies between its statements is refused', async () => {
  const begun = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  const cut = sql.begin(async (tx) => {
    await tx`select 1`;
    begun.resolve();
    await goOn.promise;
    await tx`select 2`;
  });
  const failed = expect(cut).rejects.toMatchObject(refused);
  await begun.promise;
  door.lose();
  door.find();
  // No statement waits on the connection until the transaction asks again.
  expect(await look()).toBe(0);
  goOn.resolve();
  await expect.poll(look).toBe(1);
  await failed;
});

test('an answer that was lost on its way is waited for no longer', async () => {
  await database.sql.begin(async (tx) => {
    await tx`select pg_advisory_xact_lock(7)`;
    const failed = expect(sql`select pg_advisory_lock(7), 'asks'`.execute()).rejects.toMatchObject(
      refused,
    );
    failed.catch(() => {});
    await until('active', '%asks%');
    door.lose();
    door.find();
    await tx`commit`;
    await until('idle', '%asks%');
    expect(await look()).toBe(1);
    await failed;
  });
});

test('a statement that Postgres works on, or that waits for a lock, is left alone', async () => {
  await database.sql`create table note (text text)`;
  await database.sql.begin(async (tx) => {
    await tx`lock table note`;
    const held = sql`insert into note values ('late')`.execute();
    await until('active', 'insert into note%');
    expect(await look()).toBe(0);
    expect(asked).toBe(1);
    await tx`commit`;
    await held;
  });
  expect([...(await sql`select text from note`)]).toEqual([{ text: 'late' }]);
  // No statement waits any more, so Postgres is not asked.
  await look();
  expect(asked).toBe(1);
});
