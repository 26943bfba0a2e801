// Compile: turns the core's instructions into a v0 transaction, and back.
import {
  AddressLookupTableAccount,
  PublicKey,
  TransactionInstruction,
  TransactionMessage,
  VersionedTransaction,
} from '@solana/web3.js';
import type { Address } from '../core/ids.ts';
import { COMPUTE_BUDGET_PROGRAM } from '../core/programs.ts';
import type { LookupTable } from '../core/signing-ports.ts';
import type { Instruction } from '../core/transaction.ts';
import { addressOf } from './keys.ts';

/** The first byte of the compute budget program's instructions that payments use. */
const SET_UNIT_LIMIT = 2;
const SET_UNIT_PRICE = 3;

function toWeb3({ program, accounts, data }: Instruction): TransactionInstruction {
  const keys = accounts.map(({ address, isSigner, isWritable }) => ({
    pubkey: new PublicKey(address),
    isSigner,
    isWritable,
  }));
  return new TransactionInstruction({
    programId: new PublicKey(program),
    keys,
    data: Buffer.from(data),
  });
}

/** The table as web3.js represents it. The fields on its activation are not used here. */
const tableOf = ({ key, addresses }: LookupTable): AddressLookupTableAccount =>
  new AddressLookupTableAccount({
    key: new PublicKey(key),
    state: {
      deactivationSlot: 2n ** 64n - 1n,
      lastExtendedSlot: 0,
      lastExtendedSlotStartIndex: 0,
      addresses: addresses.map((each) => new PublicKey(each)),
    },
  });

/**
 * Returns an unsigned v0 transaction. An address that a table contains is named by its index there.
 */
export function compile(
  feePayer: Address,
  instructions: readonly Instruction[],
  blockhash: string,
  tables: readonly LookupTable[] = [],
): VersionedTransaction {
  const message = new TransactionMessage({
    payerKey: new PublicKey(feePayer),
    recentBlockhash: blockhash,
    instructions: instructions.map(toWeb3),
  });
  return new VersionedTransaction(message.compileToV0Message(tables.map(tableOf)));
}

/**
 * Reads a transaction back into instructions. `lookedUp` are the addresses that come from a table.
 * Throws a RangeError for a lookup table, or an index in one, that was not passed: the pen refuses
 * a transaction that it cannot read completely.
 */
export function decompile(
  transaction: VersionedTransaction,
  tables: readonly LookupTable[] = [],
): { feePayer: Address; instructions: Instruction[]; lookedUp: readonly Address[] } {
  const { message } = transaction;
  const looked = (which: 'writableIndexes' | 'readonlyIndexes'): Address[] =>
    message.addressTableLookups.flatMap((lookup) => {
      const table = tables.find((each) => each.key === addressOf(lookup.accountKey));
      return lookup[which].map((index) => {
        const address = table?.addresses[index];
        if (address === undefined)
          throw new RangeError('the transaction uses a lookup table that is not known');
        return address;
      });
    });
  const lookedUp = [...looked('writableIndexes'), ...looked('readonlyIndexes')];
  const keys = [...message.staticAccountKeys.map(addressOf), ...lookedUp];
  const at = (index: number): Address => keys[index] ?? ('' as Address);
  return {
    feePayer: at(0),
    lookedUp,
    instructions: message.compiledInstructions.map(
      ({ programIdIndex, accountKeyIndexes, data }) => ({
        program: at(programIdIndex),
        accounts: accountKeyIndexes.map((index) => ({
          address: at(index),
          isSigner: message.isAccountSigner(index),
          isWritable: message.isAccountWritable(index),
        })),
        data,
      }),
    ),
  };
}

/**
 * The compute budget instructions: the unit limit, and the price in micro-lamports for each unit.
 */
export function budget(units: number, microLamports: bigint): Instruction[] {
  const limit = new DataView(new ArrayBuffer(5));
  limit.setUint8(0, SET_UNIT_LIMIT);
  limit.setUint32(1, units, true);
  const price = new DataView(new ArrayBuffer(9));
  price.setUint8(0, SET_UNIT_PRICE);
  price.setBigUint64(1, microLamports, true);
  return [limit, ...(microLamports > 0n ? [price] : [])].map(({ buffer }) => ({
    program: COMPUTE_BUDGET_PROGRAM,
    accounts: [],
    data: new Uint8Array(buffer),
  }));
}

/** The programs of the top-level instructions of a serialized transaction, in order. */
export function programsOf(bytes: Uint8Array): Address[] {
  const { message } = VersionedTransaction.deserialize(bytes);
  return message.compiledInstructions.map(({ programIdIndex }) => {
    const key = message.staticAccountKeys[programIdIndex];
    return key === undefined ? ('' as Address) : addressOf(key);
  });
}
