// Chain moods: the notifications of the local chain, and its misbehaviour when a test asks for it.
import { once } from 'node:events';
import { Keypair, type PublicKey } from '@solana/web3.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { openTestChain, type TestChain } from '../support/chain.ts';

let chain: TestChain;
beforeAll(async () => {
  chain = await openTestChain();
});
afterAll(() => chain.server.close());

describe('subscriptions', () => {
  test('account, signature, logs and slot', async () => {
    const to = Keypair.generate().publicKey;
    const heard = { account: [] as number[], logs: [] as string[], slot: [] as number[] };
    const got = Promise.withResolvers<void>();
    chain.connection.onAccountChange(to, (info) => heard.account.push(info.lamports), {
      commitment: 'confirmed',
    });
    chain.connection.onLogs(to, (logs) => heard.logs.push(logs.signature), 'confirmed');
    chain.connection.onSlotChange(({ slot }) => heard.slot.push(slot));
    // Subscribing is done once the server has been asked for all three.
    await expect
      .poll(() => chain.server.calls.filter((each) => each.endsWith('Subscribe')).length)
      .toBeGreaterThanOrEqual(3);
    const transaction = await chain.transferTo(to, 2_000_000);
    const signature = await chain.connection.sendTransaction(transaction);
    chain.connection.onSignature(
      signature,
      (result) => (result.err === null ? got.resolve() : got.reject(new Error('failed'))),
      'confirmed',
    );
    await expect
      .poll(() => chain.server.calls.filter((each) => each === 'signatureSubscribe').length)
      .toBe(1);
    chain.world.cluster.advance(2);
    await got.promise;
    await expect.poll(() => heard.account).toEqual([2_000_000]);
    await expect.poll(() => heard.logs).toEqual([signature]);
    expect(heard.slot.length).toBeGreaterThan(0);
  });

  test('of two subscriptions to an account the one that was ended is told nothing', async () => {
    const [to, other] = [Keypair.generate().publicKey, Keypair.generate().publicKey];
    const socket = new WebSocket(chain.server.wsUrl);
    const told: { id?: number; result?: unknown; params?: { subscription: number } }[] = [];
    socket.on('message', (raw: Buffer) => told.push(JSON.parse(raw.toString('utf8'))));
    await once(socket, 'open');
    let last = 0;
    const ask = async (method: string, ...params: unknown[]): Promise<unknown> => {
      const id = ++last;
      socket.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
      await expect.poll(() => told.some((each) => each.id === id)).toBe(true);
      return told.find((each) => each.id === id)?.result;
    };
    const follow = (address: PublicKey) =>
      ask('accountSubscribe', address.toBase58(), { commitment: 'confirmed' });
    const [ended, kept, another] = [await follow(to), await follow(to), await follow(other)];
    expect(await ask('accountUnsubscribe', ended)).toBe(true);
    expect(await ask('accountUnsubscribe', ended)).toBe(false);
    const notified = () => told.flatMap(({ params }) => (params ? [params.subscription] : []));
    await chain.connection.sendTransaction(await chain.transferTo(to, 2_000_000));
    chain.world.cluster.advance(2);
    await expect.poll(notified).toEqual([kept]);
    await chain.connection.sendTransaction(await chain.transferTo(other, 2_000_000));
    await chain.connection.sendTransaction(await chain.transferTo(to, 3_000_000));
    chain.world.cluster.advance(2);
    await expect.poll(notified).toEqual([kept, kept, another]);
    socket.close();
  });
});

describe('misbehaving', () => {
  test('a forked-off block never happened, and its transaction can land again', async () => {
    const to = Keypair.generate().publicKey;
    // A blockhash of the fork would go down with it.
    const transaction = await chain.transferTo(to, 4_000_000, 'finalized');
    const slot = chain.world.cluster.slot('processed');
    const signature = await chain.connection.sendTransaction(transaction, { skipPreflight: true });
    chain.world.cluster.advance(2);
    expect(await chain.connection.getBalance(to)).toBe(4_000_000);
    const dropped = chain.world.cluster.forkOff(slot);
    expect(dropped.map((each) => each.signature)).toEqual([signature]);
    expect(await chain.connection.getBalance(to, 'processed')).toBe(0);
    expect(
      (await chain.connection.getSignatureStatuses([signature], { searchTransactionHistory: true }))
        .value[0],
    ).toBeNull();
    await chain.connection.sendRawTransaction(transaction.serialize(), { skipPreflight: true });
    chain.world.cluster.advance(2);
    expect(await chain.connection.getBalance(to)).toBe(4_000_000);
    expect(
      (await chain.connection.getSignatureStatuses([signature])).value[0]?.slot,
    ).toBeGreaterThan(slot);
    const final = chain.world.cluster.slot('finalized');
    chain.world.cluster.forkOff(final + 1);
    expect(chain.world.cluster.slot('finalized')).toBe(final);
    expect(() => chain.world.cluster.forkOff(chain.world.cluster.slot('finalized'))).toThrow(
      RangeError,
    );
  });

  test('429, node errors, lag, lost sends', async () => {
    chain.world.mischief.tooManyRequests = 1;
    await expect(chain.connection.getSlot()).rejects.toThrow(/429/);
    chain.world.mischief.failing.set('getSlot', 1);
    await expect(chain.connection.getSlot()).rejects.toThrow(/behind/);
    const now = await chain.connection.getSlot('confirmed');
    chain.world.mischief.lagSlots = 5;
    expect(await chain.connection.getSlot('confirmed')).toBe(now - 5);
    chain.world.mischief.lagSlots = 0;
    chain.world.mischief.swallowSends = 1;
    const to = Keypair.generate().publicKey;
    await chain.connection.sendTransaction(await chain.transferTo(to, 1_500_000), {
      skipPreflight: true,
    });
    chain.world.cluster.advance(2);
    expect(await chain.connection.getBalance(to)).toBe(0);
  });

  test('notifications can be lost or stop without a word; sockets can be cut', async () => {
    const to = Keypair.generate().publicKey;
    const seen: number[] = [];
    const asked = () => chain.server.calls.filter((each) => each === 'accountSubscribe').length;
    const before = asked();
    chain.connection.onAccountChange(to, (info) => seen.push(info.lamports), {
      commitment: 'confirmed',
    });
    await expect.poll(asked).toBe(before + 1);
    const pay = async (lamports: number) => {
      await chain.connection.sendTransaction(await chain.transferTo(to, lamports), {
        skipPreflight: true,
      });
      chain.world.cluster.advance(2);
    };
    chain.world.mischief.dropNotifications = 1_000;
    await pay(1_000_000);
    chain.world.mischief.dropNotifications = 0;
    chain.world.mischief.muteSockets = true;
    await pay(1_000_001);
    chain.world.mischief.muteSockets = false;
    await pay(1_000_002);
    await expect.poll(() => seen).toEqual([3_000_003]);
    chain.server.cutSockets(1001);
    // Anything but a normal closure makes web3.js subscribe again.
    await expect.poll(asked).toBeGreaterThan(before + 1);
  });

  test('an airdrop is a transaction that can be confirmed', async () => {
    const to = Keypair.generate().publicKey;
    const signature = await chain.connection.requestAirdrop(to, 12_345_678);
    chain.world.cluster.advance(2);
    expect((await chain.connection.getSignatureStatuses([signature])).value[0]?.err).toBeNull();
    expect(await chain.connection.getBalance(to)).toBe(12_345_678);
  });
});
