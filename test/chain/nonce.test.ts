// Nonce: address, reading and instructions of a durable nonce account are those of web3.js.
import { Keypair, NONCE_ACCOUNT_LENGTH, PublicKey, SystemProgram } from '@solana/web3.js';
import { describe, expect, test } from 'vitest';
import {
  advanceNonce,
  closeNonce,
  createNonce,
  inspectAdvance,
  nonceAddress,
  readNonce,
} from '../../src/chain/nonce.ts';
import { inspectTokens } from '../../src/chain/tokens.ts';
import type { Address } from '../../src/core/ids.ts';
import { SYSTEM_PROGRAM, TOKEN_PROGRAM } from '../../src/core/programs.ts';
import { addressOf } from '../support/ledger.ts';

const authority = Keypair.generate().publicKey.toBase58() as Address;
const value = Keypair.generate().publicKey;
const account = nonceAddress(authority, 'ana');

test('the address derives from authority and subscriber, with the seed of the instruction', async () => {
  const [pay, create] = createNonce(addressOf(5), authority, 'ana', 1_447_680n);
  const data = Buffer.from(create?.data ?? []);
  const seed = data.toString('utf8', 44, 44 + 32);
  const derived = await PublicKey.createWithSeed(
    new PublicKey(authority),
    seed,
    SystemProgram.programId,
  );
  expect(derived.toBase58()).toBe(account);
  expect(create?.accounts[0]?.address).toBe(account);
  expect(data.readBigUInt64LE(44 + 32)).toBe(BigInt(NONCE_ACCOUNT_LENGTH));
  expect(pay?.accounts.map(({ address }) => address)).toEqual([addressOf(5), account]);
  expect(Buffer.from(pay?.data ?? []).readBigUInt64LE(4)).toBe(1_447_680n);
  expect(nonceAddress(authority, 'bo')).not.toBe(account);
  expect(nonceAddress(addressOf(5), 'ana')).not.toBe(account);
  // An id of any length is a seed of 32 characters.
  expect(nonceAddress(authority, 'x'.repeat(500))).toMatch(/^[1-9A-HJ-NP-Za-km-z]{32,44}$/);
});

describe('a reading', () => {
  const data = Buffer.alloc(NONCE_ACCOUNT_LENGTH);
  data.writeUInt32LE(1, 0);
  data.writeUInt32LE(1, 4);
  data.set(new PublicKey(authority).toBytes(), 8);
  data.set(value.toBytes(), 40);
  const good = { lamports: 1n, owner: SYSTEM_PROGRAM, data: new Uint8Array(data) };
  const changed = (at: number, byte: number) => ({ ...good, data: good.data.with(at, byte) });
  const otherFirst = 255 - (good.data[8] ?? 0);
  test('tells the value', () =>
    expect(readNonce(good, authority)).toEqual({ seen: 'value', value: value.toBase58() }));
  test('of no account, or of lamports alone that a stranger sent there', () => {
    expect(readNonce(null, authority)).toEqual({ seen: 'absent' });
    expect(readNonce({ ...good, data: new Uint8Array() }, authority)).toEqual({ seen: 'absent' });
  });
  test.each([
    ['another program', { ...good, owner: TOKEN_PROGRAM }, /program Token/],
    ['too few bytes', { ...good, data: good.data.slice(1) }, /79 bytes/],
    ['an old version', changed(0, 0), /old version/],
    ['an account that is not initialized', changed(4, 0), /not initialized/],
    ['another authority', changed(8, otherFirst), /authority/],
  ])('of %s is unusable', (_, account, why) =>
    expect(readNonce(account, authority)).toEqual({
      seen: 'unusable',
      why: expect.stringMatching(why),
    }),
  );
});

test('moving it is one effect, and everything else of the system program is none', () => {
  const advance = advanceNonce(account, authority);
  const effect = { effect: 'advance_nonce', account, authority };
  expect(inspectAdvance(advance)).toEqual(effect);
  expect(inspectTokens(advance)).toEqual(effect);
  const others = [
    ...createNonce(authority, authority, 'ana', 1n),
    closeNonce(account, authority, authority, 1n),
    { ...advance, data: Uint8Array.of(4, 0, 0, 0, 0) },
    { ...advance, accounts: advance.accounts.slice(0, 2) },
    { ...advance, program: TOKEN_PROGRAM },
  ];
  for (const each of others) expect(inspectAdvance(each)).toBeNull();
  // A payment contains neither the rest of a nonce's life nor another account with a seed.
  expect(inspectTokens(closeNonce(account, authority, authority, 1n)).effect).toBe('unknown');
});
