// Look: what became of a signature. An absence is told only by a node that has seen the finalized
// slot which was read before.
import type { Connection } from '@solana/web3.js';
import { messageOf } from '../core/fault.ts';
import type { Signature } from '../core/ids.ts';
import type { Look } from '../core/payment.ts';
import { statusSince } from './proof.ts';
import { asking } from './rpc.ts';
import type { Statuses } from './statuses.ts';

/**
 * Asks for the status with history. `nothing` where no node could tell. Throws `rpc_unavailable` or
 * `rpc_refused`.
 */
export async function lookAt(
  connection: Connection,
  statusOf: Statuses,
  signature: Signature,
): Promise<Look> {
  let status = await statusOf(signature);
  if (status === null) {
    // Absence says something about the time up to a height only when it is asked for after that
    // height was read.
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
