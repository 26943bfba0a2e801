// Leaks: a test file that ends while a server, a socket or a child process of it is open fails, and
// the failure says where each was opened. A daemon or a pool of connections holds at least one.
import { subscribe } from 'node:diagnostics_channel';
import type { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { afterAll } from 'vitest';

/** The open resources that a test must have closed, as Node counts them. */
const KINDS = ['TCPServerWrap', 'TCPSocketWrap', 'ProcessWrap'];
/** The longest time that a connection may take to end after its owner has closed it. */
const GRACE_MS = 10_000;

/** Kept by the process, because the files of one worker may share it, and each runs this file. */
const kept = globalThis as {
  openedByTests?: Map<EventEmitter, string>;
  unheldByTests?: WeakSet<EventEmitter>;
};
const noting = kept.openedByTests !== undefined;
const openedAt = kept.openedByTests ?? new Map<EventEmitter, string>();
kept.openedByTests = openedAt;
kept.unheldByTests ??= new WeakSet();
const unheld = kept.unheldByTests;

/** Lets the process end while this socket is open: the socket belongs to the worker. */
export function letGo(socket: Socket): void {
  unheld.add(socket.unref());
}

/** Where the caller was called from: a line of a test, else of the project, else a package. */
function openedBy(stack: string): string {
  const lines = stack.split('\n').filter((line) => !/leaks\.ts/.test(line));
  const ours = lines.filter((line) => !/node_modules/.test(line) && /\/(?:src|test)\//.test(line));
  const line = ours.find((each) => /\.test\.ts:/.test(each)) ?? ours[0];
  if (line !== undefined) return line.trim();
  // postgres connects from a timer, so that no line of the caller is left.
  const [, name] = /\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(lines.join('\n')) ?? [];
  if (name === 'postgres') return 'by postgres: end the pool that it belongs to';
  return name === undefined ? 'by Node' : `by the package ${name}`;
}

/** Notes where `opened` was made, until it has closed. */
function note(what: string, opened: EventEmitter): void {
  if (unheld.has(opened)) return;
  openedAt.set(opened, `a ${what} opened ${openedBy(new Error(what).stack ?? '')}`);
  opened.once(what === 'child process' ? 'exit' : 'close', () => openedAt.delete(opened));
}

type Told = { socket: EventEmitter; server: EventEmitter; process: EventEmitter };
const channels: readonly (readonly [name: string, what: string, key: keyof Told])[] = [
  ['net.client.socket', 'socket', 'socket'],
  ['tracing:net.server.listen:asyncStart', 'server', 'server'],
  ['child_process', 'child process', 'process'],
];
for (const [name, what, key] of noting ? [] : channels)
  subscribe(name, (message) => note(what, (message as Told)[key]));

const left = (): string[] =>
  process.getActiveResourcesInfo().filter((kind) => KINDS.includes(kind));

/** What is open now, with the place where each was opened; null when nothing is. */
export function leftOpen(): string | null {
  const kinds = left();
  if (kinds.length === 0) return null;
  const told = [...openedAt.values()].join('\n');
  return `This test file left open: ${kinds.join(', ')}. Known of these:\n${told}`;
}

// Hooks of a file run in the reverse order of their definition: this one runs after the file's own.
afterAll(async () => {
  const until = performance.now() + GRACE_MS;
  while (left().length > 0 && performance.now() < until)
    await new Promise((resolve) => setTimeout(resolve, 20));
  const told = leftOpen();
  if (told !== null) throw new Error(told);
});
