// Chain moods: what the local chain tells by itself, and how it misbehaves when it is told to.
import {
  Connection,
  Keypair,
  LAMPORTS_PER_SOL,
  type PublicKey,
  SystemProgram,
  TransactionMessage,
  VersionedTransaction,
} from '@solana/web3.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ChainServer, serveChain } from '../../src/local/chain/server.ts';
import { createWorld, type World } from '../../src/local/world.ts';
import { systemClock } from '../../src/system/clock.ts';

let world: World;
let server: ChainServer;
let connection: Connection;
const payer = Keypair.generate();

beforeAll(async () => {
  world = createWorld({ programFile: null, clock: systemClock });
  server = await serveChain(world.cluster, world.mischief);
  connection = new Connection(server.rpcUrl, {
    commitment: 'confirmed',
    disableRetryOnRateLimit: true,
  });
  await connection.requestAirdrop(payer.publicKey, 10 * LAMPORTS_PER_SOL);
  world.cluster.advance(20);
});
afterAll(() => server.close());

const transferTo = async (
  to: PublicKey,
  lamports: number,
  commitment: 'processed' | 'finalized' = 'processed',
): Promise<VersionedTransaction> => {
  const { blockhash } = await connection.getLatestBlockhash(commitment);
  const instructions = [
    SystemProgram.transfer({ fromPubkey: payer.publicKey, toPubkey: to, lamports }),
  ];
  const transaction = new VersionedTransaction(
    new TransactionMessage({
      payerKey: payer.publicKey,
      recentBlockhash: blockhash,
      instructions,
    }).compileToV0Message(),
  );
  transaction.sign([payer]);
  return transaction;
};

describe('subscriptions', () => {
  test('account, signature, logs and slot', async () => {
    const to = Keypair.generate().publicKey;
    const heard = { account: [] as number[], logs: [] as string[], slot: [] as number[] };
    const got = Promise.withResolvers<void>();
    connection.onAccountChange(to, (info) => heard.account.push(info.lamports), {
      commitment: 'confirmed',
    });
    connection.onLogs(to, (logs) => heard.logs.push(logs.signature), 'confirmed');
    connection.onSlotChange(({ slot }) => heard.slot.push(slot));
    // Subscribing is done once the server has been asked for all three.
    await expect
      .poll(() => server.calls.filter((each) => each.endsWith('Subscribe')).length, {
        timeout: 10_000,
      })
      .toBeGreaterThanOrEqual(3);
    const transaction = await transferTo(to, 2_000_000);
    const signature = await connection.sendTransaction(transaction);
    connection.onSignature(
      signature,
      (result) => (result.err === null ? got.resolve() : got.reject(new Error('failed'))),
      'confirmed',
    );
    await expect
      .poll(() => server.calls.filter((each) => each === 'signatureSubscribe').length)
      .toBe(1);
    world.cluster.advance(2);
    await got.promise;
    await expect.poll(() => heard.account).toEqual([2_000_000]);
    await expect.poll(() => heard.logs).toEqual([signature]);
    expect(heard.slot.length).toBeGreaterThan(0);
  });
});

describe('misbehaving', () => {
  test('a forked-off block never happened, and its transaction can land again', async () => {
    const to = Keypair.generate().publicKey;
    // A blockhash of the fork would go down with it.
    const transaction = await transferTo(to, 4_000_000, 'finalized');
    const slot = world.cluster.slot('processed');
    const signature = await connection.sendTransaction(transaction, { skipPreflight: true });
    world.cluster.advance(2);
    expect(await connection.getBalance(to)).toBe(4_000_000);
    const dropped = world.cluster.forkOff(slot);
    expect(dropped.map((each) => each.signature)).toEqual([signature]);
    expect(await connection.getBalance(to, 'processed')).toBe(0);
    expect(
      (await connection.getSignatureStatuses([signature], { searchTransactionHistory: true }))
        .value[0],
    ).toBeNull();
    await connection.sendRawTransaction(transaction.serialize(), { skipPreflight: true });
    world.cluster.advance(2);
    expect(await connection.getBalance(to)).toBe(4_000_000);
    expect((await connection.getSignatureStatuses([signature])).value[0]?.slot).toBeGreaterThan(
      slot,
    );
    expect(() => world.cluster.forkOff(world.cluster.slot('finalized'))).toThrow(RangeError);
  });

  test('429, node errors, lag, lost sends', async () => {
    world.mischief.tooManyRequests = 1;
    await expect(connection.getSlot()).rejects.toThrow(/429/);
    world.mischief.failing.set('getSlot', 1);
    await expect(connection.getSlot()).rejects.toThrow(/behind/);
    const now = await connection.getSlot('confirmed');
    world.mischief.lagSlots = 5;
    expect(await connection.getSlot('confirmed')).toBe(now - 5);
    world.mischief.lagSlots = 0;
    world.mischief.swallowSends = 1;
    const to = Keypair.generate().publicKey;
    await connection.sendTransaction(await transferTo(to, 1_500_000), { skipPreflight: true });
    world.cluster.advance(2);
    expect(await connection.getBalance(to)).toBe(0);
  });

  test('notifications can be lost or stop without a word; sockets can be cut', async () => {
    const to = Keypair.generate().publicKey;
    const seen: number[] = [];
    const asked = () => server.calls.filter((each) => each === 'accountSubscribe').length;
    const before = asked();
    connection.onAccountChange(to, (info) => seen.push(info.lamports), { commitment: 'confirmed' });
    await expect.poll(asked).toBe(before + 1);
    const pay = async (lamports: number) => {
      await connection.sendTransaction(await transferTo(to, lamports), { skipPreflight: true });
      world.cluster.advance(2);
    };
    world.mischief.dropNotifications = 1_000;
    await pay(1_000_000);
    world.mischief.dropNotifications = 0;
    world.mischief.muteSockets = true;
    await pay(1_000_001);
    world.mischief.muteSockets = false;
    await pay(1_000_002);
    await expect.poll(() => seen).toEqual([3_000_003]);
    server.cutSockets(1001);
    // Anything but a normal closure makes web3.js subscribe again.
    await expect.poll(asked, { timeout: 10_000 }).toBeGreaterThan(before + 1);
  });

  test('an airdrop is a transaction that can be confirmed', async () => {
    const to = Keypair.generate().publicKey;
    const signature = await connection.requestAirdrop(to, 12_345_678);
    world.cluster.advance(2);
    expect((await connection.getSignatureStatuses([signature])).value[0]?.err).toBeNull();
    expect(await connection.getBalance(to)).toBe(12_345_678);
  });
});
