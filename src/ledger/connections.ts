// Connections: the TCP connections to Postgres, and which of them are dead. When packets are lost
// on the way, or a router drops a connection, the driver gets no error: the kernel waits up to
// fifteen minutes for an answer, and each statement would wait as long. A new connection is asked
// what Postgres does for the old ones. A connection on which a statement waits, and for which
// Postgres does nothing, is dead.
import type { Socket } from 'node:net';
import type { Log } from '../core/ports.ts';
import { openDatabase } from './database.ts';

/** The work of the driver on a connection just now. */
export type DriverState = {
  /**
   * The id of the Postgres process that serves the connection; null before Postgres has told it.
   */
  readonly pid: number | null;
  readonly doing: 'connects' | 'waits' | 'pauses' | 'nothing';
};
export type Connections = {
  /** Takes a connection that the driver opens. `state` tells of it as long as it is open. */
  readonly opened: (socket: Socket, state: () => DriverState) => void;
  /**
   * Looks once; called every few seconds. Asks nothing unless a statement has waited for three
   * seconds without a byte. Ends each connection that is dead, and with it those on which no
   * statement waits, because they use the same network path. Statements that wait on them fail with
   * CONNECTION_CLOSED. Returns how many were ended.
   */
  look(): Promise<number>;
};
export type ConnectionsOptions = {
  /** Which of these processes of Postgres are at work, as a new connection tells. */
  readonly atWork: (pids: readonly number[]) => Promise<ReadonlySet<number>>;
  /** A clock in milliseconds that never goes back; its zero has no meaning. */
  readonly elapsedMs: () => number;
  readonly log: Log;
};

/** Postgres may take this long for a statement before it is asked whether it is at work on it. */
const SILENT_MS = 3_000;

type Line = {
  readonly socket: Socket;
  readonly state: () => DriverState;
  /** The bytes that had come when the line was looked at last. */
  bytes: number;
  /** The time since which a statement waits and no byte has come; null while no statement waits. */
  waitsSinceMs: number | null;
};

/** Creates the register of the connections of a process. */
export function createConnections({ atWork, elapsedMs, log }: ConnectionsOptions): Connections {
  const lines = new Set<Line>();
  /** Whether a statement still waits on the line, and no byte has come since the last look. */
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
      for (const { socket } of [...dead, ...idle]) socket.destroy();
      log.warn('ledger.connections_dead', { dead: dead.length, idle: idle.length });
      return dead.length + idle.length;
    },
  };
}

/** A new connection must be there within this time, in seconds. */
const CONNECT_S = 3;

/**
 * Creates the question of `ConnectionsOptions.atWork`. A process that waits to send its answer, and
 * one that waits for a statement, are not at work. Throws the driver's error.
 */
export const askAtWork =
  (url: string, log: Log): ConnectionsOptions['atWork'] =>
  async (pids) => {
    if (pids.length === 0) return new Set();
    const sql = openDatabase(url, log, 1, { connectS: CONNECT_S });
    try {
      const rows = await sql<{ pid: number }[]>`
        select pid from pg_stat_activity where pid::bigint in ${sql(pids as number[])}
          and coalesce(state, '') not like 'idle%' and wait_event is distinct from 'ClientWrite'`;
      return new Set(rows.map((row) => row.pid));
    } finally {
      await sql.end({ timeout: 1 }).catch(() => {});
    }
  };
