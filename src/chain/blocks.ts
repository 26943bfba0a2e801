// Blocks: shows that a node keeps the blocks for which it answers that a transaction is absent. A
// node's first available block is only a claim: one that was pruned and names an earlier block
// would give "absent" to every question. The node must list the blocks, and their heights must
// leave none out.
import { type Connection, VersionedTransaction } from '@solana/web3.js';
import { DEATH_MARGIN_BLOCKS } from '../core/death.ts';
import { Fault } from '../core/fault.ts';
import { isAddress, type Slot } from '../core/ids.ts';
import { SYSTEM_PROGRAM } from '../core/programs.ts';
import type { SignedBytes } from '../core/signed-bytes.ts';
import { askNode, countOf, itemsOf, membersOf } from './question.ts';
import { asking } from './rpc.ts';
import type { Question } from './rpc-batch.ts';

/** Blocks for which a blockhash may be used. */
const BLOCKHASH_LIFE = 150;
/** Blocks after that of the blockhash: its life, and the margin of a proof of death. */
const BLOCKS_MOST = BLOCKHASH_LIFE + DEATH_MARGIN_BLOCKS;
/**
 * The number of slots in which BLOCKS_MOST blocks are looked for. When a window holds fewer, the
 * next one is asked for: a cluster that stood still leaves many slots without blocks.
 */
export const WINDOWS = [600, 20_000, 400_000] as const;

const questionOf = (fromSlot: Slot, uptoSlot: Slot): Question => ({
  method: 'getBlocks',
  params: [fromSlot, uptoSlot, { commitment: 'finalized' }],
});
/** The question for the blocks from the blockhash's slot on, for a batch. */
export const blocksQuestion = ({ blockhashSlot }: SignedBytes, seenSlot: Slot): Question =>
  questionOf(blockhashSlot, Math.min(seenSlot, blockhashSlot + WINDOWS[0]));

/** The question for the blocks after a slot, in the nth window; `seenSlot` is above that slot. */
export const blocksAfterQuestion = (afterSlot: Slot, seenSlot: Slot, nth: number): Question =>
  questionOf(afterSlot + 1, Math.min(seenSlot, afterSlot + (WINDOWS[nth] ?? 0)));

/** The slots of the blocks in a stretch, as the node lists them. */
const listBlocks = (connection: Connection, fromSlot: Slot, uptoSlot: Slot): Promise<Slot[]> =>
  asking('getBlocks', async () => {
    const { method, params } = questionOf(fromSlot, uptoSlot);
    const listed = itemsOf(await askNode(connection, method, params), 'the list of blocks');
    return listed.map((each) => countOf(each, 'the slot of a block'));
  });

type Block = {
  readonly blockHeight?: number | null;
  readonly blockhash: string;
  readonly parentSlot: Slot;
  readonly previousBlockhash?: string;
};
const NO_BLOCKHASH: string = SYSTEM_PROGRAM;

const BLOCK_CONFIG = {
  commitment: 'finalized',
  transactionDetails: 'none',
  rewards: false,
  maxSupportedTransactionVersion: 1,
} as const;
/** The head of a block. Throws `rpc_unavailable` when the node does not give it. */
async function readHead(connection: Connection, slot: Slot): Promise<Block> {
  const found = await asking('getBlock', () => connection.getBlock(slot, BLOCK_CONFIG));
  if (found === null)
    throw new Fault(
      'rpc_unavailable',
      `getBlock: the node lists slot ${slot} and does not give it`,
    );
  return found as Block;
}

/** See `Chain.blockhashBefore`. */
export async function readBlockhashBefore(connection: Connection, slot: Slot): Promise<string> {
  const { previousBlockhash } = await readHead(connection, slot);
  // A node that has pruned the block before this one returns 32 zero bytes.
  if (previousBlockhash === undefined || previousBlockhash === NO_BLOCKHASH)
    throw new Fault('rpc_unavailable', `getBlock: the node lacks the block before slot ${slot}`);
  if (!isAddress(previousBlockhash))
    throw new Fault('rpc_unavailable', `getBlock: slot ${slot} names no blockhash of 32 bytes`);
  return previousBlockhash;
}

const blockhashIn = (bytes: Uint8Array): string =>
  VersionedTransaction.deserialize(bytes).message.recentBlockhash;
/**
 * Whether the node calls a blockhash expired. Asked only where the block of its slot has another
 * one, because that slot may be wrong, or its block was dropped by a fork.
 */
const isExpired = (connection: Connection, bytes: Uint8Array, seenSlot: Slot): Promise<boolean> =>
  asking('isBlockhashValid', async () => {
    const config = { commitment: 'processed', minContextSlot: seenSlot };
    const answer = await askNode(connection, 'isBlockhashValid', [blockhashIn(bytes), config]);
    return membersOf(answer, 'the answer').value === false;
  });

/**
 * The height of the last block in which these bytes can be executed, by the blocks that the node
 * lists from the blockhash's slot on; null when it does not list all of them, or does not know the
 * blockhash as expired. `begun` is its answer to `blocksQuestion`; null when that was not asked.
 * Throws when the node does not answer.
 */
export async function lastHeightOf(
  connection: Connection,
  { blockhashSlot, bytes }: SignedBytes,
  seenSlot: Slot,
  begun: readonly Slot[] | null,
): Promise<number | null> {
  for (const [index, window] of WINDOWS.entries()) {
    const upto = Math.min(seenSlot, blockhashSlot + window);
    const listed =
      index === 0 && begun !== null ? begun : await listBlocks(connection, blockhashSlot, upto);
    const slots = listed.slice(0, BLOCKS_MOST + 1);
    const [from, to] = [slots[0], slots.at(-1)];
    // No block in so many slots: the node has none of them, or the cluster stood still.
    if (from === undefined || to === undefined) continue;
    const first = await readHead(connection, from);
    const last = await readHead(connection, to);
    if (first.blockHeight == null || last.blockHeight == null)
      throw new Fault('rpc_unavailable', 'getBlock: the node does not give heights of blocks');
    // A block is missing before the first of the list, or between the first and the last.
    if (first.parentSlot >= blockhashSlot) return null;
    if (last.blockHeight - first.blockHeight !== slots.length - 1) return null;
    const lastHeight = first.blockHeight + BLOCKHASH_LIFE;
    if (last.blockHeight >= lastHeight) {
      const isKnown = from === blockhashSlot && first.blockhash === blockhashIn(bytes);
      const isSure = isKnown || (await isExpired(connection, bytes, seenSlot));
      return isSure ? lastHeight : null;
    }
    if (upto === seenSlot) break;
  }
  return null;
}

/**
 * Whether the first block of a list is the first one after a slot. Any node of the URL may be asked
 * for the block's parent, which is the same at every node. Throws `rpc_unavailable` when none gives
 * the block.
 */
export async function startsAfter(
  connection: Connection,
  afterSlot: Slot,
  listed: readonly Slot[],
): Promise<boolean> {
  const [from] = listed;
  if (from === undefined) return false;
  return from === afterSlot + 1 || (await readHead(connection, from)).parentSlot <= afterSlot;
}

/**
 * Whether the node shows the first block after a slot, so that its ledger reaches back to that
 * slot. Null when the node does not know these questions; the caller then believes the node's own
 * statement. Throws `rpc_unavailable` when it does not answer.
 */
export async function reachesBack(
  connection: Connection,
  afterSlot: Slot,
  seenSlot: Slot,
): Promise<boolean | null> {
  try {
    for (const window of WINDOWS) {
      const upto = Math.min(seenSlot, afterSlot + window);
      if (upto <= afterSlot) return true;
      const listed = await listBlocks(connection, afterSlot + 1, upto);
      if (listed.length > 0) return await startsAfter(connection, afterSlot, listed);
      if (upto === seenSlot) break;
    }
    return false;
  } catch (thrown) {
    if (thrown instanceof Fault && thrown.code === 'rpc_refused') return null;
    throw thrown;
  }
}

/** Slots below the newest one in which a node must list a block. */
const RECENT_SLOTS = 100;
/**
 * Whether a node lists its newest blocks and gives the head of one, as a proof of death needs it.
 * Throws `rpc_unavailable` when it does not answer.
 */
export async function givesBlocks(connection: Connection, slot: Slot): Promise<boolean> {
  try {
    const listed = await listBlocks(connection, Math.max(0, slot - RECENT_SLOTS), slot);
    const newest = listed.at(-1);
    return newest !== undefined && (await readHead(connection, newest)).blockHeight != null;
  } catch (thrown) {
    if (thrown instanceof Fault && thrown.code === 'rpc_refused') return false;
    throw thrown;
  }
}
