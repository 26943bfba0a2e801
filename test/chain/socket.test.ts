// Socket: an error while a message is read ends the connection and not the process, and a
// connection that has ended leaves no listener behind.
import { getEventListeners } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import { openSocket, type SocketOptions } from '../../src/chain/socket.ts';
import { systemClock } from '../../src/system/clock.ts';
import { silentLog } from '../../src/system/log.ts';
import { openNode } from '../support/socket-node.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

/** A socket that follows the account `ana`, and its node. Waits of the socket are cut short. */
async function start(options: Partial<SocketOptions> = {}) {
  const node = await openNode();
  const ended: unknown[] = [];
  const signals = new Set<AbortSignal>();
  const socket = openSocket({
    url: node.url,
    clock: {
      ...systemClock,
      sleep(ms, signal) {
        signals.add(signal);
        return systemClock.sleep(Math.min(ms, 10), signal);
      },
    },
    log: { ...silentLog, warn: (_, fields) => void ended.push(fields?.why) },
    silentAfterMs: 7_200_000,
    admit: async () => true,
    canBe: () => true,
    onSlot: () => {},
    onAccount: () => {},
    sliceOf: () => null,
    onSubscribed: () => {},
    onRefused: () => {},
    ...options,
  });
  open.push(node, socket);
  socket.add('ana');
  await expect.poll(() => socket.subscribed, OFTEN).toBe(1);
  return { node, socket, ended, signals };
}
/** How often a wait looks, in milliseconds. */
const OFTEN = { interval: 10 };

test('an error while a message is read ends the connection alone, and the next one goes on', async () => {
  const told: number[] = [];
  const onAccount = (_: string, slot: number) => {
    if (slot === 41) throw new Error('no reader expects this');
    told.push(slot);
  };
  const { node, socket, ended } = await start({ onAccount });
  node.notify('ana', 41, 5);
  node.notify('ana', 42, 5);
  await expect.poll(() => node.connections, OFTEN).toBe(2);
  expect(ended).toEqual(['a message cannot be read: no reader expects this']);
  await expect.poll(() => socket.subscribed, OFTEN).toBe(1);
  // What came on the ended connection after the error is not handed on.
  expect(told).toEqual([]);
  node.notify('ana', 43, 5);
  await expect.poll(() => told, OFTEN).toEqual([43]);
});

test('connections that have ended leave no listener behind', async () => {
  const { node, socket, signals } = await start();
  for (let ended = 0; ended < 5; ended++) {
    await expect.poll(() => socket.subscribed, OFTEN).toBe(1);
    for (const each of node.sockets) each.terminate();
    await expect.poll(() => node.connections, OFTEN).toBe(ended + 2);
  }
  // A signal has a listener of the connection that stands, and one of a wait.
  const listeners = [...signals].map((each) => getEventListeners(each, 'abort').length);
  expect(Math.max(...listeners)).toBeLessThanOrEqual(2);
});
