// Load: keeps connections to a server busy with one request, written by hand so that the load costs little.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { systemClock } from '../../src/system/clock.ts';

const SLICE_MS = 700;

/** Keeps every connection busy for a while; returns answers a second. */
export async function load(port: number, connections: number, request: Buffer): Promise<number> {
  let answers = 0;
  let over = false;
  const sockets = await Promise.all(
    Array.from({ length: connections }, async (): Promise<Socket> => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true });
      await once(socket, 'connect');
      return socket;
    }),
  );
  const startedMs = performance.now();
  const done = sockets.map(
    (socket) =>
      new Promise<void>((resolve, reject) => {
        socket.on('data', (chunk: Buffer) => {
          if (!chunk.includes('HTTP/1.1 200')) reject(new Error(chunk.toString()));
          answers++;
          if (over) {
            socket.destroy();
            resolve();
          } else socket.write(request);
        });
        socket.on('error', reject);
        socket.write(request);
      }),
  );
  await systemClock.sleep(SLICE_MS, new AbortController().signal);
  over = true;
  await Promise.all(done);
  return (answers * 1_000) / (performance.now() - startedMs);
}

export const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
