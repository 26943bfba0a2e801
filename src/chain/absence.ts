// Absence: proves that the finalized history lacks a transaction. The proof needs a node that shows
// the block of the transaction's slot and has seen later ones, and three answers that agree: the
// status with history, the transaction itself, and the history of every account that it is said to
// touch. A transaction that touches no watched account is proven absent by the first two. With a
// second provider, both providers must agree.
import type { Connection } from '@solana/web3.js';
import type { SignatureRow } from '../core/chain-ports.ts';
import { Fault } from '../core/fault.ts';
import type { Address, Signature, Slot } from '../core/ids.ts';
import { WINDOWS } from './blocks.ts';
import { askWithReach, type Reach, reachOf, type Span } from './reach.ts';
import { asking } from './rpc.ts';
import { readTransaction } from './transactions.ts';

/** Walks an account's finalized history above `afterSlot`, at a node that has seen `seenSlot`. */
export type Walk = (
  connection: Connection,
  account: Address,
  afterSlot: Slot,
  seenSlot: Slot,
  commitment: 'finalized',
) => Promise<readonly SignatureRow[]>;

const unanswered = (why: string): Fault => new Fault('rpc_unavailable', `absence: ${why}`);

type Told = Reach & { readonly statusSlot: Slot; readonly found: boolean };

/** Sends the questions to one node in one batch. Null when the provider refuses batches. */
async function askAtOnce(
  connection: Connection,
  signature: Signature,
  span: Span,
  nth: number,
): Promise<Told | null> {
  const minContextSlot = span.seenSlot;
  const questions = [
    {
      method: 'getSignatureStatuses',
      params: [[signature], { searchTransactionHistory: true, minContextSlot }],
    },
    {
      method: 'getTransaction',
      params: [
        signature,
        { commitment: 'finalized', maxSupportedTransactionVersion: 1, minContextSlot },
      ],
    },
  ];
  const told = await askWithReach(connection, questions, span, nth);
  if (told === null) return null;
  const [status, transaction] = told.answers;
  const { context, value } = status as { context: { slot: Slot }; value: readonly unknown[] };
  const found = value[0] !== null || transaction !== null;
  return { ...told.reach, statusSlot: context.slot, found };
}

/** Sends the same questions one by one. Behind one URL, different nodes may answer them. */
async function askApart(connection: Connection, signature: Signature, tip: Slot): Promise<Told> {
  const first = await asking('getFirstAvailableBlock', () => connection.getFirstAvailableBlock());
  const { context, value } = await asking('getSignatureStatuses', () =>
    connection.getSignatureStatuses([signature], { searchTransactionHistory: true }),
  );
  const found =
    value[0] !== null || (await readTransaction(connection, signature, 'finalized', tip)) !== null;
  return { first, blocks: null, statusSlot: context.slot, found };
}

/**
 * The answers, and whether the node that gave them shows the slot. Where the provider refuses
 * batches, any node of its URL may show the slot.
 */
async function askReaching(
  connection: Connection,
  signature: Signature,
  span: Span,
): Promise<Told & { readonly reached: boolean }> {
  for (let nth = 0; nth < WINDOWS.length; nth++) {
    const told =
      (await askAtOnce(connection, signature, span, nth)) ??
      (await askApart(connection, signature, span.seenSlot));
    if (told.first > span.afterSlot + 1) return { ...told, reached: false };
    const reached = await reachOf(connection, told, span, nth);
    if (reached !== 'wider') return { ...told, reached: reached !== 'no' };
  }
  throw unanswered('the node shows no block after the slot');
}

async function lacks(
  connection: Connection,
  walk: Walk,
  signature: Signature,
  accounts: readonly Address[],
  slot: Slot,
  seenSlot: Slot,
): Promise<boolean> {
  const tip = await asking('getSlot', () => connection.getSlot('finalized'));
  if (tip < seenSlot) throw unanswered(`the node is at slot ${tip}, before ${seenSlot}`);
  if (tip <= slot) throw unanswered(`the node is at slot ${tip}, not past ${slot}`);
  const span: Span = { afterSlot: slot - 1, seenSlot: tip };
  const told = await askReaching(connection, signature, span);
  if (told.first > slot)
    throw unanswered(`the node keeps blocks from ${told.first} on, not of slot ${slot}`);
  if (!told.reached)
    throw unanswered(
      `the node names block ${told.first} as its first, and does not show slot ${slot}`,
    );
  if (told.statusSlot < tip) throw unanswered('the node that gave the status is behind');
  if (told.found) return false;
  for (const account of accounts) {
    // This slot is the oldest of the walk. Rows beyond the walk's bound are newer and do not
    // matter.
    const rows = await walk(connection, account, slot - 1, tip, 'finalized');
    if (rows.some((row) => row.signature === signature)) return false;
  }
  return true;
}

/**
 * Whether the finalized chain lacks a transaction that was once seen in a slot. False when any node
 * has the transaction. Throws `rpc_unavailable` when no node that keeps that slot, and has seen
 * `seenSlot` as final, could be asked.
 */
export async function proveAbsence(
  connections: { readonly first: Connection; readonly second: Connection | null },
  walk: Walk,
  signature: Signature,
  accounts: readonly Address[],
  slot: Slot,
  seenSlot: Slot = slot,
): Promise<boolean> {
  const { first, second } = connections;
  if (!(await lacks(first, walk, signature, accounts, slot, seenSlot))) return false;
  return second === null || lacks(second, walk, signature, accounts, slot, seenSlot);
}
