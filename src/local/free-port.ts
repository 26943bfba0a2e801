// Free port: finds a TCP port on loopback that no process listens on.
import { createServer } from 'node:net';

/** Finds a port. Another process may take it before it is used, so the caller must expect that. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const bound = probe.address();
      probe.close(() => resolve(typeof bound === 'object' && bound !== null ? bound.port : 0));
    });
  });
}
