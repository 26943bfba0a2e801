// Stream: gRPC streams against a provider that ends, mutes, refuses and forgets them. What was told
// while a stream was down is replayed, or the accounts are read.
import { status } from '@grpc/grpc-js';
import { Keypair } from '@solana/web3.js';
import { afterEach, expect, test } from 'vitest';
import type { Streamed } from '../../src/chain/stream-connection.ts';
import { openStreamFeed } from '../../src/chain/stream-feed.ts';
import { type Address, base58Text } from '../../src/core/ids.ts';
import { systemClock } from '../../src/system/clock.ts';
import { silentLog } from '../../src/system/log.ts';
import { type GeyserServer, openGeyser } from '../support/geyser-server.ts';

const stack: AsyncDisposableStack[] = [];
afterEach(async () => {
  for (const each of stack.splice(0)) await each.disposeAsync();
});

type Told = {
  readonly slots: number[];
  readonly accounts: [string, number, bigint | null][];
  readonly signatures: string[];
  readonly unread: string[];
  readonly gaps: number[];
  readonly logged: string[];
};
type Guard = {
  silentAfterMs?: number;
  accountsPerStream?: number;
  slotMost?: number;
  isOurs?: (blockhash: string) => boolean;
  onTransactions?: (given: readonly Streamed[]) => Promise<void>;
};

async function start(guard: Guard = {}) {
  const opened = new AsyncDisposableStack();
  stack.push(opened);
  const server = opened.use(await openGeyser());
  const told: Told = { slots: [], accounts: [], signatures: [], unread: [], gaps: [], logged: [] };
  const note = (event: string, fields?: object): void =>
    void told.logged.push(`${event} ${JSON.stringify(fields)}`);
  const feed = openStreamFeed({
    url: server.url,
    token: 'a-secret-token',
    // Times of reconnection are those of production; only the waits are cut to a tenth.
    clock: { ...systemClock, sleep: (ms, signal) => systemClock.sleep(ms / 10, signal) },
    log: { ...silentLog, warn: note, error: note, info: note },
    silentAfterMs: guard.silentAfterMs ?? 60_000,
    accountsPerStream: guard.accountsPerStream ?? 100,
    canBe: (slot) => slot <= (guard.slotMost ?? Number.MAX_SAFE_INTEGER),
    isOurs: async (blockhash) => guard.isOurs?.(blockhash) ?? true,
    onSlot: (slot) => void told.slots.push(slot),
    onAccount: (address, slot, account) =>
      void told.accounts.push([address, slot, account?.lamports ?? null]),
    async onTransactions(given) {
      await guard.onTransactions?.(given);
      told.signatures.push(...given.map((each) => each.signature));
    },
    onUnread: (addresses) => void told.unread.push(...addresses),
    onGap: (slot) => void told.gaps.push(slot),
  });
  opened.defer(() => feed.close());
  return { server, feed, told };
}
const addresses = (count: number): Address[] =>
  Array.from({ length: count }, () => Keypair.generate().publicKey.toBase58() as Address);
const signatureOf = (number: number): string =>
  base58Text(Uint8Array.from({ length: 64 }, (_, index) => (index === 0 ? 1 : number)));
const OFTEN = { interval: 5 };
const accountsOf = (server: GeyserServer): string[] =>
  server.requests.findLast((each) => each.ping === undefined)?.transactions.bailiff
    ?.accountInclude ?? [];
/** Follows accounts, and waits until the provider has told the slots that put this in force. */
async function follow(
  { server, feed, told }: Awaited<ReturnType<typeof start>>,
  watched: Address[],
  slot: number,
): Promise<void> {
  feed.follow(watched);
  await expect.poll(() => [...accountsOf(server)].sort(), OFTEN).toEqual([...watched].sort());
  server.tellSlot(slot - 1);
  server.tellSlot(slot);
  await expect.poll(() => told.slots.at(-1), OFTEN).toBe(slot);
}

test('names the accounts, hands on what it is told, and has each account read once', async () => {
  const street = await start();
  const { server, feed, told } = street;
  const watched = addresses(3) as [Address, Address, Address];
  await follow(street, watched, 100);
  expect([...told.unread].sort()).toEqual([...watched].sort());
  expect(feed.status()).toEqual({ sockets: 1, accounts: 3, subscribed: 3 });
  server.tellAccount(101, watched[1], 5n);
  server.tellAccount(102, watched[2], 0n);
  server.tellTransaction(102, signatureOf(1), [watched[0], ...addresses(1)]);
  await expect.poll(() => told.signatures, OFTEN).toEqual([signatureOf(1)]);
  expect(told.accounts).toEqual([
    [watched[1], 101, 5n],
    [watched[2], 102, null],
  ]);
  expect(told.unread).toHaveLength(3);
  expect(server.tokens).toEqual(['a-secret-token']);
});

test('answers pings, and keeps its filters', async () => {
  const street = await start();
  const { server, told } = street;
  const watched = addresses(1) as [Address];
  await follow(street, watched, 100);
  server.ping();
  await expect.poll(() => server.requests.at(-1)?.ping, OFTEN).toEqual({ id: 1 });
  server.tellTransaction(101, signatureOf(1), watched);
  await expect.poll(() => told.signatures, OFTEN).toEqual([signatureOf(1)]);
});

test('who joins and who leaves changes the request of the running stream', async () => {
  const street = await start();
  const { server, feed, told } = street;
  const [stays, leaves, joins] = addresses(3) as [Address, Address, Address];
  await follow(street, [stays, leaves], 100);
  await follow(street, [stays, joins], 110);
  expect(server.tokens).toHaveLength(1);
  // Who was heard already is not read again.
  expect(told.unread.slice(2)).toEqual([joins]);
  expect(feed.status()).toEqual({ sockets: 1, accounts: 2, subscribed: 2 });
});

test('what happened while the stream was down is replayed, and nothing is read anew', async () => {
  const street = await start();
  const { server, told } = street;
  const watched = addresses(2) as [Address, Address];
  await follow(street, watched, 1_000);
  server.drop();
  server.tellTransaction(1_001, signatureOf(7), watched);
  server.tellAccount(1_001, watched[0], 9n);
  server.tellSlot(1_001);
  await expect.poll(() => told.signatures, OFTEN).toEqual([signatureOf(7)]);
  await expect.poll(() => told.slots.at(-1), OFTEN).toBe(1_001);
  expect(told.accounts).toEqual([[watched[0], 1_001, 9n]]);
  // 32 slots are asked for again, because what belongs to a slot may come after its message.
  expect(server.requests.at(-1)?.fromSlot).toBe('968');
  expect(told.unread).toHaveLength(2);
  expect(told.gaps).toEqual([]);
});

test.each([
  [
    'the protocol’s code for it',
    status.OUT_OF_RANGE,
    'broadcast from 968 is not available, last available: 1500',
  ],
  ['an internal error of an older release', status.INTERNAL, 'from_slot is not supported'],
  ['a loss of data', status.DATA_LOSS, 'replay buffer overrun'],
])(
  'a provider that cannot replay that far says so by %s: every account is read',
  async (_, code, details) => {
    const street = await start();
    const { server, feed, told } = street;
    const watched = addresses(2);
    await follow(street, watched, 1_000);
    told.unread.length = 0;
    server.refusal = { code, details };
    server.drop();
    await expect.poll(() => told.gaps, OFTEN).toEqual([1_000]);
    server.refusal = null;
    server.replay = 'ignored';
    await expect.poll(() => server.requests.at(-1)?.fromSlot, OFTEN).toBeUndefined();
    await expect.poll(() => server.calls.size, OFTEN).toBe(1);
    server.tellSlot(2_000);
    server.tellSlot(2_001);
    await expect.poll(() => [...told.unread].sort(), OFTEN).toEqual([...watched].sort());
    expect(feed.status().subscribed).toBe(2);
    expect(told.gaps).toEqual([1_000]);
    expect(told.logged.filter((each) => each.startsWith('stream.gap'))).toHaveLength(1);
  },
);

test('a provider that takes the slot and replays nothing is noticed by the slot it begins with', async () => {
  const street = await start();
  const { server, told } = street;
  const watched = addresses(2);
  await follow(street, watched, 1_000);
  told.unread.length = 0;
  server.replay = 'ignored';
  server.drop();
  await expect.poll(() => server.requests.at(-1)?.fromSlot, OFTEN).toBe('968');
  await expect.poll(() => server.calls.size, OFTEN).toBe(1);
  server.tellSlot(1_050);
  await expect.poll(() => told.gaps, OFTEN).toEqual([1_000]);
  await expect.poll(() => server.requests.at(-1)?.fromSlot, OFTEN).toBeUndefined();
  await expect.poll(() => server.calls.size, OFTEN).toBe(1);
  server.tellSlot(1_051);
  server.tellSlot(1_052);
  await expect.poll(() => [...told.unread].sort(), OFTEN).toEqual([...watched].sort());
});

test('transactions that could not be stored are replayed until they are', async () => {
  let failures = 2;
  const street = await start({
    async onTransactions() {
      if (failures-- > 0) throw new Error('the ledger is away');
    },
  });
  const { server, told } = street;
  const watched = addresses(1) as [Address];
  await follow(street, watched, 1_000);
  server.tellTransaction(1_001, signatureOf(3), watched);
  server.tellSlot(1_001);
  await expect.poll(() => told.signatures, OFTEN).toEqual([signatureOf(3)]);
  expect(server.tokens).toHaveLength(3);
  expect(told.gaps).toEqual([]);
});

test('while the ledger is slow at most some hundred transactions wait in memory', async () => {
  const waits = Promise.withResolvers<void>();
  const batches: number[] = [];
  const street = await start({
    async onTransactions(given) {
      batches.push(given.length);
      if (batches.length === 1) await waits.promise;
    },
  });
  const { server, told } = street;
  const watched = addresses(1) as [Address];
  await follow(street, watched, 1_000);
  const flood = 3_000;
  for (let count = 0; count < flood; count++)
    server.tellTransaction(1_001, signatureOf(count % 250), [watched[0]]);
  server.tellSlot(1_001);
  await expect.poll(() => batches.length, OFTEN).toBe(1);
  waits.resolve();
  await expect.poll(() => told.signatures.length, OFTEN).toBe(flood);
  // 500 and what the library had read already.
  expect(Math.max(...batches)).toBeLessThan(600);
  await expect.poll(() => told.slots.at(-1), OFTEN).toBe(1_001);
});

test('a stream that is open and mute is found by the slots that stop coming', async () => {
  const street = await start({ silentAfterMs: 2_000 });
  const { server, told } = street;
  const watched = addresses(1) as [Address];
  await follow(street, watched, 1_000);
  server.mute = true;
  server.tellTransaction(1_001, signatureOf(4), watched);
  server.tellSlot(1_001);
  await expect.poll(() => told.signatures, OFTEN).toEqual([signatureOf(4)]);
  expect(told.logged.some((each) => each.includes('"why":"silent"'))).toBe(true);
});

test('a provider of another chain is given no accounts, and is asked again', async () => {
  let ours = false;
  const opened = start({ isOurs: () => ours });
  const street = await opened;
  const { server, feed, told } = street;
  server.blockhash = 'a blockhash';
  const watched = addresses(1);
  feed.follow(watched);
  await expect.poll(() => told.logged.join(), OFTEN).toContain('stream.foreign');
  expect(server.requests).toEqual([]);
  ours = true;
  await follow(street, watched, 1_000);
  expect(feed.status().subscribed).toBe(1);
});

test('slots that our chain cannot have reached, and what is told of them, count for nothing', async () => {
  const street = await start({ slotMost: 1_000 });
  const { server, told } = street;
  const watched = addresses(1) as [Address];
  await follow(street, watched, 1_000);
  server.tellTransaction(9_000, signatureOf(5), watched);
  server.tellAccount(9_000, watched[0], 1n);
  server.tellSlot(9_000);
  server.tellTransaction(1_000, signatureOf(6), watched);
  await expect.poll(() => told.signatures, OFTEN).toEqual([signatureOf(6)]);
  expect([told.accounts, told.slots.at(-1)]).toEqual([[], 1_000]);
});

test('accounts beyond what one request names get a stream of their own', async () => {
  const street = await start({ accountsPerStream: 2 });
  const { server, feed, told } = street;
  const watched = addresses(5);
  feed.follow(watched);
  await expect.poll(() => server.calls.size, OFTEN).toBe(3);
  await expect.poll(() => server.requests.length, OFTEN).toBeGreaterThanOrEqual(3);
  await expect
    .poll(() => {
      server.tellSlot(100 + told.slots.length);
      return feed.status();
    }, OFTEN)
    .toEqual({ sockets: 3, accounts: 5, subscribed: 5 });
  const named = server.requests.map(
    (each) => each.transactions.bailiff?.accountInclude.length ?? 0,
  );
  expect(Math.max(...named)).toBe(2);
});

test('neither the token nor the path of the URL stands in the log', async () => {
  const street = await start();
  const { server, told } = street;
  await follow(street, addresses(1), 1_000);
  server.refusal = { code: status.UNAUTHENTICATED, details: 'no' };
  server.drop();
  await expect.poll(() => told.logged.join(), OFTEN).toContain('UNAUTHENTICATED');
  expect(told.logged.join()).not.toContain('a-secret-token');
});
