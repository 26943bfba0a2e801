// Geyser: the messages of the gRPC stream, held against the codec of the published client.
import { Keypair } from '@solana/web3.js';
import geyser from '@triton-one/yellowstone-grpc/dist/grpc/geyser.js';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  latestBlockhashOf,
  latestBlockhashRequest,
  pongRequest,
  subscribeRequest,
  updateOf,
} from '../../src/chain/geyser.ts';
import { type Address, base58Text } from '../../src/core/ids.ts';

const addresses = (count: number): Address[] =>
  Array.from({ length: count }, () => Keypair.generate().publicKey.toBase58() as Address);
const written = (update: object): Uint8Array =>
  geyser.SubscribeUpdate.encode(geyser.SubscribeUpdate.fromPartial(update)).finish();
const bytes = (length: number, from = 1): Uint8Array =>
  Uint8Array.from({ length }, (_, index) => (index + from) % 256);

test('a request names every account, at confirmed, in the fields of the published protocol', () => {
  const accounts = addresses(300);
  const request = geyser.SubscribeRequest.decode(
    subscribeRequest({ accounts, fromSlot: 312_345_678 }),
  );
  expect(request.accounts).toEqual({
    bailiff: { account: accounts, owner: [], filters: [], nonemptyTxnSignature: undefined },
  });
  // Neither votes nor a filter for failed ones: these pay a fee as well.
  const { bailiff } = request.transactions;
  expect(bailiff).toMatchObject({ vote: false, failed: undefined, accountInclude: accounts });
  expect(bailiff).toMatchObject({ accountExclude: [], accountRequired: [], signature: undefined });
  expect(request.slots.bailiff?.filterByCommitment).toBe(true);
  expect([request.commitment, request.fromSlot, request.ping]).toEqual([1, '312345678', undefined]);
  expect([request.blocks, request.blocksMeta, request.entry, request.transactionsStatus]).toEqual([
    {},
    {},
    {},
    {},
  ]);
});

test('a request without accounts asks for slots alone, and not for the whole chain', () => {
  const request = geyser.SubscribeRequest.decode(
    subscribeRequest({ accounts: [], fromSlot: null }),
  );
  expect(request.accounts).toEqual({});
  expect(request.transactions).toEqual({});
  expect(Object.keys(request.slots)).toEqual(['bailiff']);
  expect(request.fromSlot).toBeUndefined();
});

test('a pong, and the question for a blockhash with its answer', () => {
  const pong = geyser.SubscribeRequest.decode(pongRequest());
  expect([pong.ping, pong.slots]).toEqual([{ id: 1 }, {}]);
  expect(geyser.GetLatestBlockhashRequest.decode(latestBlockhashRequest()).commitment).toBe(2);
  const answer = geyser.GetLatestBlockhashResponse.fromPartial({ slot: '7', blockhash: 'abc' });
  expect(latestBlockhashOf(geyser.GetLatestBlockhashResponse.encode(answer).finish())).toBe('abc');
});

test('an account is read whole, and one without lamports is gone', () => {
  const account = {
    pubkey: bytes(32),
    lamports: '18446744073709551615',
    owner: bytes(32, 9),
    executable: true,
    rentEpoch: '18446744073709551615',
    data: bytes(4_376),
    writeVersion: '123',
    txnSignature: bytes(64),
  };
  const update = { account: { account, slot: '312345678', isStartup: true } };
  expect(updateOf(written({ filters: ['bailiff'], ...update }))).toEqual({
    kind: 'account',
    address: base58Text(bytes(32)),
    slot: 312_345_678,
    account: { lamports: 2n ** 64n - 1n, owner: base58Text(bytes(32, 9)), data: bytes(4_376) },
  });
  const gone = { account: { ...update.account, account: { ...account, lamports: '0' } } };
  expect(updateOf(written(gone))).toMatchObject({ kind: 'account', account: null });
});

const balance = (accountIndex: number, amount: string) => ({
  accountIndex,
  mint: 'mint',
  owner: 'owner',
  programId: 'program',
  uiTokenAmount: { uiAmount: 1.5, decimals: 6, amount, uiAmountString: '1.5' },
});
const transactionOf = (meta: object): Uint8Array =>
  written({
    transaction: {
      slot: '99',
      transaction: {
        signature: bytes(64),
        isVote: false,
        index: '3',
        transaction: {
          signatures: [bytes(64)],
          message: {
            header: { numRequiredSignatures: 1 },
            accountKeys: [bytes(32), bytes(32, 2)],
            recentBlockhash: bytes(32, 3),
            instructions: [{ programIdIndex: 1, accounts: bytes(3), data: bytes(8) }],
            versioned: true,
          },
        },
        meta: {
          fee: '5000',
          logMessages: ['a log', 'another'],
          loadedWritableAddresses: [bytes(32, 4)],
          loadedReadonlyAddresses: [bytes(32, 5)],
          ...meta,
        },
      },
    },
  });

test('a transaction is read with its own keys and those of lookup tables', () => {
  const meta = { preBalances: ['10000000'], postBalances: ['9995000'] };
  expect(updateOf(transactionOf(meta))).toEqual({
    kind: 'transaction',
    signature: base58Text(bytes(64)),
    slot: 99,
    keys: [1, 2, 4, 5].map((from) => base58Text(bytes(32, from))),
    moves: false,
  });
});

test.each([
  ['a token balance changed', [balance(2, '5')], [balance(2, '4')], ['9'], ['9'], true],
  ['a token account came', [], [balance(2, '4')], ['9'], ['9'], true],
  ['a token account went', [balance(2, '4')], [], ['9'], ['9'], true],
  ['balances stayed', [balance(2, '5')], [balance(2, '5')], ['9'], ['9'], false],
  ['the payer lost more than fees', [], [], ['9000000', '1'], ['6000000', '1'], true],
  ['the payer lost a fee', [], [], ['9000000', '1'], ['8000000', '1'], false],
])('a transaction moves something or not: %s', (_, pre, post, before, after, moves) => {
  const meta = {
    preTokenBalances: pre,
    postTokenBalances: post,
    preBalances: before,
    postBalances: after,
  };
  expect(updateOf(transactionOf(meta))).toMatchObject({ moves });
});

test('addresses and signatures of any other length are refused', () => {
  const account = { pubkey: bytes(32), lamports: '1', owner: bytes(32), data: bytes(0) };
  const told = (given: object) => () =>
    updateOf(written({ account: { account: { ...account, ...given }, slot: '7' } }));
  expect(told({})).not.toThrow();
  for (const length of [0, 31, 33, 100_000]) {
    expect(told({ pubkey: bytes(length) })).toThrow(RangeError);
    expect(told({ owner: bytes(length) })).toThrow(RangeError);
    const loaded = { loadedWritableAddresses: [bytes(length)] };
    expect(() => updateOf(transactionOf(loaded))).toThrow(RangeError);
    const transaction = { transaction: { signature: bytes(length), meta: {} }, slot: '7' };
    expect(() => updateOf(written({ transaction }))).toThrow(RangeError);
  }
});

test('slots and pings are read, and what Bailiff did not ask for is skipped', () => {
  expect(updateOf(written({ slot: { slot: '312345678', status: 1 } }))).toEqual({
    kind: 'slot',
    slot: 312_345_678,
  });
  expect(updateOf(written({ ping: {} }))).toEqual({ kind: 'ping' });
  expect(updateOf(written({ pong: { id: 1 } }))).toEqual({ kind: 'other' });
  expect(updateOf(written({ createdAt: new Date(), filters: ['x'] }))).toEqual({ kind: 'other' });
});

test('bytes that are no message are refused and never hang', () => {
  const whole = transactionOf({ preBalances: ['1', '300'], postBalances: ['1', '300'] });
  const thrownBy = (given: Uint8Array): unknown => {
    try {
      updateOf(given);
      return null;
    } catch (thrown) {
      return thrown;
    }
  };
  const cut = Array.from({ length: whole.length - 1 }, (_, at) => whole.subarray(0, at + 1));
  expect(cut.filter((each) => !(thrownBy(each) instanceof RangeError))).toEqual([]);
  let refused = 0;
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (given) => {
      const thrown = thrownBy(given);
      if (thrown !== null) refused++;
      return thrown === null || thrown instanceof RangeError;
    }),
    { seed: 5, numRuns: 2_000 },
  );
  expect(refused).toBeGreaterThan(1_000);
});
