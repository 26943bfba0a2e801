// Free port: a TCP port on loopback that nobody listens on at this moment.
import { createServer } from 'node:net';

/** Finds one. Somebody may take it before it is used; whoever binds it must be ready for that. */
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
