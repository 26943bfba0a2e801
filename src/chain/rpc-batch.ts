// RPC batch: sends several questions in one JSON-RPC batch. A batch is one request, so one node
// behind a URL answers all of it, and its answers can be compared with each other. Some
// providers refuse batches of some methods; the caller then gets null.
import type { Connection } from '@solana/web3.js';
import { Fault, messageOf } from '../core/fault.ts';
import { carrierOf, redact } from './rpc.ts';
import { tellerOf, toldBy } from './teller.ts';

/** One question of a batch. */
export type Question = { readonly method: string; readonly params: readonly unknown[] };
/** Connections whose provider refuses batches. */
const refusing = new WeakSet<Connection>();

type Reply = { readonly id?: unknown; readonly result?: unknown };

/** Whether the same request may be answered later, by HTTP status. */
const passing = (status: number): boolean => status === 429 || status >= 500;

/**
 * The answers of one node, in the order of the questions, each with its teller. Null when not all
 * were answered: the provider refuses batches, or the node could not answer one of them. Throws
 * `rpc_unavailable` when the URL does not answer at all.
 */
export async function askTogether(
  connection: Connection,
  questions: readonly Question[],
): Promise<readonly unknown[] | null> {
  const carry = carrierOf(connection);
  if (carry === undefined || refusing.has(connection)) return null;
  const body = questions.map((each, id) => ({ jsonrpc: '2.0', id, ...each }));
  const unavailable = (why: string): Fault =>
    new Fault('rpc_unavailable', `batch of ${questions[0]?.method}: ${redact(why).slice(0, 300)}`);
  let told: unknown;
  let node: Connection | undefined;
  try {
    const response = await carry(JSON.stringify(body));
    if (!response.ok) {
      if (passing(response.status)) throw unavailable(`HTTP ${response.status}`);
      refusing.add(connection);
      return null;
    }
    told = JSON.parse(await response.text());
    node = tellerOf(response);
  } catch (thrown) {
    throw thrown instanceof Fault ? thrown : unavailable(messageOf(thrown));
  }
  if (!Array.isArray(told)) {
    refusing.add(connection);
    return null;
  }
  const answers = new Map((told as Reply[]).map((reply) => [reply?.id, reply]));
  const results = questions.map((_, id) => answers.get(id));
  if (!results.every((reply) => reply !== undefined && 'result' in reply)) return null;
  return results.map((reply) => toldBy(reply?.result, node));
}
