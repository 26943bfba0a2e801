// Question: one JSON-RPC call, put together and read without web3.js. web3.js validates each answer
// field by field and builds objects of its own, which takes 2 to 5 ms of CPU for a transaction; in
// a burst the daemon reads thousands. The readers in this folder check the fields that they use.
import type { Connection } from '@solana/web3.js';
import { Fault } from '../core/fault.ts';
import { carrierOf } from './rpc.ts';

type Reply = {
  readonly result?: unknown;
  readonly error?: { readonly code?: unknown; readonly message?: unknown };
};

/** An error that a node answered with; `code` is its JSON-RPC code. */
export class NodeError extends Error {
  readonly code: number | undefined;
  constructor(code: unknown, message: unknown) {
    super(typeof message === 'string' ? message : 'the node answered with an error');
    this.code = typeof code === 'number' ? code : undefined;
  }
}

/**
 * Puts one question and returns its `result`, unchecked. Throws a `NodeError` for an error of the
 * node, and an Error for an answer that is none; `asking` turns both into faults.
 */
export async function askNode(
  connection: Connection,
  method: string,
  params: readonly unknown[],
): Promise<unknown> {
  const carry = carrierOf(connection);
  if (carry === undefined)
    throw new Fault('rpc_unavailable', `${method}: this connection carries no questions`);
  const response = await carry(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }));
  const text = await response.text();
  if (!response.ok) throw new Error(`HTTP ${response.status}: ${text.slice(0, 200)}`);
  const reply = JSON.parse(text) as Reply | null;
  if (reply === null || typeof reply !== 'object') throw new Error('the answer is no object');
  if (reply.error !== undefined && reply.error !== null)
    throw new NodeError(reply.error.code, reply.error.message);
  if (!('result' in reply)) throw new Error('the answer has no result');
  return reply.result;
}

/** The members of a JSON value that is an object. Throws for any other value. */
export function membersOf(value: unknown, what: string): Record<string, unknown> {
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    throw new Error(`${what} is no object`);
  return value as Record<string, unknown>;
}
/** The items of a JSON array. Throws for any other value. */
export function itemsOf(value: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new Error(`${what} is no array`);
  return value;
}
/** A number that counts: a slot, a height, lamports as web3.js reads them. Throws for others. */
export function countOf(value: unknown, what: string): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0)
    throw new Error(`${what} is no count`);
  return value;
}
/** A text. Throws for any other value. */
export function textOf(value: unknown, what: string): string {
  if (typeof value !== 'string') throw new Error(`${what} is no text`);
  return value;
}
