// Driver state: what the driver tells of a connection that it opened.
import type { Socket } from 'node:net';

/** The work of the driver on a connection just now. */
export type DriverState = {
  /**
   * The id of the Postgres process that serves the connection; null before Postgres has told it.
   */
  readonly pid: number | null;
  readonly doing: 'connects' | 'waits' | 'pauses' | 'nothing';
};

/** Takes a connection that the driver opens. `state` tells of it as long as it is open. */
export type Opened = (socket: Socket, state: () => DriverState) => void;
