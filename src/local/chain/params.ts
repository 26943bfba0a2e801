// Params: reads the parameters of a JSON-RPC call, and refuses wrong ones as an Agave node does.
import { base58Bytes } from '../../core/ids.ts';
import type { Commitment } from './cluster.ts';

/** An error answer, with Agave's code. */
export class RpcError extends Error {
  readonly code: number;
  readonly data: unknown;

  constructor(code: number, message: string, data?: unknown) {
    super(message);
    this.code = code;
    this.data = data;
  }
}

export type Params = readonly unknown[];
export type Config = Record<string, unknown>;

/** A string parameter. Throws an RpcError for any other value. */
export const text = (value: unknown, name: string): string => {
  if (typeof value !== 'string')
    throw new RpcError(-32602, `Invalid params: ${name} must be a string`);
  return value;
};
/** An address parameter. Throws an RpcError for any other value. */
export const key = (value: unknown): string => {
  const given = text(value, 'address');
  if (base58Bytes(given)?.length !== 32) throw new RpcError(-32602, 'Invalid param: WrongSize');
  return given;
};
/** The configuration object of a call; an empty one when it is left out. */
export const config = (value: unknown): Config =>
  value !== null && typeof value === 'object' ? (value as Config) : {};
/** The commitment of a call. Throws an RpcError for one that does not exist. */
export const commitmentOf = (given: Config, fallback: Commitment = 'finalized'): Commitment => {
  const wanted = given.commitment ?? fallback;
  if (wanted === 'processed' || wanted === 'confirmed' || wanted === 'finalized') return wanted;
  throw new RpcError(-32602, `Invalid params: unknown commitment ${String(wanted)}`);
};
/** The encoding of a call; base58 when it names none. */
export const encodingOf = (given: Config): string =>
  typeof given.encoding === 'string' ? given.encoding : 'base58';
