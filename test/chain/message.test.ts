// Message: what is simulated and signed has the same bytes as what web3.js compiles, for any
// accounts, signers and lookup tables; and the reader finds in them what web3.js finds.
import { ComputeBudgetProgram, VersionedTransaction } from '@solana/web3.js';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { budget, compile, decompile } from '../../src/chain/compile.ts';
import {
  encodeMessage,
  fitsPacket,
  readMessage,
  transactionOf,
  unsigned,
} from '../../src/chain/message.ts';
import { type Address, base58Text } from '../../src/core/ids.ts';
import type { LookupTable } from '../../src/core/signing-ports.ts';
import type { Instruction } from '../../src/core/transaction.ts';

const KEYS = Array.from({ length: 14 }, (_, index) =>
  base58Text(Buffer.alloc(32, index + 1)),
) as Address[];
const [payer, blockhash, ...others] = KEYS as [Address, Address, ...Address[]];
const key = fc.constantFrom(...others);
const instruction: fc.Arbitrary<Instruction> = fc.record({
  program: key,
  accounts: fc.array(
    fc.record({
      address: fc.constantFrom(...KEYS),
      isSigner: fc.boolean(),
      isWritable: fc.boolean(),
    }),
    { maxLength: 12 },
  ),
  data: fc.uint8Array({ maxLength: 200 }),
});
const table: fc.Arbitrary<LookupTable> = fc.record({
  key: fc.constantFrom(...others),
  addresses: fc.uniqueArray(key, { minLength: 1, maxLength: 6 }),
});

test('the bytes of a message are those that web3.js compiles', () => {
  fc.assert(
    fc.property(
      fc.array(instruction, { maxLength: 6 }),
      fc.uniqueArray(table, { maxLength: 2, selector: (each) => each.key }),
      (instructions, tables) => {
        const { message } = compile(payer, instructions, blockhash, tables);
        const encoded = encodeMessage(payer, instructions, blockhash, tables);
        expect(Buffer.from(encoded.bytes)).toEqual(Buffer.from(message.serialize()));
        expect(encoded.signatures).toBe(message.header.numRequiredSignatures);
        expect(encoded.programs).toEqual(instructions.map((each) => each.program));
        const read = readMessage(encoded.bytes, tables);
        const theirs = decompile(new VersionedTransaction(message), tables);
        const plain = (given: readonly Instruction[]) =>
          given.map((each) => ({ ...each, data: [...each.data] }));
        expect({ ...read, instructions: plain(read.instructions) }).toEqual({
          ...theirs,
          instructions: plain(theirs.instructions),
          blockhash: message.recentBlockhash,
          required: message.staticAccountKeys
            .slice(0, message.header.numRequiredSignatures)
            .map((each) => each.toBase58()),
        });
      },
    ),
    { numRuns: 300 },
  );
});

test('an unsigned transaction has room for each signature, and is read back', () => {
  const signed: Instruction = {
    program: others[0] as Address,
    accounts: [{ address: others[1] as Address, isSigner: true, isWritable: false }],
    data: Uint8Array.of(7),
  };
  const message = encodeMessage(payer, [signed], blockhash);
  const bytes = unsigned(message);
  const read = VersionedTransaction.deserialize(bytes);
  expect(read.signatures.map((each) => each.length)).toEqual([64, 64]);
  expect(Buffer.from(read.message.serialize())).toEqual(Buffer.from(message.bytes));
  expect(fitsPacket(message)).toBe(true);
  expect(bytes).toHaveLength(1 + 2 * 64 + message.bytes.length);
});

test('bytes that are no message to the last byte are refused, whatever was changed', () => {
  const one: Instruction = {
    program: others[0] as Address,
    accounts: [{ address: others[1] as Address, isSigner: false, isWritable: true }],
    data: Uint8Array.of(7, 8, 9),
  };
  const { bytes } = encodeMessage(payer, [one], blockhash);
  const changed = (at: number, value: number): Uint8Array => {
    const copy = Uint8Array.from(bytes);
    copy[at] = value;
    return copy;
  };
  const refused = (given: Uint8Array, why: string) =>
    expect(() => readMessage(given), why).toThrow(new RegExp(why));
  for (let length = 0; length < bytes.length; length++)
    refused(bytes.subarray(0, length), 'ends too early');
  refused(Uint8Array.from([...bytes, 0]), 'bytes follow the message');
  refused(changed(0, 0x81), 'another version');
  refused(changed(1, 0), 'counts more accounts');
  refused(changed(1, 9), 'counts more accounts');
  refused(changed(2, 1), 'counts more accounts');
  refused(changed(3, 9), 'counts more accounts');
  const program = 5 + 3 * 32 + 32 + 1;
  refused(changed(program, 3), 'names no account');
  refused(changed(program + 2, 3), 'names no account');
  // A length of two bytes that one byte could say: nodes refuse it.
  const long = Uint8Array.from([...bytes.subarray(0, -1), 0x80, 0x00]);
  refused(long, 'no node reads');
  const tabled = encodeMessage(payer, [one], blockhash, [
    { key: others[2] as Address, addresses: [others[1] as Address] },
  ]);
  refused(tabled.bytes, 'not known');
});

test('more accounts than a byte can name are refused, and not named by a wrong index', () => {
  const accounts = Array.from({ length: 300 }, (_, index) => ({
    address: base58Text(Buffer.from(String(index).padStart(32))) as Address,
    isSigner: false,
    isWritable: false,
  }));
  const one = { program: others[0] as Address, accounts, data: new Uint8Array() };
  expect(() => encodeMessage(payer, [one], blockhash)).toThrow('at most 256 accounts');
});

test('a transaction holds its signatures in order before its message', () => {
  const second = { address: others[1] as Address, isSigner: true, isWritable: false };
  const one = { program: others[0] as Address, accounts: [second], data: new Uint8Array() };
  const message = encodeMessage(payer, [one], blockhash).bytes;
  const signatures = [1, 2].map((fill) => new Uint8Array(64).fill(fill));
  const read = VersionedTransaction.deserialize(transactionOf(message, signatures));
  expect(read.signatures.map((each) => [...each])).toEqual(signatures.map((each) => [...each]));
  expect(Buffer.from(read.message.serialize())).toEqual(Buffer.from(message));
});

test('the compute budget is that of web3.js', () => {
  for (const [units, microLamports] of [
    [0, 0n],
    [1_400_000, 1n],
    [2 ** 32 - 1, 2n ** 64n - 1n],
  ] as const) {
    const theirs = [
      ComputeBudgetProgram.setComputeUnitLimit({ units }),
      ...(microLamports === 0n
        ? []
        : [ComputeBudgetProgram.setComputeUnitPrice({ microLamports })]),
    ];
    expect(budget(units, microLamports)).toEqual(
      theirs.map(({ programId, data }) => ({
        program: programId.toBase58(),
        accounts: [],
        data: new Uint8Array(data),
      })),
    );
  }
});
