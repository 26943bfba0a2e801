// Load client: a process that keeps connections to a server busy with one request, written by hand
// so that it costs little. The bench's own process has half of the daemon in its heap, whose
// collection would be measured with the server.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { systemClock } from '../../src/system/clock.ts';

export type Load = {
  readonly port: number;
  readonly connections: number;
  /** The whole request, in base64. */
  readonly request: string;
};
/** Answers, and answers a second; or what the server answered instead. */
export type Loaded =
  | { readonly answers: number; readonly rate: number }
  | { readonly wrong: string };

const SLICE_MS = 700;

async function load({ port, connections, request: text }: Load): Promise<Loaded> {
  const request = Buffer.from(text, 'base64');
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
  return { answers, rate: (answers * 1_000) / (performance.now() - startedMs) };
}

process.on('message', (asked: Load) => {
  const say = (loaded: Loaded): boolean | undefined => process.send?.(loaded);
  load(asked).then(say, (thrown: Error) => say({ wrong: thrown.message }));
});
