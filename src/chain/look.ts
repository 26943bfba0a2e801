// Look: reads the outcome of a signature. An absence counts only from a node that has seen the
// finalized slot that was read before. An end counts only when a second answer shows the same: that
// of the second provider, or, where there is none, another answer of the first one. One wrong
// status would otherwise have a debt paid twice, or ended unpaid.
import type { Connection } from '@solana/web3.js';
import { messageOf } from '../core/fault.ts';
import type { Signature, Slot } from '../core/ids.ts';
import type { Look } from '../core/payment.ts';
import type { ChainTransaction } from '../core/transaction.ts';
import { statusSince } from './proof.ts';
import { asking } from './rpc.ts';
import type { Status, Statuses } from './statuses.ts';
import { readTransaction } from './transactions.ts';

/** The nodes of one provider, and the statuses that they tell. */
type Provider = { readonly connection: Connection; readonly statusOf: Statuses };
/** The first provider, and the second one where there is one. */
export type LookSources = Provider & { readonly second: Provider | null };

type Told = { readonly slot: Slot; readonly err: unknown };
/** Whether two answers tell of one slot, and both of an error or both of none. */
const isSame = (one: Told, other: Told): boolean =>
  one.slot === other.slot && (one.err == null) === (other.err == null);
const isFinal = (status: Status | null): status is Status =>
  status?.confirmationStatus === 'finalized';

/** Whether the transaction itself shows the end that a status tells, at the first provider. */
async function isShown(connection: Connection, signature: Signature, told: Told): Promise<boolean> {
  const found = await readTransaction(connection, signature, 'finalized', told.slot);
  return found !== null && isSame(told, { slot: found.slot, err: found.error });
}

/**
 * Whether a provider says that its blocks begin after a slot, so that it cannot know what was
 * executed there: a payment may be looked for days later, when its daemon was down. `conclude`
 * takes no slot from before the payment was signed, which a node might name to be believed alone.
 */
async function hasForgotten({ connection }: Provider, slot: Slot): Promise<boolean> {
  const first = await asking('getFirstAvailableBlock', () => connection.getFirstAvailableBlock());
  return first > slot;
}

/**
 * Whether a second answer shows the end that a final status tells. A payment that failed frees its
 * debts, which are then paid again: that takes the second provider, or the transaction itself where
 * there is none. Throws when a needed answer does not come.
 */
async function isWitnessed(
  { connection, statusOf, second }: LookSources,
  signature: Signature,
  told: Status,
): Promise<boolean> {
  const failed = told.err != null;
  if (second === null) {
    if (failed) return isShown(connection, signature, told);
    const again = await statusOf(signature);
    return isFinal(again) && isSame(told, again);
  }
  try {
    const other = await second.statusOf(signature);
    if (other === null && (await hasForgotten(second, told.slot)))
      return await isShown(connection, signature, told);
    return isFinal(other) && isSame(told, other);
  } catch (thrown) {
    if (failed) throw thrown;
    // A second provider that is down does not hold up payments that landed.
    return isShown(connection, signature, told);
  }
}

/**
 * As `Chain.isShownAgain`. The transaction itself is asked for, also at the second provider: the
 * nodes of some providers have transactions and no statuses.
 */
export async function isShownAgain(
  { connection, second }: LookSources,
  { signature, slot, blockhash, error }: ChainTransaction,
): Promise<boolean> {
  const isSameAs = (other: ChainTransaction | null): boolean =>
    other !== null &&
    other.blockhash === blockhash &&
    isSame({ slot, err: error }, { slot: other.slot, err: other.error });
  const again = async () =>
    isSameAs(await readTransaction(connection, signature, 'finalized', slot));
  if (second === null) return again();
  try {
    const other = await readTransaction(second.connection, signature, 'finalized');
    if (other !== null || !(await hasForgotten(second, slot))) return isSameAs(other);
  } catch (thrown) {
    // The debts of a payment that failed would be paid again, so they wait for the second provider.
    if (error !== null) throw thrown;
  }
  return again();
}

/**
 * Asks for the status with history. An end that a second answer does not show yet counts as
 * confirmed only. `nothing` when no node could answer. Throws `rpc_unavailable` or `rpc_refused`.
 */
export async function lookAt(sources: LookSources, signature: Signature): Promise<Look> {
  const { connection, statusOf } = sources;
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
    if (status === null)
      return {
        seen: 'absent',
        finalizedSlot: epoch.absoluteSlot,
        finalizedBlockHeight: epoch.blockHeight ?? 0,
      };
  }
  const { slot, err: error, confirmationStatus } = status;
  const isUnsure = isFinal(status) && !(await isWitnessed(sources, signature, status));
  const finality = isUnsure ? 'confirmed' : (confirmationStatus ?? 'processed');
  return { seen: 'executed', finality, slot, error };
}
