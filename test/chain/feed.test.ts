// Feed: account subscriptions against a node that ends, mutes and refuses sockets in every way.
// Every account is subscribed again each time, and gaps in the notifications are reported.
import { Keypair } from '@solana/web3.js';
import { afterEach, expect, test } from 'vitest';
import type { WebSocket } from 'ws';
import { type FeedOptions, openFeed } from '../../src/chain/feed.ts';
import type { Address } from '../../src/core/ids.ts';
import type { Clock } from '../../src/core/ports.ts';
import { systemClock } from '../../src/system/clock.ts';
import { silentLog } from '../../src/system/log.ts';
import { openNode } from '../support/socket-node.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

type Guard = { admit: boolean; slotMost: number; asked?: number };
async function start(
  accountsPerSocket = 100,
  silentAfterMs = 400,
  guard?: Guard,
  options: {
    most?: number;
    socketsMost?: number;
    clock?: Clock;
    sliceOf?: FeedOptions['sliceOf'];
  } = {},
) {
  const { most = Number.POSITIVE_INFINITY, socketsMost = 64 } = options;
  const node = await openNode();
  node.most = most;
  const slots: number[] = [];
  const errors: string[] = [];
  const warned: string[] = [];
  const told: { address: string; slot: number }[] = [];
  const gaps: string[] = [];
  const spent = { opened: 0, bytes: 0 };
  const feed = openFeed({
    url: node.url,
    clock: options.clock ?? { ...systemClock, elapsedMs: node.nowMs },
    log: {
      ...silentLog,
      error: (event) => void errors.push(event),
      warn: (event) => void warned.push(event),
    },
    silentAfterMs,
    accountsPerSocket,
    socketsMost,
    admit: async () => {
      if (guard !== undefined) guard.asked = (guard.asked ?? 0) + 1;
      return guard?.admit ?? true;
    },
    canBe: (slot) => slot <= (guard?.slotMost ?? Number.MAX_SAFE_INTEGER),
    onSlot: (slot) => void slots.push(slot),
    sliceOf: options.sliceOf ?? (() => null),
    onAccount: (address, slot) => void told.push({ address, slot }),
    onSubscribed: (addresses) => void gaps.push(...addresses),
    onOpened: () => void spent.opened++,
    onBytes(bytes) {
      spent.bytes += bytes;
    },
  });
  open.push(node, feed);
  return { node, feed, told, gaps, slots, errors, warned, spent };
}
const addresses = (count: number): Address[] =>
  Array.from({ length: count }, () => Keypair.generate().publicKey.toBase58() as Address);
/** How often a wait looks, in milliseconds. */
const OFTEN = { interval: 10 };

test('asks for the bytes that its reader compares, also after a reconnect', async () => {
  const [sliced, whole] = addresses(2) as [Address, Address];
  const slice = { offset: 4_264, length: 93 };
  const sliceOf = (address: Address) => (address === sliced ? slice : null);
  const { node, feed } = await start(100, 400, undefined, { sliceOf });
  feed.follow([sliced, whole]);
  const asked = async (connections: number) => {
    await expect.poll(() => feed.status().subscribed, OFTEN).toBe(2);
    expect(node.connections).toBe(connections);
    expect([node.slices.get(sliced), node.slices.get(whole)]).toEqual([slice, undefined]);
  };
  await asked(1);
  node.slices.clear();
  for (const each of node.sockets) each.terminate();
  await expect.poll(() => node.connections, OFTEN).toBe(2);
  await asked(2);
});

test('spreads accounts over sockets and hands notifications on', async () => {
  const { node, feed, told, gaps, spent } = await start(4);
  const watched = addresses(10);
  feed.follow(watched.slice(0, 6));
  feed.follow(watched);
  await expect.poll(() => node.subscribed().sort(), OFTEN).toEqual([...watched].sort());
  await expect
    .poll(() => feed.status(), OFTEN)
    .toEqual({ sockets: 3, accounts: 10, subscribed: 10 });
  expect([...gaps].sort()).toEqual([...watched].sort());
  expect(spent.opened).toBe(3);
  const before = spent.bytes;
  node.notify(watched[7] ?? '', 42, 5);
  await expect.poll(() => told, OFTEN).toEqual([{ address: watched[7], slot: 42 }]);
  // Slots may have come with it.
  expect(spent.bytes - before).toBeGreaterThan(100);
});

test('a notification that no account can have is dropped, and the connection stays', async () => {
  const { node, feed, told } = await start();
  const [watched = ''] = addresses(1);
  feed.follow([watched as Address]);
  await expect.poll(() => feed.status().subscribed, OFTEN).toBe(1);
  const value = { lamports: 5, owner: watched, data: ['', 'base64'] };
  for (const lamports of [0.5, -1, 2 ** 60, '5', null])
    node.notifyAny(watched, 41, { ...value, lamports });
  for (const data of [[], [null], [{ toString: 1 }], 'text'])
    node.notifyAny(watched, 41, { ...value, data });
  for (const slot of [0.5, -1, 2 ** 60, '41', null]) node.notifyAny(watched, slot, value);
  for (const given of [7, 'text', { ...value, owner: 7 }]) node.notifyAny(watched, 41, given);
  node.notify(watched, 42, 5);
  await expect.poll(() => told, OFTEN).toEqual([{ address: watched, slot: 42 }]);
  expect(node.connections).toBe(1);
});

test('follows exactly who it is told to: who has left is unsubscribed, and makes room', async () => {
  const { node, feed, gaps } = await start(4);
  const [first, ...rest] = addresses(8);
  feed.follow([first as Address, ...rest.slice(0, 3)]);
  // Before the node has acknowledged anything, and after.
  feed.follow(rest.slice(0, 5));
  await expect.poll(() => node.subscribed().sort(), OFTEN).toEqual(rest.slice(0, 5).sort());
  await expect.poll(() => feed.status(), OFTEN).toEqual({ sockets: 2, accounts: 5, subscribed: 5 });
  expect(gaps).not.toContain(first);
  feed.follow(rest.slice(2));
  await expect.poll(() => node.subscribed().sort(), OFTEN).toEqual(rest.slice(2).sort());
  // The node has subscribed an account before the feed has its answer.
  await expect.poll(() => feed.status(), OFTEN).toEqual({ sockets: 2, accounts: 5, subscribed: 5 });
  // On the next connection too.
  for (const socket of node.sockets) socket.terminate();
  await expect.poll(() => node.subscribed().sort(), OFTEN).toEqual(rest.slice(2).sort());
});

test('an account that leaves before the node has answered is unsubscribed when it does', async () => {
  const { node, feed, gaps } = await start();
  const [stays, leaves] = addresses(2) as [Address, Address];
  feed.follow([stays]);
  await expect.poll(() => feed.status().subscribed, OFTEN).toBe(1);
  node.kept = [];
  feed.follow([stays, leaves]);
  await expect.poll(() => node.subscribed(), OFTEN).toContain(leaves);
  feed.follow([stays]);
  for (const answer of node.kept.splice(0)) answer();
  node.kept = null;
  await expect.poll(() => node.subscribed(), OFTEN).toEqual([stays]);
  expect(feed.status()).toEqual({ sockets: 1, accounts: 1, subscribed: 1 });
  expect(gaps).toEqual([stays]);
});

test.each([
  ['a server’s clean close, code 1000', (socket: WebSocket) => socket.close(1000)],
  ['a server that goes away, code 1001', (socket: WebSocket) => socket.close(1001)],
  ['a connection that is cut', (socket: WebSocket) => socket.terminate()],
])('%s: subscribes again, and says that it may have missed something', async (_, end) => {
  const { node, feed, gaps } = await start();
  const watched = addresses(3);
  feed.follow(watched);
  await expect.poll(() => feed.status().subscribed, OFTEN).toBe(3);
  gaps.length = 0;
  for (const socket of node.sockets) end(socket);
  await expect.poll(() => [...gaps].sort(), OFTEN).toEqual([...watched].sort());
  expect(feed.status().subscribed).toBe(3);
});

test('a socket that is open and mute is found by the slots that stop coming', async () => {
  const { node, feed, gaps } = await start();
  const watched = addresses(2);
  feed.follow(watched);
  await expect.poll(() => feed.status().subscribed, OFTEN).toBe(2);
  const first = [...node.sockets][0];
  gaps.length = 0;
  node.mute = true;
  await expect.poll(() => node.sockets.has(first as WebSocket), OFTEN).toBe(false);
  node.mute = false;
  await expect.poll(() => [...new Set(gaps)].sort(), OFTEN).toEqual([...watched].sort());
});

test('a refused subscription is asked for again until it is taken', async () => {
  const { node, feed } = await start();
  node.refuse = true;
  feed.follow(addresses(1));
  await expect.poll(() => node.refused, OFTEN).toBeGreaterThan(0);
  node.refuse = false;
  await expect.poll(() => feed.status().subscribed, OFTEN).toBe(1);
});

test('a socket whose slots our chain cannot have reached hands nothing on, is told of, and is opened again', async () => {
  const guard = { admit: true, slotMost: 1_000_000 };
  const { node, feed, told, slots, errors, gaps } = await start(100, 400, guard);
  const [watched] = addresses(1);
  feed.follow([watched as Address]);
  await expect.poll(() => slots.length, OFTEN).toBeGreaterThan(2);
  node.notify(watched as string, 900_000_000_000, 1);
  node.notify(watched as string, 7, 2);
  await expect.poll(() => told, OFTEN).toEqual([{ address: watched, slot: 7 }]);
  // The URL leads to another chain from now on.
  node.jump = 900_000_000_000;
  await expect.poll(() => errors.includes('feed.foreign'), OFTEN).toBe(true);
  expect(Math.max(...slots)).toBeLessThan(guard.slotMost);
  // The node is asked again regularly; once it names our chain, the accounts are read again.
  const before = gaps.length;
  guard.slotMost = Number.MAX_SAFE_INTEGER;
  await expect.poll(() => gaps.length, OFTEN).toBeGreaterThan(before);
  await expect.poll(() => Math.max(...slots), OFTEN).toBeGreaterThan(900_000_000_000);
});

test('no connection is made while the host names another chain', async () => {
  const guard: Guard = { admit: false, slotMost: 1_000_000 };
  const { node, feed, gaps } = await start(100, 400, guard);
  const watched = addresses(2);
  feed.follow(watched);
  await expect.poll(() => guard.asked, OFTEN).toBeGreaterThan(2);
  expect(node.connections).toBe(0);
  guard.admit = true;
  await expect.poll(() => [...gaps].sort(), OFTEN).toEqual([...watched].sort());
});

test('a node that takes 25 accounts a connection: those it took stay, the others go to further sockets', async () => {
  const { node, feed, told } = await start(1_000, 5_000, undefined, { most: 25 });
  const watched = addresses(110);
  feed.follow(watched);
  await expect
    .poll(() => feed.status(), OFTEN)
    .toEqual({ sockets: 5, accounts: 110, subscribed: 110 });
  expect(node.subscribed().sort()).toEqual([...watched].sort());
  expect(node.slotSubscriptions).toBe(1);
  const asked = node.refused;
  // The number is known from now on: further accounts are not asked for in vain.
  const more = addresses(20);
  feed.follow([...watched, ...more]);
  await expect.poll(() => feed.status().subscribed, OFTEN).toBe(130);
  expect(node.refused - asked).toBe(0);
  node.notify(watched[109] ?? '', 42, 5);
  await expect.poll(() => told, OFTEN).toEqual([{ address: watched[109], slot: 42 }]);
});

test('beyond the sockets that may be opened accounts are not subscribed, which is said, and they are when there is room', async () => {
  const { node, feed, warned } = await start(1_000, 5_000, undefined, { most: 10, socketsMost: 2 });
  const watched = addresses(25);
  feed.follow(watched);
  await expect
    .poll(() => feed.status(), OFTEN)
    .toEqual({ sockets: 2, accounts: 25, subscribed: 20 });
  expect(warned.filter((each) => each === 'feed.full').length).toBeGreaterThan(0);
  const taken = new Set(node.subscribed());
  const left = watched.filter((each) => !taken.has(each));
  feed.follow([...watched.filter((each) => taken.has(each)).slice(5), ...left]);
  await expect.poll(() => feed.status().subscribed, OFTEN).toBe(20);
  expect(new Set(node.subscribed())).toEqual(
    new Set([...watched.filter((each) => taken.has(each)).slice(5), ...left]),
  );
});

test('accounts that no socket could take are placed when what a connection takes has grown, without a change of the list', async () => {
  let passedMs = 0;
  // Waits of a minute and more take a hundredth of a second here.
  const clock: Clock = {
    ...systemClock,
    elapsedMs: () => systemClock.elapsedMs() + passedMs,
    sleep: (ms, signal) => systemClock.sleep(ms >= 60_000 ? 10 : ms, signal),
  };
  const { node, feed } = await start(1_000, 7_200_000, undefined, {
    most: 10,
    socketsMost: 2,
    clock,
  });
  const watched = addresses(25);
  feed.follow(watched);
  await expect.poll(() => feed.status().subscribed).toBe(20);
  node.most = 100;
  // The limit is believed for ten minutes.
  await expect.poll(() => node.subscribed().length).toBe(20);
  passedMs = 3_600_000;
  await expect.poll(() => feed.status().subscribed).toBe(25);
  expect(node.subscribed().sort()).toEqual([...watched].sort());
  expect(node.connections).toBe(2);
});

test('a socket without slots that no longer answers is opened anew, and one on which nothing happens is not', async () => {
  const { node, feed, gaps } = await start(2, 400);
  const watched = addresses(4);
  feed.follow(watched);
  await expect.poll(() => feed.status().subscribed, OFTEN).toBe(4);
  const [first, second] = [...node.sockets] as [WebSocket, WebSocket];
  // Many times the silence that would end it.
  await expect.poll(() => node.probes, OFTEN).toBeGreaterThan(12);
  expect([...node.sockets]).toEqual([first, second]);
  gaps.length = 0;
  node.deaf.add(second);
  await expect.poll(() => node.sockets.has(second), OFTEN).toBe(false);
  await expect.poll(() => [...gaps].sort(), OFTEN).toEqual(watched.slice(2).sort());
  expect(node.sockets.has(first)).toBe(true);
});
