// Proof: one round of questions whether a transaction was never executed and never can be. The
// finalized height is read first. Every later answer must come from a node of our chain that has
// seen that slot and whose history reaches back to the blockhash; an answer that cannot show this
// is no answer. The questions are put to one node in one request where the provider takes that.
// core/death.ts decides how many rounds make a proof.
import type { Connection } from '@solana/web3.js';
import type { Absence, DeathEvidence } from '../core/death.ts';
import type { Address, Slot } from '../core/ids.ts';
import type { SignedBytes } from '../core/payment.ts';
import {
  askPage,
  askPageAndReach,
  FIRST_QUESTION,
  type PageOf,
  pageQuestion,
  type Told,
} from './history.ts';
import { asking } from './rpc.ts';
import { askTogether } from './together.ts';
import { readTransaction } from './transactions.ts';

/** A node by itself, never a choice among several: evidence names its source. */
export type Witness = {
  readonly connection: Connection;
  /**
   * Asks this very node, now, for its genesis hash. Throws `rpc_unavailable` when it gives none.
   */
  ofOurChain(): Promise<boolean>;
};

/** An answer, or null when the question could not be answered. */
async function answer<T>(question: () => Promise<T>): Promise<T | null> {
  try {
    return await question();
  } catch {
    return null;
  }
}

/**
 * What a walk through the history told: whether the signature is not in it, and from where on the
 * nodes at its ends remember.
 */
type Walked = { readonly lacks: boolean; readonly firsts: readonly Slot[] };

/**
 * Whether the account's finalized history since the blockhash lacks the signature. The walk goes on
 * until a row older than the blockhash or an empty page: a short page proves no end. It may be
 * long, since strangers can write to an account.
 */
async function walkHistory(
  connection: Connection,
  account: Address,
  signed: SignedBytes,
  seenSlot: Slot,
  begun: Told | null,
): Promise<Walked> {
  const firsts: Slot[] = [];
  const at = (before: string | undefined): PageOf => ({
    account,
    before,
    seenSlot,
    commitment: 'finalized',
  });
  let asked = at(undefined);
  let page = begun === null ? await askPage(connection, asked) : begun.page;
  for (let told = begun; ; told = null) {
    if (page.length === 0) {
      told ??= await askPageAndReach(connection, asked);
      firsts.push(told.first);
      page = told.page;
    }
    if (page.some((row) => row.signature === signed.signature)) return { lacks: false, firsts };
    const last = page.at(-1);
    if (last === undefined || last.slot < signed.blockhashSlot) return { lacks: true, firsts };
    asked = at(last.signature);
    page = await askPage(connection, asked);
  }
}

/**
 * The status of a signature, with history, from a node that has seen a slot. Throws when the node
 * is behind it.
 */
export async function statusSince(connection: Connection, signature: string, seenSlot: Slot) {
  const config = { searchTransactionHistory: true, minContextSlot: seenSlot };
  const found = await asking('getSignatureStatuses', () =>
    connection.getSignatureStatuses([signature], config),
  );
  // Nodes before Agave 4.4 ignore minContextSlot here, so the context of the answer is compared
  // too.
  if (found.context.slot < seenSlot) throw new RangeError('the node is behind');
  return found.value[0] ?? null;
}

type Status = { readonly context: { readonly slot: Slot }; readonly value: readonly unknown[] };

/** What one node said in one request; null for a question that it did not answer. */
type Together = {
  readonly first: Slot;
  readonly statusAbsent: boolean | null;
  readonly transactionAbsent: boolean | null;
  readonly told: Told;
};

/**
 * Puts all questions of a round to one node, in one request. Null where the provider refuses that.
 */
async function askAtOnce(
  connection: Connection,
  { signature }: SignedBytes,
  account: Address,
  minContextSlot: Slot,
): Promise<Together | null> {
  const page = { account, before: undefined, seenSlot: minContextSlot, commitment: 'finalized' };
  const commitment = 'finalized';
  const answers = await askTogether(connection, [
    FIRST_QUESTION,
    {
      method: 'getSignatureStatuses',
      params: [[signature], { searchTransactionHistory: true, minContextSlot }],
    },
    {
      method: 'getTransaction',
      params: [signature, { commitment, maxSupportedTransactionVersion: 1, minContextSlot }],
    },
    pageQuestion({ ...page, commitment }),
    FIRST_QUESTION,
  ]);
  if (answers === null) return null;
  const [before, status, transaction, rows, after] = answers;
  if (typeof before !== 'number' || typeof after !== 'number' || !Array.isArray(rows)) return null;
  const { context, value } = status as Status;
  const first = Math.max(before, after);
  return {
    first,
    // Nodes before Agave 4.4 ignore minContextSlot here, so the context of the answer is compared
    // too.
    statusAbsent: context.slot < minContextSlot ? null : value[0] === null,
    // Without its metadata the node has it, and does not know what became of it.
    transactionAbsent:
      transaction === null
        ? true
        : (transaction as { meta?: unknown }).meta === null
          ? null
          : false,
    told: { page: rows as Told['page'], first, sure: true },
  };
}

async function askOne(
  { connection, ofOurChain }: Witness,
  signed: SignedBytes,
  account: Address,
): Promise<Absence> {
  const epoch = await asking('getEpochInfo', () => connection.getEpochInfo('finalized'));
  const seenSlot = epoch.absoluteSlot;
  const told = await answer(() => askAtOnce(connection, signed, account, seenSlot));
  const askFirst = () =>
    answer(() => asking('getFirstAvailableBlock', () => connection.getFirstAvailableBlock()));
  const firsts: (Slot | null)[] = [told === null ? await askFirst() : told.first];
  const statusAbsent =
    told === null
      ? await answer(
          async () => (await statusSince(connection, signed.signature, seenSlot)) === null,
        )
      : told.statusAbsent;
  const transactionAbsent =
    told === null
      ? await answer(
          async () =>
            (await readTransaction(connection, signed.signature, 'finalized', seenSlot)) === null,
        )
      : told.transactionAbsent;
  const walked = await answer(() =>
    walkHistory(connection, account, signed, seenSlot, told === null ? null : told.told),
  );
  // Asked again at the end: where the questions were put one by one, several nodes may have
  // answered, and a node prunes.
  firsts.push(...(walked?.firsts ?? []), ...(told === null ? [await askFirst()] : []));
  return {
    finalizedSlot: seenSlot,
    finalizedBlockHeight: epoch.blockHeight ?? 0,
    statusAbsent,
    transactionAbsent,
    historyAbsent: walked?.lacks ?? null,
    historyReaches: firsts.some((first) => first === null)
      ? null
      : firsts.every((first) => first !== null && first <= signed.blockhashSlot),
    ownChain: await answer(ofOurChain),
  };
}

/**
 * One round: asks the node, and the second provider when there is one. Throws when the first does
 * not tell its height.
 */
export async function gatherDeathEvidence(
  { first, second }: { first: Witness; second: Witness | null },
  signed: SignedBytes,
  account: Address,
): Promise<DeathEvidence> {
  const own = await askOne(first, signed, account);
  if (second === null) return { ...own, second: 'none' };
  try {
    return { ...own, second: await askOne(second, signed, account) };
  } catch {
    return { ...own, second: 'unanswered' };
  }
}
