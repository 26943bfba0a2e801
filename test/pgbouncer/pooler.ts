// Pooler: a PgBouncer in transaction mode before an embedded Postgres. It needs the command
// `pgbouncer`, which Debian has as a package.
import { spawn } from 'node:child_process';
import { chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../src/local/free-port.ts';
import { otherUser } from '../../src/local/identity.ts';

export type Pooler = AsyncDisposable & {
  /** The URL by which a database of the server is reached through the pooler. */
  urlOf(database: string): string;
};

const TRIES = 100;
const TRY_MS = 100;

const answersAt = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('close', () => socket.destroy());
    socket.once('connect', () => socket.end());
  });

/**
 * Starts PgBouncer for the server at this URL, with so many server connections for each database.
 * `ignoring`: it takes settings of a session at the start of a connection, and drops them.
 */
export async function startPooler(
  serverUrl: string,
  poolSize: number,
  ignoring = false,
): Promise<Pooler> {
  const { hostname, port, username, password } = new URL(serverUrl);
  const listenPort = await freePort();
  const folder = mkdtempSync(path.join(tmpdir(), 'bailiff-pgbouncer-'));
  const file = path.join(folder, 'pgbouncer.ini');
  const lines = [
    '[databases]',
    `* = host=${hostname} port=${port} user=${username} password=${decodeURIComponent(password)}`,
    '[pgbouncer]',
    'listen_addr = 127.0.0.1',
    `listen_port = ${listenPort}`,
    'unix_socket_dir =',
    'auth_type = any',
    'pool_mode = transaction',
    `default_pool_size = ${poolSize}`,
    'max_client_conn = 500',
    'log_connections = 0',
    'log_disconnections = 0',
    ...(ignoring
      ? [
          'ignore_startup_parameters = statement_timeout,idle_in_transaction_session_timeout,enable_seqscan,enable_hashjoin,enable_mergejoin,enable_material,jit,plan_cache_mode',
        ]
      : []),
  ];
  writeFileSync(file, `${lines.join('\n')}\n`, { mode: 0o600 });
  const identity = otherUser();
  if (identity !== null)
    for (const each of [folder, file]) chownSync(each, identity.uid, identity.gid);
  const child = spawn('pgbouncer', [file], { ...identity, cwd: '/', stdio: 'ignore' });
  const died = new Promise<never>((_, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`pgbouncer ended with ${code}`)));
  });
  died.catch(() => {});
  for (let tries = 0; !(await Promise.race([answersAt(listenPort), died])); tries++) {
    if (tries === TRIES) throw new Error('pgbouncer does not answer');
    await sleep(TRY_MS);
  }
  return {
    urlOf: (database) =>
      `postgres://${username}:${password}@127.0.0.1:${listenPort}/${encodeURIComponent(database)}`,
    async [Symbol.asyncDispose]() {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
