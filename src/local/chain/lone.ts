// Lone: encodes a transaction of a single instruction in the legacy format, without signatures.
import { keyBytes } from './account.ts';
import type { ResolvedInstruction } from './message.ts';

const SIGNATURE_BYTES = 64;
const KEY_BYTES = 32;

/** A length as the wire format writes it: seven bits in each byte, the lowest first. */
function lengthBytes(length: number): number[] {
  return length < 128 ? [length] : [(length & 127) | 128, ...lengthBytes(length >> 7)];
}

/**
 * A transaction that a key pays for and that holds this instruction, under a blockhash and
 * signatures of zeros. `writable` says of each of its keys whether the transaction may write it.
 */
export function loneTransaction(
  payer: string,
  { program, accounts, data }: ResolvedInstruction,
): { bytes: Uint8Array; keys: readonly string[]; writable: readonly boolean[] } {
  const metas = new Map([
    [payer, { isSigner: true, isWritable: true }],
    [program, { isSigner: false, isWritable: false }],
  ]);
  for (const { address, isSigner, isWritable } of accounts) {
    const found = metas.get(address);
    metas.set(address, {
      isSigner: isSigner || found?.isSigner === true,
      isWritable: isWritable || found?.isWritable === true,
    });
  }
  const pick = (isSigner: boolean, isWritable: boolean): string[] =>
    [...metas]
      .filter(([, meta]) => meta.isSigner === isSigner && meta.isWritable === isWritable)
      .map(([address]) => address);
  const [payers, signers, written, read] = [
    pick(true, true),
    pick(true, false),
    pick(false, true),
    pick(false, false),
  ];
  const keys = [...payers, ...signers, ...written, ...read];
  const required = payers.length + signers.length;
  const head = [
    ...lengthBytes(required),
    ...new Uint8Array(SIGNATURE_BYTES * required),
    required,
    signers.length,
    read.length,
    ...lengthBytes(keys.length),
  ];
  const tail = [
    ...lengthBytes(1),
    keys.indexOf(program),
    ...lengthBytes(accounts.length),
    ...accounts.map(({ address }) => keys.indexOf(address)),
    ...lengthBytes(data.length),
  ];
  const blockhash = new Uint8Array(KEY_BYTES);
  const bytes = Buffer.concat([
    Buffer.from(head),
    ...keys.map(keyBytes),
    blockhash,
    Buffer.from(tail),
    data,
  ]);
  return { bytes, keys, writable: keys.map((key) => metas.get(key)?.isWritable === true) };
}
