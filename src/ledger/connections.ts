// Connections: the TCP connections to Postgres, and which of them are dead. When packets are lost
// on the way, or a router drops a connection, the driver gets no error: the kernel waits up to
// fifteen minutes for an answer, and each statement would wait as long. A new connection is asked
// what Postgres does for the old ones. A connection on which a statement waits, and for which
// Postgres does nothing, is dead.
import type { Socket } from 'node:net';
import type { Log } from '../core/ports.ts';
import { askAlone, openDatabase, type Sql } from './database.ts';
import type { DriverState, Opened } from './driver-state.ts';

export type Connections = {
  readonly opened: Opened;
  /**
   * Looks once; called every few seconds. Asks nothing unless a statement has waited for three
   * seconds without a byte. Ends each connection that is dead, and with it those on which no
   * statement waits, because they use the same network path. Statements that wait on them fail with
   * CONNECTION_CLOSED. Their processes of Postgres are ended, too: such a process hears of no end,
   * and would keep the locks of its transaction for two minutes. Returns how many connections were
   * ended.
   */
  look(): Promise<number>;
};
export type ConnectionsOptions = {
  /** Which of these processes of Postgres are at work, as a new connection tells. */
  readonly atWork: (pids: readonly number[]) => Promise<ReadonlySet<number>>;
  /** Ends those of these processes that are not at work. */
  readonly endProcesses: (pids: readonly number[]) => Promise<void>;
  /** A clock in milliseconds that never goes back; its zero has no meaning. */
  readonly elapsedMs: () => number;
  readonly log: Log;
};

/**
 * A statement may wait this long without a byte; then Postgres is asked whether it is at work on
 * the statement. Milliseconds.
 */
const SILENT_MS = 3_000;

type Line = {
  readonly socket: Socket;
  readonly state: () => DriverState;
  /** The number of bytes that had come over the connection at the last look. */
  bytes: number;
  /** The time since which a statement waits and no byte has come; null while no statement waits. */
  waitsSinceMs: number | null;
};

/** Creates the register of the connections of a process. */
export function createConnections({
  atWork,
  endProcesses,
  elapsedMs,
  log,
}: ConnectionsOptions): Connections {
  const lines = new Set<Line>();
  /**
   * The Postgres processes whose connections were ended; each is removed once the process has ended
   * as well.
   */
  const left = new Set<number>();
  const endLeft = async (): Promise<void> => {
    if (left.size === 0) return;
    const pids = [...left];
    await endProcesses(pids);
    for (const pid of pids) left.delete(pid);
  };
  /**
   * Whether a statement still waits on the connection, and no byte has come since the last look.
   */
  const isSilent = (line: Line): boolean =>
    line.state().doing === 'waits' && line.socket.bytesRead === line.bytes;
  const notice = (line: Line, nowMs: number): void => {
    if (!isSilent(line)) line.waitsSinceMs = null;
    line.bytes = line.socket.bytesRead;
    if (line.state().doing === 'waits') line.waitsSinceMs ??= nowMs;
  };
  return {
    opened(socket, state) {
      lines.add({ socket, state, bytes: 0, waitsSinceMs: null });
    },
    async look() {
      const nowMs = elapsedMs();
      for (const each of lines)
        if (each.socket.destroyed) lines.delete(each);
        else notice(each, nowMs);
      await endLeft();
      const known = [...lines];
      const silent = known.filter(
        ({ waitsSinceMs }) => waitsSinceMs !== null && nowMs - waitsSinceMs >= SILENT_MS,
      );
      if (silent.length === 0) return 0;
      const served = await atWork(silent.flatMap((each) => each.state().pid ?? []));
      const dead = silent.filter(
        (each) => isSilent(each) && !served.has(each.state().pid ?? Number.NaN),
      );
      if (dead.length === 0) return 0;
      const idle = known.filter((each) => each.state().doing === 'nothing');
      for (const { socket, state } of [...dead, ...idle]) {
        const { pid } = state();
        if (pid !== null) left.add(pid);
        socket.destroy();
      }
      log.warn('ledger.connections_dead', { dead: dead.length, idle: idle.length });
      await endLeft();
      return dead.length + idle.length;
    },
  };
}

/** A new connection must be there within this time, in seconds. */
const CONNECT_S = 3;

/**
 * Whether a process of Postgres is at work. A process that waits to send its answer, for a
 * statement, or for the rest of a statement (active, ClientRead) is not.
 */
const isAtWork = (sql: Sql) =>
  sql`coalesce(state, '') not like 'idle%' and wait_event_type is distinct from 'Client'`;

/**
 * Creates the questions of `ConnectionsOptions`, each asked on a connection of its own. They throw
 * the driver's error. A process of another role or database is never ended: its number may be that
 * of an old one.
 */
export function askProcesses(
  url: string,
  log: Log,
): Pick<ConnectionsOptions, 'atWork' | 'endProcesses'> {
  const open = (): Sql => openDatabase(url, log, 1, { connectS: CONNECT_S });
  return {
    async atWork(pids) {
      if (pids.length === 0) return new Set();
      const rows = await askAlone(open(), (sql) =>
        sql<{ pid: number }[]>`
          select pid from pg_stat_activity
          where pid::bigint in ${sql(pids as number[])} and ${isAtWork(sql)}`.execute(),
      );
      return new Set(rows.map((row) => row.pid));
    },
    async endProcesses(pids) {
      await askAlone(open(), (sql) =>
        sql`
          select pg_terminate_backend(pid) from pg_stat_activity
          where pid::bigint in ${sql(pids as number[])} and not (${isAtWork(sql)})
            and usename = current_user and datname = current_database()`.execute(),
      );
    },
  };
}
