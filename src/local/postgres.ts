// Postgres: an embedded PostgreSQL server for machines that have none. Its data stays in a folder
// across restarts.
//
// PostgreSQL refuses to run as root; then it runs as another user of the machine, in a folder that
// this user can reach. It runs in a session of its own, so that Ctrl-C reaches the daemon and not
// the server. A watchdog stops it when the process that started it has ended in any way. A server
// that already runs on the data is shared, or stopped and started again when its owner is dead.
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import postgres from 'postgres';
import { Fault, messageOf } from '../core/fault.ts';
import type { Clock, Log } from '../core/ports.ts';
import { freePort } from './free-port.ts';
import { otherUser, reachableByOthers } from './identity.ts';
import { postgresBinaries } from './postgres-binaries.ts';
import { isAlive, run, startWatchdog, stopServer } from './postgres-process.ts';

export type PostgresServer = {
  readonly url: string;
  /** The folder of its data; outside the given folder when another user must reach it. */
  readonly home: string;
  /** The URL of another database on the same server. */
  urlOf(database: string): string;
  close(): Promise<void>;
};

const DATABASE = 'bailiff';
const START_MS_MOST = 60_000;
const START_TRIES = 5;

function readNumber(file: string, line = 0): number | null {
  if (!existsSync(file)) return null;
  const value = Number(readFileSync(file, 'utf8').split('\n')[line]);
  return Number.isInteger(value) && value > 0 ? value : null;
}

/** The last four lines of a server's log, as one line. */
function lastLines(file: string): string {
  return readFileSync(file, 'utf8').trim().split('\n').slice(-4).join(' ');
}

async function answers(url: string): Promise<boolean> {
  const sql = postgres(url, { max: 1, fetch_types: false, connect_timeout: 2, onnotice: () => {} });
  try {
    await sql`select 1`;
    return true;
  } catch {
    return false;
  } finally {
    await sql.end({ timeout: 1 });
  }
}

export type PostgresOptions = {
  /** The folder of this installation's local state; ignored by git. */
  readonly folder: string;
  readonly clock: Clock;
  readonly log: Log;
  /** More server settings, for tests. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Where the port comes from, for tests; a free port unless given. */
  readonly findPort?: () => Promise<number>;
};

/** Starts the server, or joins the one that runs on the same data. */
export async function openPostgres(options: PostgresOptions): Promise<PostgresServer> {
  const { clock, log } = options;
  const identity = otherUser();
  const own = path.resolve(options.folder);
  mkdirSync(own, { recursive: true });
  // A clone owned by root may lie where no other user can go; then the server lives in a folder of
  // its own, named after the clone.
  const reachable = identity === null || reachableByOthers(own);
  const home = reachable
    ? own
    : path.join(
        '/var/tmp',
        `bailiff-postgres-${createHash('sha256').update(own).digest('hex').slice(0, 16)}`,
      );
  mkdirSync(home, { recursive: true, mode: 0o755 });
  const bin = await postgresBinaries(identity, home);
  const data = path.join(home, 'data');
  const passwordFile = path.join(own, 'password');
  const ownerFile = path.join(own, 'owner');
  const neverAborted = new AbortController().signal;

  if (!existsSync(path.join(data, 'PG_VERSION'))) {
    rmSync(data, { recursive: true, force: true });
    mkdirSync(data, { mode: 0o700 });
    writeFileSync(passwordFile, randomBytes(24).toString('base64url'), { mode: 0o600 });
    const handed = path.join(home, 'initial');
    writeFileSync(handed, readFileSync(passwordFile), { mode: 0o600 });
    if (identity !== null)
      for (const each of [data, handed]) chownSync(each, identity.uid, identity.gid);
    try {
      await run(
        bin.initdb,
        [
          `--pgdata=${data}`,
          '--username=bailiff',
          '--auth=scram-sha-256',
          `--pwfile=${handed}`,
          '--encoding=UTF8',
          '--locale=C',
          '--no-sync',
        ],
        identity,
      );
    } finally {
      rmSync(handed, { force: true });
    }
  }
  const password = readFileSync(passwordFile, 'utf8').trim();
  const urlAt = (port: number, database: string) =>
    `postgres://bailiff:${password}@127.0.0.1:${port}/${database}`;
  const pidFile = path.join(data, 'postmaster.pid');
  const logFile = path.join(own, 'server.log');

  const found = await joinRunning();
  const { port, pid } = found ?? (await start());
  const ownerPid = readNumber(ownerFile);
  const mine =
    found === null || ownerPid === null || ownerPid === process.pid || !isAlive(ownerPid);
  const watchdog = mine ? startWatchdog(pid) : null;
  if (mine) writeFileSync(ownerFile, `${process.pid}\n`);
  await ensureDatabase();
  log.info('postgres.ready', { port, data, shared: !mine });

  /**
   * A server that already runs on this data, or null. Waits for one that is stopping, and joins one
   * that answers.
   */
  async function joinRunning(): Promise<{ port: number; pid: number } | null> {
    for (let waited = 0; waited < START_MS_MOST; waited += 100) {
      const running = readNumber(pidFile);
      if (running === null || !isAlive(running)) return null;
      const at = readNumber(pidFile, 3);
      const owner = readNumber(ownerFile);
      // The watchdog of a dead owner stops the server at some moment, so it is never joined.
      if (owner !== null && !isAlive(owner)) stopServer(running);
      else if (at !== null && (await answers(urlAt(at, 'postgres'))))
        return { port: at, pid: running };
      await clock.sleep(100, neverAborted);
    }
    throw new Fault(
      'local_world_failed',
      `A PostgreSQL server on ${data} neither answers nor stops. Stop process ${readNumber(pidFile)} and start again.`,
    );
  }

  /**
   * Starts the server. Another process can take the chosen port before the server listens on it, so
   * a server that ends at once is started again on another port, five times at most.
   */
  async function start(): Promise<{ port: number; pid: number }> {
    rmSync(pidFile, { force: true });
    writeFileSync(ownerFile, `${process.pid}\n`);
    for (let tried = 1; ; tried++) {
      const chosen = await (options.findPort ?? freePort)();
      const started = await startOn(chosen);
      if (typeof started === 'number') return { port: chosen, pid: started };
      if (tried === START_TRIES)
        throw new Fault('local_world_failed', `PostgreSQL did not start: ${started.failure}`);
      log.warn('postgres.restarted', { port: chosen, error: started.failure });
    }
  }

  /** The process id of the server that answers on the port, or why the server ended instead. */
  async function startOn(chosen: number): Promise<number | { readonly failure: string }> {
    const settings = {
      listen_addresses: '127.0.0.1',
      unix_socket_directories: '',
      port: String(chosen),
      max_connections: '200',
      ...options.settings,
    };
    const args = [
      '-D',
      data,
      ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ];
    // The server writes its log to a file: a pipe would end with this process, and the server may
    // live longer.
    const output = openSync(logFile, 'w');
    const server = spawn(bin.postgres, args, {
      ...identity,
      detached: true,
      cwd: '/',
      stdio: ['ignore', output, output],
    });
    closeSync(output);
    const ended = new Promise<string>((resolve) => {
      server.once('error', (thrown) => resolve(messageOf(thrown)));
      server.once('exit', (code) => resolve(`exited with ${code}.`));
    });
    server.unref();
    const url = urlAt(chosen, 'postgres');
    for (let waited = 0; waited < START_MS_MOST; waited += 50) {
      // Another server on this port may take a connection and never answer.
      const seen = await Promise.race([ended, answers(url)]);
      if (typeof seen === 'string') return { failure: `${seen} ${lastLines(logFile)}` };
      if (seen && server.pid !== undefined) return server.pid;
      await clock.sleep(50, neverAborted);
    }
    throw new Fault('local_world_failed', 'PostgreSQL did not answer in time');
  }

  async function ensureDatabase(): Promise<void> {
    const sql = postgres(urlAt(port, 'postgres'), {
      max: 1,
      fetch_types: false,
      onnotice: () => {},
    });
    try {
      const known = await sql`select 1 from pg_database where datname = ${DATABASE}`;
      if (known.length === 0) await sql.unsafe(`create database ${DATABASE}`);
    } catch (thrown) {
      if ((thrown as { code?: string }).code !== '42P04') throw thrown;
    } finally {
      await sql.end();
    }
  }

  return {
    url: urlAt(port, DATABASE),
    home,
    urlOf: (database) => urlAt(port, database),
    async close() {
      if (!mine) return;
      rmSync(ownerFile, { force: true });
      stopServer(pid);
      for (
        let waited = 0;
        waited < START_MS_MOST && existsSync(pidFile) && isAlive(pid);
        waited += 20
      )
        await clock.sleep(20, neverAborted);
      watchdog?.kill('SIGKILL');
    },
  };
}
