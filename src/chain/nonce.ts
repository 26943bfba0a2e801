// Nonce: the durable nonce account of a subscriber: its address, its reading, and the instructions
// that open it, move it and close it. The address derives from the authority's key and the
// subscriber, so that it is found again after the loss of the ledger.
import { createHash } from 'node:crypto';
import {
  NONCE_ACCOUNT_LENGTH,
  PublicKey,
  SYSVAR_RECENT_BLOCKHASHES_PUBKEY,
  SystemProgram,
  type TransactionInstruction,
} from '@solana/web3.js';
import type { ChainAccount } from '../core/chain-ports.ts';
import { type Address, base58Bytes, base58Text } from '../core/ids.ts';
import type { Effect } from '../core/mandate.ts';
import type { Lamports } from '../core/money.ts';
import type { NonceReading, NonceValue } from '../core/nonce.ts';
import type { Nonces } from '../core/nonce-ports.ts';
import { SYSTEM_PROGRAM } from '../core/programs.ts';
import type { Instruction } from '../core/transaction.ts';
import { addressOf } from './keys.ts';

/** Bytes of a nonce account. */
export const NONCE_BYTES = NONCE_ACCOUNT_LENGTH;
/** The most characters that the system program allows in a seed. */
const SEED_LENGTH = 32;
/** AdvanceNonceAccount of the system program, as a u32. */
const ADVANCE = 4;
/** Layout: version u32, state u32, authority, value, lamports a signature u64. */
const [VERSION_AT, STATE_AT, AUTHORITY_AT, VALUE_AT] = [0, 4, 8, 40] as const;
/** Version 0 is of before 2022: its value may be a blockhash, and the runtime refuses it. */
const CURRENT = 1;
const INITIALIZED = 1;

const key = (address: Address): PublicKey => new PublicKey(address);
const seedOf = (subscriberId: string): string =>
  createHash('sha256').update(`bailiff nonce ${subscriberId}`).digest('hex').slice(0, SEED_LENGTH);

/**
 * The address of a subscriber's nonce account, as `PublicKey.createWithSeed` derives it: SHA-256 of
 * base, seed and owner. Only the authority's signature can create an account there.
 */
export const nonceAddress = (authority: Address, subscriberId: string): Address =>
  base58Text(
    createHash('sha256')
      .update(key(authority).toBytes())
      .update(seedOf(subscriberId))
      .update(key(SYSTEM_PROGRAM).toBytes())
      .digest(),
  ) as Address;

/** The nonce of this authority that an account shows, or why it shows none. */
export function readNonce(account: ChainAccount | null, authority: Address): NonceReading {
  if (account === null) return { seen: 'absent' };
  const unusable = (why: string): NonceReading => ({
    seen: 'unusable',
    why: `The nonce account ${why}.`,
  });
  const { owner, data } = account;
  // Lamports that a stranger sent to the address make no account that the authority cannot open.
  if (owner === SYSTEM_PROGRAM && data.length === 0) return { seen: 'absent' };
  if (owner !== SYSTEM_PROGRAM) return unusable(`belongs to program ${owner}`);
  if (data.length !== NONCE_BYTES) return unusable(`has ${data.length} bytes, not ${NONCE_BYTES}`);
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  if (view.getUint32(VERSION_AT, true) !== CURRENT) return unusable('has an old version');
  if (view.getUint32(STATE_AT, true) !== INITIALIZED) return unusable('is not initialized');
  const own = base58Text(data.subarray(AUTHORITY_AT, VALUE_AT));
  if (own !== authority) return unusable(`has the authority ${own}`);
  return { seen: 'value', value: base58Text(data.subarray(VALUE_AT, VALUE_AT + 32)) };
}

const neutral = ({ programId, keys, data }: TransactionInstruction): Instruction => ({
  program: addressOf(programId),
  accounts: keys.map(({ pubkey, isSigner, isWritable }) => ({
    address: addressOf(pubkey),
    isSigner,
    isWritable,
  })),
  data: new Uint8Array(data),
});

/**
 * The instructions that create a subscriber's nonce account and make the authority its owner.
 * `payer` pays the rent, `rent` is that of NONCE_BYTES. Three instructions in place of
 * CreateAccountWithSeed, which fails where a stranger has sent lamports to the address.
 */
export function createNonce(
  payer: Address,
  authority: Address,
  subscriberId: string,
  rent: Lamports,
): Instruction[] {
  const noncePubkey = key(nonceAddress(authority, subscriberId));
  return [
    neutral(
      SystemProgram.transfer({
        fromPubkey: key(payer),
        toPubkey: noncePubkey,
        lamports: Number(rent),
      }),
    ),
    neutral(
      SystemProgram.allocate({
        accountPubkey: noncePubkey,
        basePubkey: key(authority),
        seed: seedOf(subscriberId),
        space: NONCE_BYTES,
        programId: SystemProgram.programId,
      }),
    ),
    neutral(SystemProgram.nonceInitialize({ noncePubkey, authorizedPubkey: key(authority) })),
  ];
}

/** The first instruction of every transaction under the nonce. */
export const advanceNonce = (account: Address, authority: Address): Instruction =>
  neutral(
    SystemProgram.nonceAdvance({ noncePubkey: key(account), authorizedPubkey: key(authority) }),
  );

/** Closes the account and gives all its lamports, rent included, to `to`. */
export const closeNonce = (
  account: Address,
  authority: Address,
  to: Address,
  lamports: Lamports,
): Instruction =>
  neutral(
    SystemProgram.nonceWithdraw({
      noncePubkey: key(account),
      authorizedPubkey: key(authority),
      toPubkey: key(to),
      lamports: Number(lamports),
    }),
  );

/** The effect of AdvanceNonceAccount; null for another instruction. */
export function inspectAdvance({ program, accounts, data }: Instruction): Effect | null {
  const [account, sysvar, authority] = accounts;
  const isAdvance =
    program === SYSTEM_PROGRAM && data.length === 4 && data[0] === ADVANCE && accounts.length === 3;
  if (!isAdvance || account === undefined || authority === undefined) return null;
  if (sysvar?.address !== addressOf(SYSVAR_RECENT_BLOCKHASHES_PUBKEY)) return null;
  return { effect: 'advance_nonce', account: account.address, authority: authority.address };
}

/**
 * The value of a nonce that is moved in the block after the one with this blockhash: SHA-256 of
 * `DURABLE_NONCE` and the blockhash, as `DurableNonce::from_blockhash` of the runtime computes it.
 */
const after = (blockhash: string): NonceValue =>
  base58Text(
    createHash('sha256')
      .update('DURABLE_NONCE')
      .update(base58Bytes(blockhash) ?? new Uint8Array())
      .digest(),
  );

/** Addresses, bytes and instructions of nonce accounts, for the flows. */
export const nonces: Nonces = {
  address: nonceAddress,
  read: readNonce,
  advance: advanceNonce,
  after,
};
