// Look: reads the outcome of a signature. An absence counts only from a node that has seen the
// finalized slot that was read before.
import type { Connection } from '@solana/web3.js';
import { messageOf } from '../core/fault.ts';
import type { Signature } from '../core/ids.ts';
import type { Look } from '../core/payment.ts';
import { statusSince } from './proof.ts';
import { asking } from './rpc.ts';
import type { Statuses } from './statuses.ts';

/**
 * Asks for the status with history. `nothing` when no node could answer. Throws `rpc_unavailable`
 * or `rpc_refused`.
 */
export async function lookAt(
  connection: Connection,
  statusOf: Statuses,
  signature: Signature,
): Promise<Look> {
  let status = await statusOf(signature);
  if (status === null) {
    // An absence covers the time up to a block height only when it is asked for after that height
    // was read.
    const epoch = await asking('getEpochInfo', () => connection.getEpochInfo('finalized'));
    try {
      status = await statusSince(connection, signature, epoch.absoluteSlot);
    } catch (thrown) {
      return { seen: 'nothing', why: messageOf(thrown) };
    }
    if (status === null) return { seen: 'absent', finalizedBlockHeight: epoch.blockHeight ?? 0 };
  }
  return {
    seen: 'executed',
    finality: status.confirmationStatus ?? 'processed',
    slot: status.slot,
    error: status.err,
  };
}
