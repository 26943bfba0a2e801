// Leaks: a test file that ends while a server, a socket or a child process of it is open fails, and
// the failure says where each was opened. A daemon or a pool of connections holds at least one.
import { subscribe } from 'node:diagnostics_channel';
import type { EventEmitter } from 'node:events';
import { afterAll } from 'vitest';

/** The open resources that a test must have closed, as Node counts them. */
const KINDS = ['TCPServerWrap', 'TCPSocketWrap', 'ProcessWrap'];
/** The longest time that a connection may take to end after its owner has closed it. */
const GRACE_MS = 10_000;

/** Kept by the process, because the files of one worker may share it, and each runs this file. */
const kept = globalThis as { openedByTests?: Map<EventEmitter, string> };
const noting = kept.openedByTests !== undefined;
const openedAt = kept.openedByTests ?? new Map<EventEmitter, string>();
kept.openedByTests = openedAt;

/** Notes where `opened` was made, until it has closed. */
function note(what: string, opened: EventEmitter): void {
  const lines = new Error(what).stack?.split('\n') ?? [];
  const ours = lines.filter((line) => /\/(?:src|test)\//.test(line) && !/leaks\.ts/.test(line));
  const test = ours.find((line) => /\.test\.ts:/.test(line));
  openedAt.set(opened, `a ${what} opened ${(test ?? ours[0] ?? 'by a package').trim()}`);
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

// Hooks of a file run in the reverse order of their definition: this one runs after the file's own.
afterAll(async () => {
  const until = performance.now() + GRACE_MS;
  while (left().length > 0 && performance.now() < until)
    await new Promise((resolve) => setTimeout(resolve, 20));
  if (left().length === 0) return;
  const told = [...openedAt.values()].join('\n');
  throw new Error(`This test file left open: ${left().join(', ')}. Known of these:\n${told}`);
});
