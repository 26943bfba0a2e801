// Account: accounts of the simulated chain, and what a program may do with them while it runs.
import { base58Text } from '../../../src/core/ids.ts';
import type { SimInstruction } from './message.ts';

export type Account = {
  readonly lamports: bigint;
  readonly owner: string;
  readonly data: Uint8Array;
};
/** Where accounts are read and written: the chain itself, or a copy for a simulation. */
export type Store = {
  get(address: string): Account | null;
  set(address: string, account: Account | null): void;
};
export const SYSTEM = '11111111111111111111111111111111';
export const TOKEN = 'TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA';
export const LAMPORTS_A_SIGNATURE = 5_000n;
/** The rent-exempt lamports of an account of this many bytes, at 6,960 lamports per byte. */
export const rentOf = (bytes: number): bigint => BigInt(bytes + 128) * 6_960n;
export const UNITS = 90_000;

/** Ends an instruction with an error of its program, as the runtime reports it. */
export class ProgramFailure extends Error {
  readonly failure: unknown;
  constructor(failure: unknown) {
    super(JSON.stringify(failure));
    this.failure = failure;
  }
}

export type Frame = Store & {
  readonly slot: number;
  readonly unixTime: bigint;
  /** The blockhash of the block before. */
  readonly blockhash: string;
  signed(address: string): boolean;
  log(line: string): void;
  /** Notes a call to another program, whose effect the caller brings about itself. */
  called(instruction: SimInstruction): void;
};
export type Program = (instruction: SimInstruction, frame: Frame) => void;

const known = new Map<string, string>();
export function base58Of(data: Buffer, at: number): string {
  const raw = data.toString('latin1', at, at + 32);
  const text = known.get(raw) ?? base58Text(data.subarray(at, at + 32));
  known.set(raw, text);
  return text;
}
