// Load: answers a second of a server whose connections are kept busy by a process of its own.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { Load, Loaded } from './load-client.ts';

export type Loader = {
  /** Keeps every connection busy for a while; returns answers a second. */
  rate(port: number, connections: number, request: Buffer): Promise<number>;
  stop(): void;
};

export function openLoader(): Loader {
  const client = fork(path.join(import.meta.dirname, 'load-client.ts'));
  return {
    async rate(port, connections, request) {
      const asked: Load = { port, connections, request: request.toString('base64') };
      client.send(asked);
      const [loaded] = (await once(client, 'message')) as [Loaded];
      if ('wrong' in loaded) throw new Error(loaded.wrong);
      return loaded.rate;
    },
    stop: () => client.disconnect(),
  };
}

export const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
