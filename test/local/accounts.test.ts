// Accounts: what is written to an account of the local chain reaches LiteSVM before LiteSVM reads
// it, and LiteSVM gets the transaction of one instruction that web3.js would encode.
import {
  AddressLookupTableAccount,
  AddressLookupTableProgram,
  ComputeBudgetProgram,
  Keypair,
  PublicKey,
  SystemProgram,
  TransactionInstruction,
  TransactionMessage,
  VersionedTransaction,
} from '@solana/web3.js';
import { expect, test } from 'vitest';
import { type Account, SYSTEM_PROGRAM } from '../../src/local/chain/account.ts';
import { type Bank, createBank } from '../../src/local/chain/bank.ts';
import { loneTransaction } from '../../src/local/chain/lone.ts';
import { keyText } from '../../src/local/chain/message.ts';
import type { StandIn } from '../../src/local/chain/segments.ts';

const wallet = (lamports: bigint, owner = SYSTEM_PROGRAM, data = new Uint8Array()): Account => ({
  lamports,
  owner,
  data,
  executable: false,
});
const SOL = 1_000_000_000n;
const HELPER_LAMPORTS = 10n ** 18n;
const blockhash = PublicKey.default.toBase58();
const standIn = Keypair.generate().publicKey;

/** Mints 1 SOL to its first account, and then calls the system program to pass it on. */
const minting: StandIn = {
  programId: standIn.toBase58(),
  execute({ accounts, data }, { get, set, call }) {
    const [from = '', to = ''] = accounts.map(({ address }) => address);
    const account = get(from);
    set(from, { ...wallet(0n), ...account, lamports: (account?.lamports ?? 0n) + SOL });
    if (data[0] === 1)
      call(
        SystemProgram.transfer({
          fromPubkey: new PublicKey(from),
          toPubkey: new PublicKey(to),
          lamports: SOL,
        }),
      );
    return 0;
  },
};
const sentBy = (
  payer: Keypair,
  instructions: TransactionInstruction[],
  tables: AddressLookupTableAccount[] = [],
): VersionedTransaction => {
  const message = new TransactionMessage({
    payerKey: payer.publicKey,
    recentBlockhash: blockhash,
    instructions,
  }).compileToV0Message(tables);
  const transaction = new VersionedTransaction(message);
  transaction.sign([payer]);
  return transaction;
};
const executed = (bank: Bank, transaction: VersionedTransaction) => {
  const ran = bank.execute(transaction, transaction.serialize());
  if (typeof ran === 'string') throw new Error(ran);
  return ran;
};
const open = () => {
  const bank = createBank({ standIns: [minting] });
  const payer = Keypair.generate();
  bank.set(keyText(payer.publicKey), wallet(10n * SOL));
  return { bank, payer, from: Keypair.generate().publicKey, to: Keypair.generate().publicKey };
};
const minted = (from: PublicKey, to: PublicKey, passOn: boolean) =>
  new TransactionInstruction({
    programId: standIn,
    keys: [from, to].map((pubkey) => ({ pubkey, isSigner: false, isWritable: true })),
    data: Buffer.from([passOn ? 1 : 0]),
  });

test('what a stand-in writes is there when it calls a program of LiteSVM', () => {
  const { bank, payer, from, to } = open();
  const ran = executed(bank, sentBy(payer, [minted(from, to, true)]));
  expect(ran.error).toBeNull();
  expect(bank.get(keyText(to))?.lamports).toBe(SOL);
  expect(bank.get(keyText(from))).toBeNull();
});

test('what a stand-in writes is there for the next instruction', () => {
  const { bank, payer, to } = open();
  const { publicKey } = payer;
  const passedOn = SystemProgram.transfer({
    fromPubkey: publicKey,
    toPubkey: to,
    lamports: 5n * SOL,
  });
  bank.set(keyText(publicKey), wallet(4n * SOL + 5_000n));
  const ran = executed(bank, sentBy(payer, [minted(publicKey, to, false), passedOn]));
  expect(ran.error).toBeNull();
  expect(bank.get(keyText(to))?.lamports).toBe(5n * SOL);
});

test('instructions to the compute budget are told of beside a stand-in as LiteSVM tells of them', () => {
  const { bank, payer, from, to } = open();
  const { programId } = ComputeBudgetProgram;
  const wellFormed = [
    ComputeBudgetProgram.setComputeUnitLimit({ units: 300_000 }),
    ComputeBudgetProgram.setComputeUnitPrice({ microLamports: 1 }),
  ];
  const alone = executed(bank, sentBy(payer, wellFormed));
  const beside = executed(bank, sentBy(payer, [...wellFormed, minted(from, to, false)]));
  expect(alone.error).toBeNull();
  expect(beside.logs.slice(0, alone.logs.length)).toEqual(alone.logs);
  // The stand-in of this test uses no compute units.
  expect(beside.units).toBe(alone.units);
  const odd = new TransactionInstruction({ programId, keys: [], data: Buffer.from([9, 0]) });
  const refused = executed(bank, sentBy(payer, [odd]));
  const refusedBeside = executed(bank, sentBy(payer, [odd, minted(from, to, false)]));
  expect(refused.error).not.toBeNull();
  expect(refusedBeside.error).toEqual(refused.error);
});

test('a transaction that runs in LiteSVM alone sees an account that was written, and its table', () => {
  const { bank, payer, to } = open();
  const table = Keypair.generate().publicKey;
  const head = Buffer.alloc(56);
  head.writeUInt32LE(1, 0);
  head.writeBigUInt64LE(2n ** 64n - 1n, 4);
  const data = new Uint8Array(Buffer.concat([head, to.toBytes()]));
  const owner = AddressLookupTableProgram.programId.toBase58();
  bank.set(keyText(table), wallet(SOL, owner, data));
  const tables = [
    new AddressLookupTableAccount({
      key: table,
      state: AddressLookupTableAccount.deserialize(data),
    }),
  ];
  const given = { fromPubkey: payer.publicKey, toPubkey: to, lamports: SOL };
  const ran = executed(bank, sentBy(payer, [SystemProgram.transfer(given)], tables));
  expect(ran.error).toBeNull();
  expect(ran.message.loaded.writable).toEqual([keyText(to)]);
  expect(bank.get(keyText(to))?.lamports).toBe(SOL);
});

test('an account is found by its owner at once, and no more when it belongs to another', () => {
  const { bank, to } = open();
  const owner = keyText(standIn);
  bank.set(keyText(to), wallet(SOL, owner));
  expect(bank.owned(owner).map(({ address }) => address)).toEqual([keyText(to)]);
  bank.set(keyText(to), wallet(SOL));
  expect(bank.owned(owner)).toEqual([]);
});

test.each([true, false])('restore puts back what an execution changed, in LiteSVM %s', (passOn) => {
  const { bank, payer, from, to } = open();
  bank.set(keyText(from), wallet(SOL));
  const ran = executed(bank, sentBy(payer, [minted(from, to, passOn)]));
  bank.restore(ran.before);
  expect(bank.get(keyText(from))?.lamports).toBe(SOL);
  expect(bank.get(keyText(to))).toBeNull();
  expect(bank.get(keyText(payer.publicKey))?.lamports).toBe(10n * SOL);
  const again = executed(bank, sentBy(payer, [minted(from, to, passOn)]));
  expect({ ...again, message: null }).toEqual({ ...ran, message: null });
});

test('a bank that takes over a LiteSVM finds nothing of what the one before wrote', () => {
  const runtime = { name: 'accounts.test', programs: [] };
  const first = createBank({ standIns: [], runtime });
  // LiteSVM has an account from which it gives airdrops; the other one belongs to the bank.
  const own = first
    .owned(SYSTEM_PROGRAM)
    .find(({ account }) => account.lamports !== HELPER_LAMPORTS);
  if (own === undefined) throw new Error('LiteSVM has no account of its own');
  const added = keyText(Keypair.generate().publicKey);
  for (const address of [own.address, added]) first.set(address, wallet(SOL));
  const found = first.owned(SYSTEM_PROGRAM).map(({ address }) => address);
  expect(found).toEqual(expect.arrayContaining([own.address, added]));
  for (const address of [own.address, added]) first.set(address, wallet(2n * SOL));
  first.release();
  const next = createBank({ standIns: [], runtime });
  expect([next.get(own.address), next.get(added)]).toEqual([own.account, null]);
});

test('bytes that a caller changes before or after change nothing in the bank', () => {
  const { bank, to } = open();
  const data = new Uint8Array([1, 2, 3]);
  bank.set(keyText(to), wallet(SOL, keyText(standIn), data));
  data[0] = 9;
  bank.get(keyText(to))?.data.fill(9);
  expect(bank.get(keyText(to))?.data).toEqual(new Uint8Array([1, 2, 3]));
});

test('lamports that no account can hold are refused', () => {
  const { bank, to } = open();
  for (const lamports of [-1n, 2n ** 64n])
    expect(() => bank.set(keyText(to), wallet(lamports))).toThrow('cannot hold');
});

test('a transaction of one instruction has the bytes that web3.js writes', () => {
  const keys = Array.from({ length: 40 }, () => Keypair.generate().publicKey);
  const [payer, program, ...others] = keys as [PublicKey, PublicKey, ...PublicKey[]];
  for (let count = 0; count < 24; count++) {
    // Some accounts are named twice, and the payer and the program are named, too.
    const metas = [...others.slice(0, count), ...others.slice(0, count / 3), payer, program]
      .slice(count % 3)
      .map((pubkey, index) => ({
        pubkey,
        isSigner: (index * 7 + count) % 5 === 0,
        isWritable: (index * 3 + count) % 4 === 0,
      }));
    const data = Buffer.alloc(count * 9, count);
    const instruction = new TransactionInstruction({ programId: program, keys: metas, data });
    const theirs = new TransactionMessage({
      payerKey: payer,
      recentBlockhash: blockhash,
      instructions: [instruction],
    }).compileToLegacyMessage();
    const ours = loneTransaction(keyText(payer), {
      program: keyText(program),
      accounts: metas.map(({ pubkey, ...flags }) => ({ address: keyText(pubkey), ...flags })),
      data,
    });
    const bytes = new VersionedTransaction(theirs).serialize();
    expect(Buffer.from(ours.bytes).toString('hex')).toBe(Buffer.from(bytes).toString('hex'));
    expect(ours.keys).toEqual(theirs.accountKeys.map(keyText));
    expect(ours.writable).toEqual(ours.keys.map((_, index) => theirs.isAccountWritable(index)));
  }
});
