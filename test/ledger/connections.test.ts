// Connections: the driver's pool when connections are cut. Every query is answered or refused, none
// waits for ever, and the rest of a cut transaction reaches no other query's connection. Real
// Postgres, behind a door that resets its sockets.
import { connect, createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { openDatabase, type Sql } from '../../src/ledger/database.ts';
import { silentLog } from '../../src/system/log.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';

type Door = {
  readonly port: number;
  reset(): void;
  end(): void;
  /** Ends the connection after so many more bytes of what Postgres answers. */
  endAfter(bytes: number): void;
  /** Ends each connection at the first bytes of Postgres; `false` lets them pass again. */
  refuse(refusing: boolean): void;
  /** How many connections came so far. */
  accepted(): number;
  close(): void;
};

/**
 * A TCP door whose connections to the client are cut by a reset, as a dead host's router does, or
 * by an orderly end.
 */
async function openDoor(target: { host: string; port: number }): Promise<Door> {
  const inside = new Set<Socket>();
  let left = Number.POSITIVE_INFINITY;
  let refusing = false;
  let accepted = 0;
  const server = createServer((inbound) => {
    const outbound = connect(target.port, target.host);
    accepted++;
    inside.add(inbound);
    inbound.on('error', () => outbound.destroy()).on('close', () => outbound.destroy());
    outbound.on('error', () => inbound.destroy()).on('close', () => inbound.destroy());
    inbound.on('close', () => inside.delete(inbound));
    inbound.pipe(outbound);
    outbound.on('data', (chunk: Buffer) => {
      if (refusing) inbound.end();
      else if (chunk.length < left) inbound.write(chunk);
      else inbound.end(chunk.subarray(0, left));
      left = chunk.length < left ? left - chunk.length : Number.POSITIVE_INFINITY;
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as { port: number };
  return {
    port,
    endAfter(bytes) {
      left = bytes;
    },
    refuse(now) {
      refusing = now;
    },
    accepted: () => accepted,
    reset() {
      for (const each of inside) each.resetAndDestroy();
    },
    end() {
      for (const each of inside) each.destroy();
    },
    close: () => server.close(),
  };
}

let database: TestDatabase;
let door: Door;
let sql: Sql;
afterEach(async () => {
  await sql.end({ timeout: 1 });
  door.reset();
  door.close();
  await database[Symbol.asyncDispose]();
});
async function open(size: number): Promise<void> {
  database = await createDatabase({ empty: true });
  const url = new URL(database.url);
  door = await openDoor({ host: url.hostname, port: Number(url.port) });
  url.hostname = '127.0.0.1';
  url.port = String(door.port);
  sql = openDatabase(url.href, silentLog, size);
}
const running = async (): Promise<void> => {
  for (;;) {
    const [row] = await database.sql`
      select 1 from pg_stat_activity where datname = current_database() and query like 'select pg_sleep%' and state = 'active'`;
    if (row !== undefined) return;
  }
};

describe.each(['reset', 'end'] as const)('connections that a %s cuts', (how) => {
  test('amid a transaction: the next transaction on that connection goes through', async () => {
    await open(1);
    for (let round = 0; round < 5; round++) {
      const cut = sql.begin(async (tx) => {
        await tx`select pg_sleep(30)`;
        await tx`select 2`;
      });
      const failed = expect(cut).rejects.toThrow();
      await running();
      door[how]();
      await failed;
      const told = await sql.begin(async (tx) => {
        const [one] = await tx<{ n: number }[]>`select 1 as n`;
        const [two] = await tx<{ n: number }[]>`select ${2}::int as n`;
        return [one?.n, two?.n];
      });
      expect(told).toEqual([1, 2]);
    }
  });
});

test('a connection that breaks amid rows leaves none of them to the next result', async () => {
  await open(1);
  await sql`select 1`;
  door.endAfter(100_000);
  await expect(sql`select repeat('x', 1000) from generate_series(1, 1000)`).rejects.toThrow();
  expect([...(await sql`select 7 as n`)]).toEqual([{ n: 7 }]);
});

test('a cut transaction can say nothing more, whatever transaction has its connection by then', async () => {
  await open(1);
  await sql`create table note (text text)`;
  const begun = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  const said = Promise.withResolvers<'taken' | 'refused'>();
  const cut = sql.begin(async (tx) => {
    await tx`insert into note values ('first')`;
    begun.resolve();
    await goOn.promise;
    await tx`insert into note values ('late')`.then(
      () => said.resolve('taken'),
      () => said.resolve('refused'),
    );
  });
  const failed = expect(cut).rejects.toThrow();
  await begun.promise;
  door.reset();
  await failed;
  await sql.begin(async (tx) => {
    await tx`insert into note values ('second')`;
    goOn.resolve();
    expect(await said.promise).toBe('refused');
  });
  expect([...(await sql`select text from note`)]).toEqual([{ text: 'second' }]);
});

test('a connection is tried again after two seconds at most, however often it failed', async () => {
  await open(1);
  const backoff = sql.options.backoff as (failures: number) => number;
  expect([1, 2, 5, 6, 7, 1_000].map(backoff)).toEqual([0.1, 0.2, 1.6, 2, 2, 2]);
});

test('after connections that failed each channel is listened to once, and its notifications come', async () => {
  await open(1);
  const calls = { listens: 0, notifications: 0 };
  for (const channel of ['one', 'two', 'three'])
    await sql.listen(
      channel,
      () => calls.notifications++,
      () => calls.listens++,
    );
  expect(calls.listens).toBe(3);
  door.refuse(true);
  door.end();
  const before = door.accepted();
  await expect.poll(() => door.accepted()).toBeGreaterThan(before + 4);
  door.refuse(false);
  await expect.poll(() => calls.listens).toBeGreaterThanOrEqual(6);
  // The answer of the notification comes after those of every LISTEN that was sent before it.
  for (const channel of ['one', 'two', 'three']) await database.sql.notify(channel, '');
  await expect.poll(() => calls.notifications).toBe(3);
  expect(calls.listens).toBe(6);
});
