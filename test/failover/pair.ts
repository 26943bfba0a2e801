// Pair: a real PostgreSQL primary with an asynchronous streaming replica, from the machine's own
// PostgreSQL. The replica receives through a door that can be shut, so that it lacks the last
// commits; clients connect through another door, which leads to the present primary.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { chownSync, globSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import postgres from 'postgres';
import { freePort } from '../../src/local/free-port.ts';
import { otherUser } from '../../src/local/identity.ts';
import { systemClock as clock } from '../../src/system/clock.ts';

const NEEDED = ['postgres', 'initdb', 'pg_basebackup', 'pg_ctl'];

/**
 * The folder of the machine's PostgreSQL binaries; null when there are none with streaming
 * replication.
 */
export function findBinaries(): string | null {
  const folders = [...globSync('/usr/lib/postgresql/*/bin'), '/usr/local/bin', '/usr/bin'];
  return (
    folders.find((folder) =>
      NEEDED.every((each) => globSync(path.join(folder, each)).length > 0),
    ) ?? null
  );
}

type Door = { readonly port: number; target: number; shut(): void; open(): void; close(): void };

/** A TCP door in front of a port of this machine. */
async function openDoor(target: number): Promise<Door> {
  const sockets = new Set<Socket>();
  let isShut = false;
  const cut = (): void => {
    for (const each of sockets) each.destroy();
  };
  const server = createServer((inbound) => {
    if (isShut) return void inbound.destroy();
    const outbound = connect(door.target, '127.0.0.1');
    for (const each of [inbound, outbound]) {
      sockets.add(each);
      each.on('error', () => each.destroy());
      each.on('close', () => {
        sockets.delete(each);
        inbound.destroy();
        outbound.destroy();
      });
    }
    inbound.pipe(outbound);
    outbound.pipe(inbound);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const bound = server.address();
  const door: Door = {
    port: typeof bound === 'object' && bound !== null ? bound.port : 0,
    target,
    shut() {
      isShut = true;
      cut();
    },
    open() {
      isShut = false;
    },
    close() {
      cut();
      server.close();
    },
  };
  return door;
}

export type Pair = {
  /** The URL of the present primary. */
  readonly url: string;
  /** Whether the replica has everything that is committed. */
  caughtUp(): Promise<boolean>;
  /** From now on the replica receives nothing more. */
  lag(): void;
  /**
   * Kills the primary as a power cut would, promotes the replica, and makes a new replica of it.
   */
  failOver(): Promise<void>;
  close(): void;
};

export async function openPair(binaries: string): Promise<Pair> {
  const home = mkdtempSync(path.join(tmpdir(), 'bailiff-failover-'));
  const user = process.getuid?.() === 0 ? otherUser() : null;
  const own = (folder: string): void => {
    if (user !== null) chownSync(folder, user.uid, user.gid);
  };
  own(home);
  const as = user === null ? {} : { uid: user.uid, gid: user.gid };
  // Not synchronously: the doors are in this process.
  const run = (program: string, args: string[]): Promise<unknown> =>
    promisify(execFile)(path.join(binaries, program), args, { ...as, cwd: home });
  let count = 0;
  const folderOf = (): string => path.join(home, `data${++count}`);
  const urlAt = (port: number): string => `postgres://bailiff@127.0.0.1:${port}/bailiff`;

  const start = async (folder: string, port: number): Promise<ChildProcess> => {
    const child = spawn(
      path.join(binaries, 'postgres'),
      [
        '-D',
        folder,
        '-p',
        String(port),
        '-k',
        home,
        '-c',
        'listen_addresses=127.0.0.1',
        '-c',
        'fsync=off',
      ],
      { ...as, cwd: home, stdio: 'ignore' },
    );
    for (let tries = 0; ; tries++) {
      const sql = postgres(urlAt(port).replace(/bailiff$/, 'postgres'), {
        max: 1,
        onnotice: () => {},
      });
      try {
        await sql`select 1`;
        return child;
      } catch (thrown) {
        if (tries > 200) throw thrown;
        await clock.sleep(50, new AbortController().signal);
      } finally {
        await sql.end({ timeout: 1 });
      }
    }
  };

  const first = folderOf();
  mkdirSync(first, { mode: 0o700 });
  own(first);
  await run('initdb', ['-D', first, '-U', 'bailiff', '-A', 'trust', '-E', 'UTF8', '--no-sync']);
  let primary = { folder: first, port: await freePort(), child: null as ChildProcess | null };
  primary.child = await start(primary.folder, primary.port);
  const admin = postgres(urlAt(primary.port).replace(/bailiff$/, 'postgres'), { max: 1 });
  await admin`create database bailiff`;
  await admin.end();

  const replication = await openDoor(primary.port);
  const clients = await openDoor(primary.port);
  const replicate = async (): Promise<typeof primary> => {
    const folder = folderOf();
    replication.target = primary.port;
    replication.open();
    const from = `host=127.0.0.1 port=${replication.port} user=bailiff`;
    await run('pg_basebackup', [
      '-D',
      folder,
      '-d',
      from,
      '-R',
      '-X',
      'stream',
      '-c',
      'fast',
      '--no-sync',
    ]);
    const port = await freePort();
    return { folder, port, child: await start(folder, port) };
  };
  let replica = await replicate();

  return {
    url: urlAt(clients.port),
    async caughtUp() {
      const sql = postgres(urlAt(primary.port), { max: 1, onnotice: () => {} });
      const [row] = await sql<{ behind: string | null }[]>`
        select (pg_current_wal_lsn() - replay_lsn)::text as behind from pg_stat_replication`;
      await sql.end();
      return row?.behind === '0';
    },
    lag: () => replication.shut(),
    async failOver() {
      clients.shut();
      primary.child?.kill('SIGKILL');
      await run('pg_ctl', ['promote', '-D', replica.folder, '-w']);
      const old = primary.folder;
      primary = replica;
      clients.target = primary.port;
      clients.open();
      replica = await replicate();
      rmSync(old, { recursive: true, force: true });
    },
    close() {
      for (const each of [primary, replica]) each.child?.kill('SIGKILL');
      for (const each of [replication, clients]) each.close();
      rmSync(home, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
