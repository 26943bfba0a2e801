// Free port: finds a TCP port on loopback that no process listens on.
//
// The port lies below the ports that Linux, macOS and Windows give to outgoing connections (32768
// and up). A port of those could be taken by any connection of any process between the moment it
// is found free and the moment its server listens on it.
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { Fault } from '../core/fault.ts';

const LOWEST = 15_000;
const BELOW = 32_000;
const TRIES = 100;

/** Whether a server can listen on the port at this moment. */
function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}

/**
 * Finds a port from 15000 to 31999. Another server may take it before it is used, so the caller
 * must expect that.
 *
 * @throws Fault `local_world_failed` where 100 ports drawn at random were all taken.
 */
export async function freePort(): Promise<number> {
  for (let tried = 0; tried < TRIES; tried++) {
    const port = randomInt(LOWEST, BELOW);
    if (await isFree(port)) return port;
  }
  throw new Fault(
    'local_world_failed',
    `No free port was found in ${TRIES} tries from ${LOWEST} to ${BELOW - 1}. Stop some of the servers on 127.0.0.1, and start again.`,
  );
}
