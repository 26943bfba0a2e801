// Teller: remembers which node gave an answer. A pool puts a question to any of its nodes, and a
// second answer counts only when another node gives it.
import type { Connection } from '@solana/web3.js';

const tellers = new WeakMap<object, Connection>();

/** Notes that the node of this connection gave an answer, or what was read from the answer. */
export function toldBy<Told>(told: Told, node: Connection | undefined): Told {
  if (node !== undefined && typeof told === 'object' && told !== null) tellers.set(told, node);
  return told;
}

/**
 * The connection to the one node that gave an answer; undefined where no node was noted, as for an
 * answer of a connection that belongs to no pool.
 */
export const tellerOf = (told: unknown): Connection | undefined =>
  typeof told === 'object' && told !== null ? tellers.get(told) : undefined;
