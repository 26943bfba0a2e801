// Nonce: the local chain treats durable nonces as the runtime does: transactions under one value
// exclude each other, one that fails moves the nonce and costs its fee, and no age ends them.
import {
  Keypair,
  PublicKey,
  SystemProgram,
  TransactionInstruction,
  TransactionMessage,
  VersionedTransaction,
} from '@solana/web3.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  advanceNonce,
  createNonce,
  NONCE_BYTES,
  nonceAddress,
  readNonce,
} from '../../src/chain/nonce.ts';
import type { Address } from '../../src/core/ids.ts';
import type { Instruction } from '../../src/core/transaction.ts';
import { openTestChain, type TestChain } from '../support/chain.ts';

const built = ({ program, accounts, data }: Instruction): TransactionInstruction =>
  new TransactionInstruction({
    programId: new PublicKey(program),
    keys: accounts.map(({ address, ...meta }) => ({ pubkey: new PublicKey(address), ...meta })),
    data: Buffer.from(data),
  });

let chain: TestChain;
let authority: Keypair;
let account: Address;
beforeAll(async () => {
  chain = await openTestChain();
  authority = chain.payer;
  account = nonceAddress(authority.publicKey.toBase58() as Address, 'ana');
  const rent = await chain.connection.getMinimumBalanceForRentExemption(NONCE_BYTES);
  const own = authority.publicKey.toBase58() as Address;
  const { blockhash } = await chain.connection.getLatestBlockhash();
  send(signed(createNonce(own, own, 'ana', BigInt(rent)).map(built), blockhash));
  chain.world.cluster.advance(40);
});
afterAll(() => chain.server.close());

const signed = (
  instructions: TransactionInstruction[],
  recentBlockhash: string,
  signers = [authority],
): VersionedTransaction => {
  const payerKey = authority.publicKey;
  const message = new TransactionMessage({ payerKey, recentBlockhash, instructions });
  const transaction = new VersionedTransaction(message.compileToV0Message());
  transaction.sign(signers);
  return transaction;
};
const send = (transaction: VersionedTransaction) =>
  chain.world.cluster.submit(transaction, transaction.serialize());
const valueAt = (commitment: 'processed' | 'finalized'): string => {
  const found = chain.world.cluster.account(account, commitment);
  const reading = readNonce(
    found as Parameters<typeof readNonce>[0],
    authority.publicKey.toBase58() as Address,
  );
  if (reading.seen !== 'value') throw new Error(JSON.stringify(reading));
  return reading.value;
};
const advance = (by = authority.publicKey) =>
  built(advanceNonce(account, by.toBase58() as Address));
const pay = (to: PublicKey, lamports: number) =>
  SystemProgram.transfer({ fromPubkey: authority.publicKey, toPubkey: to, lamports });
const balance = (key: PublicKey): bigint =>
  chain.world.cluster.account(key.toBase58(), 'processed')?.lamports ?? 0n;

test('of two transactions under one value one is executed, however old the value is', () => {
  const to = Keypair.generate().publicKey;
  const value = valueAt('finalized');
  const [first, second] = [3_000_000, 4_000_000].map((amount) =>
    signed([advance(), pay(to, amount)], value),
  ) as [VersionedTransaction, VersionedTransaction];
  chain.world.cluster.advance(400);
  expect(send(first)).toMatchObject({ execution: { error: null } });
  expect(send(first)).toBe('AlreadyProcessed');
  for (const blocks of [0, 1, 200]) {
    chain.world.cluster.advance(blocks);
    expect(send(second)).toBe('BlockhashNotFound');
  }
  expect(balance(to)).toBe(3_000_000n);
  expect(valueAt('finalized')).not.toBe(value);
});

test('one that fails moves the nonce and costs its fee; the good one beside it is dead', () => {
  const to = Keypair.generate().publicKey;
  const value = valueAt('processed');
  const before = balance(authority.publicKey);
  const failing = signed([advance(), pay(to, 2 ** 45)], value);
  const good = signed([advance(), pay(to, 5_000_000)], value);
  expect(send(failing)).toMatchObject({ execution: { error: { InstructionError: [1, {}] } } });
  expect(valueAt('processed')).not.toBe(value);
  expect(balance(authority.publicKey)).toBe(before - 5_000n);
  expect(send(good)).toBe('BlockhashNotFound');
  expect(balance(to)).toBe(0n);
});

describe('a value stands for a blockhash only', () => {
  test('where the first instruction moves that nonce, by its authority', () => {
    chain.world.cluster.advance(1);
    const value = valueAt('processed');
    const to = Keypair.generate().publicKey;
    const thief = Keypair.generate();
    const refused = [
      signed([pay(to, 5_000_000)], value),
      signed([pay(to, 5_000_000), advance()], value),
      signed([advance(thief.publicKey), pay(to, 5_000_000)], value, [authority, thief]),
      signed([advance(), pay(to, 5_000_000)], Keypair.generate().publicKey.toBase58()),
    ];
    for (const each of refused) expect(send(each)).toBe('BlockhashNotFound');
    expect(valueAt('processed')).toBe(value);
  });

  test('once in a block: the next value would be the same', () => {
    chain.world.cluster.advance(1);
    const to = Keypair.generate().publicKey;
    send(signed([advance(), pay(to, 5_000_000)], valueAt('processed')));
    const next = signed([advance(), pay(to, 6_000_000)], valueAt('processed'));
    expect(send(next)).toBe('BlockhashNotFound');
    chain.world.cluster.advance(1);
    expect(send(next)).toMatchObject({ execution: { error: null } });
    expect(balance(to)).toBe(11_000_000n);
  });
});

test('a fork gives the value back, and the transaction can land again', () => {
  chain.world.cluster.advance(1);
  const to = Keypair.generate().publicKey;
  const value = valueAt('processed');
  const slot = chain.world.cluster.slot('processed');
  const payment = signed([advance(), pay(to, 5_000_000)], value);
  send(payment);
  chain.world.cluster.advance(1);
  chain.world.cluster.forkOff(slot);
  expect(valueAt('processed')).toBe(value);
  expect(balance(to)).toBe(0n);
  expect(send(payment)).toMatchObject({ execution: { error: null } });
  expect(balance(to)).toBe(5_000_000n);
});

test('an account whose nonce moved is closed from the next block on, whatever blockhash its closing stands on', () => {
  const { cluster } = chain.world;
  cluster.advance(1);
  // The nonce takes its value from the blockhash that the closing stands on.
  const { hash } = cluster.blockhash('processed');
  cluster.advance(1);
  const to = Keypair.generate().publicKey;
  send(signed([advance(), pay(to, 5_000_000)], valueAt('processed')));
  const closing = (nonce: number) =>
    signed(
      [
        pay(to, 1_000_000 + nonce),
        SystemProgram.nonceWithdraw({
          noncePubkey: new PublicKey(account),
          authorizedPubkey: authority.publicKey,
          toPubkey: authority.publicKey,
          lamports: Number(balance(new PublicKey(account))),
        }),
      ],
      hash,
    );
  const blockhashNotExpired = { InstructionError: [1, { Custom: 7 }] };
  expect(send(closing(1))).toMatchObject({ execution: { error: blockhashNotExpired } });
  cluster.advance(1);
  expect(send(closing(2))).toMatchObject({ execution: { error: null } });
  expect(cluster.account(account, 'processed')).toBeNull();
});
