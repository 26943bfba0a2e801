// Statuses: asks for the statuses of many signatures at once. In a burst, thousands of payments are
// looked up in the same second; one request carries up to 256 signatures.
import type { Connection } from '@solana/web3.js';
import { Fault } from '../core/fault.ts';
import { afterEvents, createGatherer, upTo } from '../core/gather.ts';
import type { Signature, Slot } from '../core/ids.ts';
import { askNode, countOf, itemsOf, membersOf } from './question.ts';
import { asking } from './rpc.ts';
import { tellerOf, toldBy } from './teller.ts';

/** The most signatures that a node accepts in one getSignatureStatuses. */
const SIGNATURES_MOST = 256;
/** Requests under way at once. Signatures that arrive meanwhile wait for the next request. */
const REQUESTS_MOST = 2;

/** The status of an executed transaction, as a node gives it. */
export type Status = {
  readonly slot: Slot;
  /** The error with which it was executed; null when it succeeded. */
  readonly err: unknown;
  /** How far its block is confirmed; none when the node does not say so. */
  readonly confirmationStatus?: 'processed' | 'confirmed' | 'finalized' | null;
};
/** The status of a signature, with history and its teller; null when the node has none. */
export type Statuses = (signature: Signature) => Promise<Status | null>;

/** A status of an answer. Throws an Error for one that lacks its slot or names no commitment. */
function statusOf(value: unknown): Status | null {
  if (value === null) return null;
  const { slot, err = null, confirmationStatus = null } = membersOf(value, 'a status');
  if (
    confirmationStatus !== null &&
    confirmationStatus !== 'processed' &&
    confirmationStatus !== 'confirmed' &&
    confirmationStatus !== 'finalized'
  )
    throw new Error(`${String(confirmationStatus)} is no commitment`);
  return { slot: countOf(slot, 'slot'), err, confirmationStatus };
}

/**
 * Creates the function that asks for a status. It throws `rpc_unavailable` or `rpc_refused`. While
 * two requests are under way, signatures are gathered for the next one: a single one is sent at
 * once, and many share a request.
 */
export function createStatuses(connection: Connection): Statuses {
  return createGatherer(
    async (signatures: readonly Signature[]) => {
      const value = await asking('getSignatureStatuses', async () => {
        const params = [signatures, { searchTransactionHistory: true }];
        const answer = await askNode(connection, 'getSignatureStatuses', params);
        const values = itemsOf(membersOf(answer, 'the answer').value, 'value');
        return values.map((each) => toldBy(statusOf(each), tellerOf(answer)));
      });
      if (value.length !== signatures.length)
        throw new Fault(
          'rpc_unavailable',
          `getSignatureStatuses: ${value.length} answers to ${signatures.length} signatures`,
        );
      return value;
    },
    { count: upTo(SIGNATURES_MOST), atOnce: REQUESTS_MOST, when: afterEvents },
  );
}
