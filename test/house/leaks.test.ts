// Leaks: what a test leaves open is named with the line that opened it, or as a pool of postgres.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import postgres from 'postgres';
import { expect, inject, test } from 'vitest';
import { leftOpen } from '../support/leaks.ts';

/** What is told to be open while `work` holds it, without the first line. */
async function openDuring(work: (stack: AsyncDisposableStack) => Promise<unknown>) {
  await using stack = new AsyncDisposableStack();
  await work(stack);
  return leftOpen()?.split('\n').slice(1);
}

test('a server, a socket, a child process and a pool are each named', async () => {
  const here = (what: string) => expect.stringMatching(`^a ${what} opened at .*leaks\\.test\\.ts:`);
  const listening = async (stack: AsyncDisposableStack): Promise<number> => {
    const server = createServer().listen(0, '127.0.0.1');
    stack.defer(() => new Promise<void>((resolve) => void server.close(() => resolve())));
    await once(server, 'listening');
    return (server.address() as { port: number }).port;
  };
  expect(await openDuring(listening)).toEqual([here('server')]);
  const connected = await openDuring(async (stack) => {
    const socket = connect(await listening(stack), '127.0.0.1');
    stack.defer(() => void socket.destroy());
    await once(socket, 'connect');
  });
  expect(connected).toEqual([here('server'), here('socket')]);
  const spawned = await openDuring(async (stack) => {
    const child = spawn('sleep', ['60']);
    stack.defer(async () => {
      child.kill();
      await once(child, 'exit');
    });
  });
  expect(spawned).toEqual([here('child process')]);
  const pooled = await openDuring(async (stack) => {
    const sql = postgres(inject('adminUrl'), { max: 1, fetch_types: false });
    stack.defer(() => sql.end());
    await sql`select 1`;
  });
  expect(pooled).toEqual(['a socket opened by postgres: end the pool that it belongs to']);
  await expect.poll(leftOpen).toBeNull();
});
