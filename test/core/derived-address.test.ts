// Derived address: agrees with the addresses that the programs' own libraries derive.
import { createHash } from 'node:crypto';
import { getAssociatedTokenAddressSync } from '@solana/spl-token';
import { Keypair, PublicKey } from '@solana/web3.js';
import { expect, test } from 'vitest';
import { isTokenAccountOf, isVenueAccountOf } from '../../src/core/derived-address.ts';
import type { Address } from '../../src/core/ids.ts';
import { USDC } from '../../src/core/token.ts';
import { DRIFT_V2 } from '../../src/venue/drift-v2/venue.ts';

const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();
const wallet = Keypair.generate().publicKey;
const owner = wallet.toBase58() as Address;
const { programId } = DRIFT_V2.profile;
const venueAccount = (subAccountId: number): Address => {
  const id = Uint8Array.of(subAccountId & 0xff, subAccountId >> 8);
  const seeds = [new TextEncoder().encode('user'), wallet.toBytes(), id];
  const [address] = PublicKey.findProgramAddressSync(seeds, new PublicKey(programId));
  return address.toBase58() as Address;
};

test('a token account is the associated one of its owner and mint, and of no other', () => {
  const mint = USDC.mint;
  const account = getAssociatedTokenAddressSync(new PublicKey(mint), wallet).toBase58() as Address;
  expect(isTokenAccountOf(sha256, { owner, mint }, account)).toBe(true);
  expect(isTokenAccountOf(sha256, { owner: mint, mint: owner }, account)).toBe(false);
  expect(isTokenAccountOf(sha256, { owner, mint }, owner)).toBe(false);
});

test.each([0, 1, 255, 256, 65_535])('sub-account %i of a wallet has its own address', (id) => {
  const is = (subAccountId: number, address: Address, program = programId): boolean =>
    isVenueAccountOf(sha256, program, { wallet: owner, subAccountId }, address);
  expect(is(id, venueAccount(id))).toBe(true);
  expect(is(id, venueAccount(id ^ 1))).toBe(false);
  expect(is(id, venueAccount(id ^ 256))).toBe(false);
  expect(is(id, venueAccount(id), USDC.mint)).toBe(false);
});
