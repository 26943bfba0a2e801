// Reach: how far back the node remembers that gave an answer. A URL may stand for several nodes of
// which some have pruned, so the answer and the blocks after the slot in question are asked for in
// one batch, which one node answers. Blocks that another node shows say nothing about the answer.
import type { Connection } from '@solana/web3.js';
import type { Slot } from '../core/ids.ts';
import { blocksAfterQuestion, reachesBack, startsAfter, WINDOWS } from './blocks.ts';
import { askTogether, type Question } from './rpc-batch.ts';

/** The question how far back a node remembers, for a batch. */
export const FIRST_QUESTION: Question = { method: 'getFirstAvailableBlock', params: [] };

/** The slot after which a node must show the first block, and the newest slot to look in. */
export type Span = { readonly afterSlot: Slot; readonly seenSlot: Slot };
/** The reach of a node, as the node names it beside an answer. */
export type Reach = {
  /** Its first available block, as it says. */
  readonly first: Slot;
  /** Its blocks after the slot, in the window that was asked for; null when not listed. */
  readonly blocks: readonly Slot[] | null;
};

/**
 * Asks one node the questions and its reach in one batch. A node that refuses the list of blocks in
 * a batch is asked without it. Null when the provider refuses batches, or does not answer one of
 * the questions in them. `nth`: the window of slots, 0 to WINDOWS.length - 1. The first available
 * block is asked for last, so that the node cannot prune in between. Throws `rpc_unavailable`.
 */
export async function askWithReach(
  connection: Connection,
  questions: readonly Question[],
  { afterSlot, seenSlot }: Span,
  nth: number,
): Promise<{ readonly answers: readonly unknown[]; readonly reach: Reach } | null> {
  if (seenSlot > afterSlot) {
    const listing = blocksAfterQuestion(afterSlot, seenSlot, nth);
    const told = await askTogether(connection, [...questions, listing, FIRST_QUESTION]);
    const [blocks, first] = told?.slice(-2) ?? [];
    if (told !== null && Array.isArray(blocks) && typeof first === 'number')
      return { answers: told.slice(0, -2), reach: { first, blocks: blocks as Slot[] } };
  }
  const told = await askTogether(connection, [...questions, FIRST_QUESTION]);
  const first = told?.at(-1);
  if (told === null || typeof first !== 'number') return null;
  return { answers: told.slice(0, -1), reach: { first, blocks: null } };
}

/**
 * Whether the node that gave an answer shows the first block after the slot.
 * - `shown`: the node shows the block.
 * - `believed`: the provider does not know the question, so that the node's own statement counts.
 * - `elsewhere`: a node of this URL shows the block, perhaps another one.
 * - `wider`: the window of slots holds no block; the next window is to be asked for.
 * - `no`: the node does not show the block.
 */
export type Reached = 'shown' | 'believed' | 'elsewhere' | 'wider' | 'no';

/** Judges a node's reach. Throws `rpc_unavailable` when a node does not answer. */
export async function reachOf(
  connection: Connection,
  { blocks }: Pick<Reach, 'blocks'>,
  { afterSlot, seenSlot }: Span,
  nth: number,
): Promise<Reached> {
  if (seenSlot <= afterSlot) return 'shown';
  if (blocks === null) {
    const reaches = await reachesBack(connection, afterSlot, seenSlot);
    return reaches === null ? 'believed' : reaches ? 'elsewhere' : 'no';
  }
  if (blocks.length > 0) return (await startsAfter(connection, afterSlot, blocks)) ? 'shown' : 'no';
  const isWhole = afterSlot + (WINDOWS[nth] ?? 0) >= seenSlot || nth + 1 >= WINDOWS.length;
  return isWhole ? 'no' : 'wider';
}
