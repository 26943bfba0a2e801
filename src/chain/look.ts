// Look: reads the outcome of a signature. An absence counts only from a node that has seen the
// finalized slot that was read before. An end counts only when a second answer shows the same: that
// of another provider than the one that gave the first answer, or, where there is no other, a
// second answer of the same one. One wrong status would otherwise have a debt paid twice, or ended
// unpaid.
import type { Connection } from '@solana/web3.js';
import { messageOf } from '../core/fault.ts';
import type { Signature, Slot } from '../core/ids.ts';
import type { Look } from '../core/payment.ts';
import type { ChainTransaction } from '../core/transaction.ts';
import { statusSince } from './proof.ts';
import { asking } from './rpc.ts';
import type { Status, Statuses } from './statuses.ts';
import { tellerOf } from './teller.ts';
import { readTransaction } from './transactions.ts';

/** The nodes of one provider, and the statuses that they tell. */
type Provider = { readonly connection: Connection; readonly statusOf: Statuses };
/**
 * Where the first answer comes from, which may be any node, and the two providers that give second
 * answers, each asked over a connection of its own; `second` is null where none is set.
 */
export type LookSources = Provider & {
  readonly first: Provider;
  readonly second: Provider | null;
};

type Told = { readonly slot: Slot; readonly err: unknown };
/** Whether two answers tell of one slot, and both of an error or both of none. */
const isSame = (one: Told, other: Told): boolean =>
  one.slot === other.slot && (one.err == null) === (other.err == null);
const isFinal = (status: Status | null): status is Status =>
  status?.confirmationStatus === 'finalized';

/** Whether the transaction itself shows the end that a status tells, at one provider. */
async function isShown(
  { connection }: Pick<Provider, 'connection'>,
  signature: Signature,
  told: Told,
): Promise<boolean> {
  const found = await readTransaction(connection, signature, 'finalized', told.slot);
  return found !== null && isSame(told, { slot: found.slot, err: found.error });
}

/**
 * Whether a provider says that its blocks begin after a slot, so that it cannot know what was
 * executed there: a payment may be looked for days later, when its daemon was down. `conclude`
 * takes no slot from before the payment was signed, which a node might name to be believed alone.
 */
export async function hasForgotten(
  { connection }: Pick<Provider, 'connection'>,
  slot: Slot,
): Promise<boolean> {
  const first = await asking('getFirstAvailableBlock', () => connection.getFirstAvailableBlock());
  return first > slot;
}

/** A provider that must show the same as the first answer, and the one that did not give it. */
type Other = { readonly asked: Provider; readonly instead: Provider };
/**
 * The providers that must show the same as a first answer, `instead` where the provider itself
 * cannot: the second one for an answer of the first or of a further node, the first one for an
 * answer of the second. Both for an answer whose node is not known.
 */
function othersOf({ connection, first, second }: LookSources, told: object): Other[] | null {
  if (second === null) return null;
  const by = tellerOf(told) ?? connection;
  const ofFirst = { asked: first, instead: second };
  const ofSecond = { asked: second, instead: first };
  if (by === second.connection) return [ofFirst];
  return tellerOf(told) === undefined && by !== first.connection ? [ofFirst, ofSecond] : [ofSecond];
}

/**
 * Asks for a second answer where there is no second provider: at the first one when a further node
 * gave the first answer, else wherever the first answer came from. While the first one is down, any
 * node may answer for what landed.
 */
async function askAgain(
  sources: LookSources,
  told: object,
  failed: boolean,
  ask: (provider: Provider) => Promise<boolean>,
): Promise<boolean> {
  const by = tellerOf(told) ?? sources.connection;
  if (by === sources.first.connection) return ask(sources);
  try {
    return await ask(sources.first);
  } catch (thrown) {
    if (failed) throw thrown;
    return ask(sources);
  }
}

/**
 * Whether a second answer shows the end that a final status tells. A payment that failed frees its
 * debts, which are then paid again: that takes another provider than the one that told it, or the
 * transaction itself where there is none. Throws when a needed answer does not come.
 */
async function isWitnessed(
  sources: LookSources,
  signature: Signature,
  told: Status,
): Promise<boolean> {
  const failed = told.err != null;
  const others = othersOf(sources, told);
  if (others === null)
    return askAgain(sources, told, failed, async (provider) => {
      if (failed) return isShown(provider, signature, told);
      const again = await provider.statusOf(signature);
      return isFinal(again) && isSame(told, again);
    });
  const isToldBy = async ({ asked, instead }: Other): Promise<boolean> => {
    try {
      const other = await asked.statusOf(signature);
      if (other === null && (await hasForgotten(asked, told.slot)))
        return await isShown(instead, signature, told);
      return isFinal(other) && isSame(told, other);
    } catch (thrown) {
      if (failed) throw thrown;
      // A provider that is down does not hold up payments that landed.
      return isShown(instead, signature, told);
    }
  };
  for (const other of others) if (!(await isToldBy(other))) return false;
  return true;
}

/**
 * As `Chain.isShownAgain`. The transaction itself is asked for, also at the other provider: the
 * nodes of some providers have transactions and no statuses.
 */
export async function isShownAgain(
  sources: LookSources,
  transaction: ChainTransaction,
): Promise<boolean> {
  const { signature, slot, blockhash, error } = transaction;
  const isSameAs = (other: ChainTransaction | null): boolean =>
    other !== null &&
    other.blockhash === blockhash &&
    isSame({ slot, err: error }, { slot: other.slot, err: other.error });
  const again = async ({ connection }: Provider) =>
    isSameAs(await readTransaction(connection, signature, 'finalized', slot));
  const others = othersOf(sources, transaction);
  if (others === null) return askAgain(sources, transaction, error !== null, again);
  const isToldBy = async ({ asked, instead }: Other): Promise<boolean> => {
    try {
      const other = await readTransaction(asked.connection, signature, 'finalized');
      if (other !== null || !(await hasForgotten(asked, slot))) return isSameAs(other);
    } catch (thrown) {
      // The debts of a payment that failed would be paid again, so they wait for that provider.
      if (error !== null) throw thrown;
    }
    return again(instead);
  };
  for (const other of others) if (!(await isToldBy(other))) return false;
  return true;
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
