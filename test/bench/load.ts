// Load: answers a second of a server whose connections are kept busy by a process of its own, and
// how many answers the server gives in a second of its CPU. The second figure is the one to
// compare: beside other work, the first one tells how busy the machine is.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Load, Loaded } from './load-client.ts';

export type Loader = {
  /** Keeps every connection busy for a while; returns answers a second. */
  rate(port: number, connections: number, request: Buffer): Promise<number>;
  /** Both: answers a second, and answers in a second of CPU of the server's main thread. */
  measure(
    server: { readonly port: number; readonly pid: number },
    connections: number,
    request: Buffer,
  ): Promise<{ readonly rate: number; readonly perCpuSecond: number }>;
  /** Answers in a second of CPU of the server's main thread. */
  perCpuSecond(
    server: { readonly port: number; readonly pid: number },
    connections: number,
    request: Buffer,
  ): Promise<number>;
  stop(): void;
};

/** Seconds of CPU of a process's main thread, from the first number of schedstat. */
const cpuS = (pid: number): number =>
  Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[0]) / 1e9;

export function openLoader(): Loader {
  const client = fork(path.join(import.meta.dirname, 'load-client.ts'));
  const load = async (port: number, connections: number, request: Buffer) => {
    const asked: Load = { port, connections, request: request.toString('base64') };
    client.send(asked);
    const [loaded] = (await once(client, 'message')) as [Loaded];
    if ('wrong' in loaded) throw new Error(loaded.wrong);
    return loaded;
  };
  const measure: Loader['measure'] = async ({ port, pid }, connections, request) => {
    const before = cpuS(pid);
    const { answers, rate } = await load(port, connections, request);
    return { rate, perCpuSecond: answers / (cpuS(pid) - before) };
  };
  return {
    rate: async (port, connections, request) => (await load(port, connections, request)).rate,
    measure,
    perCpuSecond: async (...asked) => (await measure(...asked)).perCpuSecond,
    stop: () => client.disconnect(),
  };
}

export const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
