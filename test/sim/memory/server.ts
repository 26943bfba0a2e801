// Server: the database in memory as a server that can go back: to a replica that lacks the last
// commits, or to a restored copy. It tells its identity as Postgres does, or tells none, as some
// Postgres-compatible clusters do.
import { Fault } from '../../../src/core/fault.ts';
import type { DatabaseStates } from '../../../src/flows/continuity.ts';
import type { State } from './state.ts';

export type MemoryServer = {
  readonly databaseStates: DatabaseStates;
  /** The server's identity; null when it tells none. */
  identity(): string | null;
  /** Whether it tells its timeline. */
  told: boolean;
  /** Keeps a copy of everything that is committed now; the newest few are kept. */
  copy(): void;
  /**
   * Goes on from a copy, so many copies back; every connection ends. False while there is no copy.
   */
  goBack(copies: number): boolean;
};

const COPIES_MOST = 4;

/** The check that throws `books_behind` when the database has another identity than `under`. */
export const requiring =
  (identity: () => string | null) =>
  (under: string | null): void => {
    if (under !== null && under !== identity())
      throw new Fault('books_behind', 'the database in memory has gone back');
  };

export function createMemoryServer(state: State, nowMs: () => number): MemoryServer {
  const copies: State[] = [];
  let timeline = 1;
  const server: MemoryServer = {
    told: true,
    identity: () => (server.told ? `memory/${timeline}` : null),
    databaseStates: {
      async read() {
        const identity = server.identity();
        return identity === null
          ? { told: false, connections: timeline }
          : { told: true, identity, position: BigInt(nowMs()) };
      },
      trusted: async () => state.trusted,
      async trust(mark, slot) {
        state.trusted = { identity: mark.told ? mark.identity : 'untold', slot };
      },
      isEmpty: async () => state.subscribers.size === 0,
    },
    copy() {
      copies.push(structuredClone(state));
      if (copies.length > COPIES_MOST) copies.shift();
    },
    goBack(back) {
      const [found] = copies.splice(Math.max(0, copies.length - 1 - back));
      if (found === undefined) return false;
      Object.assign(state, found);
      timeline++;
      return true;
    },
  };
  return server;
}
