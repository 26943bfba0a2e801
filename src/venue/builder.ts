// Builder: makes the instructions of a payment from the profile alone: one settlement for each
// market, then the withdrawal. The accounts and their order are the same at every venue of this
// family; only the program id and the addresses differ.

import type { Address } from '../core/ids.ts';
import { TOKEN_PROGRAM } from '../core/programs.ts';
import type { AccountMeta, Instruction } from '../core/transaction.ts';
import type { Dialect } from './dialect.ts';
import { REFRESH_INTEREST, SETTLE, WITHDRAW } from './inspect.ts';

export type Parties = { readonly user: Address; readonly authority: Address };
export type Builder = {
  /** The instruction that settles the profit of one perp market into the deposit. */
  settle(parties: Parties, market: number, remaining: readonly AccountMeta[]): Instruction;
  /**
   * The instruction that withdraws `amount` base units of the quote token. The withdrawal is
   * reduce-only: the program pays out the deposit at most and never lets the account borrow.
   */
  withdraw(
    parties: Parties & { readonly destination: Address },
    amount: bigint,
    remaining: readonly AccountMeta[],
  ): Instruction;
  /** The venue's name of an error number. */
  errorName(code: number): string;
};
/**
 * Returns the builder when it is first needed, because loading parts of Drift's SDK takes 0.1 s of
 * CPU and 20 MB. `loaded` returns null until `load` has finished.
 */
export type BuilderDoor = { load(): Promise<Builder>; loaded(): Builder | null };

const meta = (address: Address, isWritable = false, isSigner = false): AccountMeta => ({
  address,
  isSigner,
  isWritable,
});

/** Returns the data of an instruction: the discriminator, then `bytes` bytes of arguments. */
function dataOf(discriminator: string, bytes: number, write: (data: Buffer) => void): Uint8Array {
  const data = Buffer.alloc(8 + bytes);
  data.write(discriminator, 'hex');
  write(data);
  return new Uint8Array(data);
}

/** Creates the builder of a venue. It needs no library. */
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
        // Reduce-only is true: the withdrawal never becomes a borrow.
        data.writeUInt8(1, 18);
      }),
    }),
    errorName: (code) => errors.get(code)?.name ?? 'unnamed error',
  };
}

/**
 * The instruction that books the interest of a spot market up to now. Every wallet may send it,
 * and it moves no tokens.
 */
export const interestInstruction = (
  { profile, addresses }: Dialect,
  market: number,
  oracle: Address,
): Instruction => ({
  program: profile.programId,
  accounts: [
    meta(addresses.state),
    meta(addresses.spotMarket(market), true),
    meta(oracle),
    meta(addresses.spotVault(market)),
  ],
  data: dataOf(REFRESH_INTEREST.discriminator, 0, () => {}),
});

/** Wraps a builder that needs no loading as a `BuilderDoor`. */
export function openDoor(builder: Builder): BuilderDoor {
  return { load: async () => builder, loaded: () => builder };
}
