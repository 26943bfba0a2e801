// History: what a node remembers: what became of a signature, and which transactions touched an account. An absence is told only
// where the node has seen the slot that was asked for, and its history reaches back far enough.
import { type Connection, PublicKey } from '@solana/web3.js';
import { Fault, messageOf } from '../core/fault.ts';
import type { Address, Signature, Slot } from '../core/ids.ts';
import type { SignatureRow } from '../core/outside.ts';
import type { Look } from '../core/payment.ts';
import { statusSince } from './proof.ts';
import { asking } from './rpc.ts';
import type { Statuses } from './statuses.ts';

const PAGE = 1_000;
/**
 * So many empty pages in a row end a walk, each followed by the question how far back the node remembers. Behind one URL there
 * may be several nodes: a pruned one can give the empty page, and another one say that its history reaches.
 */
const ENDS = 3;

/** What became of a signature. An absence is told only by a node that has seen the finalized slot that was read before. */
export async function lookAt(
  connection: Connection,
  statusOf: Statuses,
  signature: Signature,
): Promise<Look> {
  let status = await statusOf(signature);
  if (status === null) {
    // Absence says something about the time up to a height only when it is asked for after that height was read.
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

/** Throws unless the node knows every slot above this one: what is older than its first available block it does not know. */
async function reachBack(connection: Connection, afterSlot: Slot): Promise<void> {
  const first = await asking('getFirstAvailableBlock', () => connection.getFirstAvailableBlock());
  if (first > afterSlot + 1)
    throw new Fault(
      'rpc_unavailable',
      `getFirstAvailableBlock: this node's history begins at slot ${first}, and what happened after slot ${afterSlot} is asked for`,
    );
}

/**
 * Walks an account's history from newest to oldest until below a slot, and returns it oldest first. The end is a row at or
 * below that slot, or several empty pages in a row, asked beside nodes whose history reaches that far. A short page is no end.
 * Of a longer history the oldest `rowsMost` rows are returned, and the last one says `goesOn`: strangers can write any number
 * of transactions to an account, and memory must not depend on it.
 */
export async function walk(
  connection: Connection,
  account: Address,
  afterSlot: Slot,
  seenSlot: Slot,
  commitment: 'confirmed' | 'finalized',
  rowsMost: number,
): Promise<SignatureRow[]> {
  // Newest first.
  let rows: SignatureRow[] = [];
  let cut = false;
  const oldest = (): SignatureRow[] => {
    const kept = rows.slice(-rowsMost).reverse();
    const last = kept.at(-1);
    if (last !== undefined && (cut || rows.length > rowsMost))
      kept[kept.length - 1] = { ...last, goesOn: true };
    return kept;
  };
  let before: string | undefined;
  let ends = 0;
  for (;;) {
    const page = await asking('getSignaturesForAddress', () =>
      connection.getSignaturesForAddress(
        new PublicKey(account),
        { limit: PAGE, minContextSlot: seenSlot, ...(before === undefined ? {} : { before }) },
        commitment,
      ),
    );
    for (const row of page) {
      if (row.slot <= afterSlot) return oldest();
      const index = (row as { transactionIndex?: unknown }).transactionIndex;
      rows.push({
        signature: row.signature as Signature,
        slot: row.slot,
        memo: row.memo,
        blockIndex: typeof index === 'number' ? index : null,
        failed: row.err !== null,
      });
    }
    if (rows.length > 2 * rowsMost) {
      rows = rows.slice(-rowsMost);
      cut = true;
    }
    const last = page.at(-1);
    if (last === undefined) {
      await reachBack(connection, afterSlot);
      if (++ends === ENDS) return oldest();
    } else {
      before = last.signature;
      ends = 0;
    }
  }
}
