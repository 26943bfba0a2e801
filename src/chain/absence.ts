// Absence: the proof that a finalized history lacks a transaction. It needs a node that keeps the blocks of its slot and has seen
// later ones, and three answers that agree: the status with history, the transaction itself, and the history of every account
// that it is said to touch. With a second provider, both must agree.
import type { Connection } from '@solana/web3.js';
import { Fault } from '../core/fault.ts';
import type { Address, Signature, Slot } from '../core/ids.ts';
import type { SignatureRow } from '../core/outside.ts';
import { asking } from './rpc.ts';
import { readTransaction } from './transactions.ts';

/** Walks an account's finalized history above a slot, at a node that has seen another. */
export type Walk = (
  connection: Connection,
  account: Address,
  afterSlot: Slot,
  seenSlot: Slot,
  commitment: 'finalized',
) => Promise<readonly SignatureRow[]>;

const unanswered = (why: string): Fault => new Fault('rpc_unavailable', `absence: ${why}`);

async function lacks(
  connection: Connection,
  walk: Walk,
  signature: Signature,
  accounts: readonly Address[],
  slot: Slot,
): Promise<boolean> {
  const tip = await asking('getSlot', () => connection.getSlot('finalized'));
  if (tip <= slot) throw unanswered(`the node is at slot ${tip}, not past ${slot}`);
  const first = await asking('getFirstAvailableBlock', () => connection.getFirstAvailableBlock());
  if (first > slot) throw unanswered(`the node keeps blocks from ${first} on, not of slot ${slot}`);
  const status = await asking('getSignatureStatuses', () =>
    connection.getSignatureStatuses([signature], { searchTransactionHistory: true }),
  );
  if (status.context.slot < tip) throw unanswered('the node that tells the status is behind');
  if (status.value[0] !== null) return false;
  if ((await readTransaction(connection, signature, 'finalized')) !== null) return false;
  for (const account of accounts) {
    // The slot is the oldest of this walk: what a bound leaves out is newer.
    const rows = await walk(connection, account, slot - 1, tip, 'finalized');
    if (rows.some((row) => row.signature === signature)) return false;
  }
  return true;
}

/**
 * Whether the finalized chain lacks a transaction that was once seen in a slot. False when any node has it. Throws
 * `rpc_unavailable` when a node that keeps that slot could not be asked.
 */
export async function proveAbsence(
  connections: { readonly first: Connection; readonly second: Connection | null },
  walk: Walk,
  signature: Signature,
  accounts: readonly Address[],
  slot: Slot,
): Promise<boolean> {
  if (accounts.length === 0) throw unanswered('no account is known whose history could tell');
  const { first, second } = connections;
  if (!(await lacks(first, walk, signature, accounts, slot))) return false;
  return second === null || lacks(second, walk, signature, accounts, slot);
}
