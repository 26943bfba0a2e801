// Statuses: asks for the statuses of many signatures at once. In a burst, thousands of payments are
// looked up in the same second; one request carries up to 256 signatures.
import type { Connection, SignatureStatus } from '@solana/web3.js';
import { Fault } from '../core/fault.ts';
import { createGatherer, upTo } from '../core/gather.ts';
import type { Signature } from '../core/ids.ts';
import { asking } from './rpc.ts';

/** The most signatures that a node accepts in one getSignatureStatuses. */
const SIGNATURES_MOST = 256;
/** Requests under way at once. Signatures that arrive meanwhile wait for the next request. */
const REQUESTS_MOST = 2;

/** The status of a signature, with history; null when the node has none. */
export type Statuses = (signature: Signature) => Promise<SignatureStatus | null>;

/**
 * Creates the function that asks for a status. It throws `rpc_unavailable` or `rpc_refused`. While
 * two requests are under way, signatures are gathered for the next one: a single one is sent at
 * once, and many share a request.
 */
export function createStatuses(connection: Connection): Statuses {
  return createGatherer(
    async (signatures: readonly Signature[]) => {
      const { value } = await asking('getSignatureStatuses', () =>
        connection.getSignatureStatuses([...signatures], { searchTransactionHistory: true }),
      );
      if (value.length !== signatures.length)
        throw new Fault(
          'rpc_unavailable',
          `getSignatureStatuses: ${value.length} answers to ${signatures.length} signatures`,
        );
      return value;
    },
    { count: upTo(SIGNATURES_MOST), atOnce: REQUESTS_MOST },
  );
}
