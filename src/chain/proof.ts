// Proof: asks one round of questions on whether a transaction was never executed and never can be.
// The finalized height is read first. Every later answer must come from a node of our chain that
// has seen that slot and whose history reaches back to the blockhash; an answer that cannot show
// this does not count. The questions are sent to one node in one batch if the provider accepts
// that. core/death.ts decides how many rounds make a proof.
import type { Connection } from '@solana/web3.js';
import type { Absence, DeathEvidence } from '../core/death.ts';
import type { Address, Slot } from '../core/ids.ts';
import type { SignedBytes } from '../core/signed-bytes.ts';
import { blocksQuestion, lastHeightOf } from './blocks.ts';
import {
  askPage,
  askPageAndReach,
  type PageOf,
  pageQuestion,
  rowsOf,
  type Told,
} from './history.ts';
import { FIRST_QUESTION } from './reach.ts';
import { asking } from './rpc.ts';
import { askTogether } from './rpc-batch.ts';
import { readTransaction } from './transactions.ts';

/** One node by itself, so that evidence names its source. */
export type Witness = {
  readonly connection: Connection;
  /**
   * Asks this node for its genesis hash, by a question that is put after this call. Throws
   * `rpc_unavailable` when it does not answer, or named our chain too long before its last answer.
   */
  ofOurChain(): Promise<boolean>;
};

/** The answer, or null when the question failed. */
async function answer<T>(question: () => Promise<T>): Promise<T | null> {
  try {
    return await question();
  } catch {
    return null;
  }
}

/**
 * The result of a walk through the history: whether it lacks the signature, and the first available
 * blocks of the nodes at its empty pages.
 */
type Walked = { readonly lacks: boolean; readonly firsts: readonly Slot[] };

/**
 * Whether the account's finalized history since the blockhash lacks the signature. The walk ends at
 * a row older than the blockhash or at an empty page; a short page does not end it. The walk may be
 * long, because strangers can write transactions to an account.
 */
async function walkHistory(
  connection: Connection,
  account: Address,
  signed: SignedBytes,
  seenSlot: Slot,
  begun: Told | null,
): Promise<Walked> {
  const firsts: Slot[] = [];
  const at = (before: PageOf['before']): PageOf => ({
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
    asked = at(last);
    page = await askPage(connection, asked);
  }
}

/**
 * The status of a signature, with history, from a node that has seen a slot. Throws when the node
 * is behind that slot.
 */
export async function statusSince(connection: Connection, signature: string, seenSlot: Slot) {
  const config = { searchTransactionHistory: true, minContextSlot: seenSlot };
  const found = await asking('getSignatureStatuses', () =>
    connection.getSignatureStatuses([signature], config),
  );
  // Nodes before Agave 4.4 ignore minContextSlot here, so the answer's context slot is checked as
  // well.
  if (found.context.slot < seenSlot) throw new RangeError('the node is behind');
  return found.value[0] ?? null;
}

type Status = { readonly context: { readonly slot: Slot }; readonly value: readonly unknown[] };

/** The answers of one node to one batch; null for a question that it did not answer. */
type Together = {
  readonly first: Slot;
  readonly statusAbsent: boolean | null;
  readonly transactionAbsent: boolean | null;
  readonly told: Told;
  readonly blocks: readonly Slot[];
};

/**
 * Sends all questions of a round to one node in one batch. Null when the provider refuses batches.
 */
async function askAtOnce(
  connection: Connection,
  signed: SignedBytes,
  account: Address,
  minContextSlot: Slot,
): Promise<Together | null> {
  const { signature } = signed;
  const commitment = 'finalized';
  const page: PageOf = { account, before: undefined, seenSlot: minContextSlot, commitment };
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
    pageQuestion(page),
    blocksQuestion(signed, minContextSlot),
    FIRST_QUESTION,
  ]);
  if (answers === null) return null;
  const [before, status, transaction, rows, blocks, after] = answers;
  if (typeof before !== 'number' || typeof after !== 'number') return null;
  if (!Array.isArray(rows) || !Array.isArray(blocks)) return null;
  const { context, value } = status as Status;
  const first = Math.max(before, after);
  return {
    first,
    // Nodes before Agave 4.4 ignore minContextSlot here, so the answer's context slot is checked as
    // well.
    statusAbsent: context.slot < minContextSlot ? null : value[0] === null,
    // A transaction without metadata exists at the node, but its outcome is unknown.
    transactionAbsent:
      transaction === null
        ? true
        : (transaction as { meta?: unknown }).meta === null
          ? null
          : false,
    told: { page: rowsOf(rows, page), first, blocks: blocks as Slot[], sure: true },
    blocks: blocks as Slot[],
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
  const lastHeight = await answer(() =>
    lastHeightOf(connection, signed, seenSlot, told === null ? null : told.blocks),
  );
  // The first available block is asked for again at the end: separate questions may have been
  // answered by several nodes, and a node may have pruned in between.
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
    lastHeight,
    ownChain: await answer(ofOurChain),
  };
}

/**
 * One round of questions to the first node, and to the second provider if there is one. Throws when
 * the first node does not return its height.
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
