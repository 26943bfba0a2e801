// Builder: the instructions of a payment, made from the profile alone: one settlement for each
// market, then the withdrawal. Accounts and their order are the same at every venue of this family;
// only program and addresses differ.
import type { Address } from '../core/ids.ts';
import type { AccountMeta, Instruction } from '../core/transaction.ts';
import type { Dialect } from './dialect.ts';
import { SETTLE, WITHDRAW } from './inspect.ts';

export type Parties = { readonly user: Address; readonly authority: Address };
export type Builder = {
  /** Settles the profit of one perp market into the deposit. */
  settle(parties: Parties, market: number, remaining: readonly AccountMeta[]): Instruction;
  /** Withdraws quote tokens, and only as many as are deposited: the venue clamps the amount. */
  withdraw(
    parties: Parties & { readonly destination: Address },
    amount: bigint,
    remaining: readonly AccountMeta[],
  ): Instruction;
  /** What the venue calls an error. */
  errorName(code: number): string;
};
/** Gives the builder when it is first needed: one of them loads a library for a second. */
export type BuilderDoor = { load(): Promise<Builder>; loaded(): Builder | null };

const TOKEN_PROGRAM = 'TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA' as Address;

const meta = (address: Address, isWritable = false, isSigner = false): AccountMeta => ({
  address,
  isSigner,
  isWritable,
});

/** Data of an instruction: its discriminator, and its arguments after it. */
function dataOf(discriminator: string, bytes: number, write: (data: Buffer) => void): Uint8Array {
  const data = Buffer.alloc(8 + bytes);
  data.write(discriminator, 'hex');
  write(data);
  return new Uint8Array(data);
}

/** The builder of a venue, without any library of its own. */
export function createBuilder({ profile, addresses }: Dialect): Builder {
  const { programId, quote, errors } = profile;
  return {
    settle: ({ user, authority }, market, remaining) => ({
      program: programId,
      accounts: [
        meta(addresses.state),
        meta(user, true),
        meta(authority, false, true),
        meta(addresses.spotVault(quote.market)),
        ...remaining,
      ],
      data: dataOf(SETTLE.discriminator, 2, (data) => data.writeUInt16LE(market, 8)),
    }),
    withdraw: ({ user, authority, destination }, amount, remaining) => ({
      program: programId,
      accounts: [
        meta(addresses.state),
        meta(user, true),
        meta(addresses.userStats(authority), true),
        meta(authority, false, true),
        meta(addresses.spotVault(quote.market), true),
        meta(addresses.signer),
        meta(destination, true),
        meta(TOKEN_PROGRAM),
        ...remaining,
      ],
      data: dataOf(WITHDRAW.discriminator, 11, (data) => {
        data.writeUInt16LE(quote.market, 8);
        data.writeBigUInt64LE(amount, 10);
        // Reduce only: never a borrow.
        data.writeUInt8(1, 18);
      }),
    }),
    errorName: (code) => errors.get(code)?.name ?? 'unnamed error',
  };
}

/** The door to a builder that needs nothing loaded. */
export function openDoor(builder: Builder): BuilderDoor {
  return { load: async () => builder, loaded: () => builder };
}
