// Message: what is simulated has the same bytes as what web3.js compiles, for any accounts, signers
// and lookup tables.
import { ComputeBudgetProgram, VersionedTransaction } from '@solana/web3.js';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { budget, compile } from '../../src/chain/compile.ts';
import { encodeMessage, fitsPacket, unsigned } from '../../src/chain/message.ts';
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
      fc.array(table, { maxLength: 2 }),
      (instructions, tables) => {
        const { message } = compile(payer, instructions, blockhash, tables);
        const encoded = encodeMessage(payer, instructions, blockhash, tables);
        expect(Buffer.from(encoded.bytes)).toEqual(Buffer.from(message.serialize()));
        expect(encoded.signatures).toBe(message.header.numRequiredSignatures);
        expect(encoded.programs).toEqual(instructions.map((each) => each.program));
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
