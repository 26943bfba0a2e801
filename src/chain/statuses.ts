// Statuses: asks for the statuses of many signatures at once. In a burst, thousands of payments are
// looked up in the same second; one request carries up to 256 signatures.
import type { Connection, SignatureStatus } from '@solana/web3.js';
import { Fault } from '../core/fault.ts';
import type { Signature } from '../core/ids.ts';
import { asking } from './rpc.ts';

/** The most signatures that a node accepts in one getSignatureStatuses. */
const SIGNATURES_MOST = 256;
/** Requests under way at once. Signatures that arrive meanwhile wait for the next request. */
const REQUESTS_MOST = 2;

type Asked = {
  readonly signature: Signature;
  readonly resolve: (status: SignatureStatus | null) => void;
  readonly reject: (thrown: unknown) => void;
};
/** The status of a signature, with history; null when the node has none. */
export type Statuses = (signature: Signature) => Promise<SignatureStatus | null>;

/**
 * Creates the function that asks for a status. It throws `rpc_unavailable` or `rpc_refused`. While
 * two requests are under way, signatures are gathered for the next one: a single one is sent at
 * once, and many share a request.
 */
export function createStatuses(connection: Connection): Statuses {
  const waiting: Asked[] = [];
  let underWay = 0;
  const send = async (asked: readonly Asked[]): Promise<void> => {
    try {
      const { value } = await asking('getSignatureStatuses', () =>
        connection.getSignatureStatuses(
          asked.map((each) => each.signature),
          { searchTransactionHistory: true },
        ),
      );
      if (value.length !== asked.length)
        throw new Fault(
          'rpc_unavailable',
          `getSignatureStatuses: ${value.length} answers to ${asked.length} signatures`,
        );
      for (const [index, { resolve }] of asked.entries()) resolve(value[index] ?? null);
    } catch (thrown) {
      for (const { reject } of asked) reject(thrown);
    }
  };
  const pump = (): void => {
    while (underWay < REQUESTS_MOST && waiting.length > 0) {
      underWay++;
      void send(waiting.splice(0, SIGNATURES_MOST)).finally(() => {
        underWay--;
        pump();
      });
    }
  };
  return (signature) =>
    new Promise((resolve, reject) => {
      waiting.push({ signature, resolve, reject });
      // Signatures of the same turn of the event loop share a request as well.
      queueMicrotask(pump);
    });
}
