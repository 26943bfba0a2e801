// Backfill: what no webhook told. Every watched account's signatures are read from the last
// finalized slot that was scanned to the present one; the cursor moves in the transaction that
// stores what a part of the walk named. A history that cannot be read is set aside, and the others
// are walked.

import type { Cursor } from '../core/hearing-ports.ts';
import type { Address, Slot } from '../core/ids.ts';
import type { Chain } from '../core/outside.ts';
import type { Clock, Ledger, Log } from '../core/ports.ts';
import type { SetAside } from './aside.ts';
import { sideBySide } from './window.ts';

export type BackfillPorts = {
  readonly ledger: Ledger;
  readonly chain: Chain;
  readonly aside: SetAside;
  readonly clock: Clock;
  readonly log: Log;
};

/** Slots scanned again each time: order inside a slot is not to be relied on at the edge. */
const OVERLAP_SLOTS = 2;
/** Histories walked side by side. */
const AT_ONCE = 8;
/** So many failures in a row, and it is the node that is sick, not the histories. */
const FAILURES_MOST = 24;

/**
 * Scans every watched account once, or just these. Returns how far, and how many transactions it
 * noted.
 */
export async function backfill(
  ports: BackfillPorts,
  signal: AbortSignal,
  addresses?: readonly Address[],
  atOnce = AT_ONCE,
): Promise<{ tip: Slot; noted: number }> {
  const { ledger, chain, aside, clock, log } = ports;
  const tip = await chain.slot('finalized');
  const failing = await aside.of('history');
  const cursors = await ledger.watchList.cursors(addresses);
  let noted = 0;
  let failures = 0;
  /**
   * Walks one go of a history. Returns the slot up to which it is noted; null when the cursor went
   * back under it.
   */
  const walkOnce = async ({ address, slot, listedRevision }: Cursor): Promise<Slot | null> => {
    const after = Math.max(0, slot - OVERLAP_SLOTS);
    const rows = await chain.signatures(address, after, tip, 'finalized');
    const last = rows.at(-1);
    const upto = last?.goesOn === true ? Math.min(tip, last.slot - 1) : tip;
    const rumours = rows
      .filter((row) => row.slot <= tip)
      .map(({ signature, blockIndex, slot: at }) => ({
        signature,
        blockIndex,
        slot: at,
        accounts: [address],
      }));
    const naming = {
      source: 'backfill',
      by: 'finalized',
      nowMs: clock.nowMs(),
      listedRevision,
    } as const;
    // A cursor that another chain moved would hide everything up to its slot for good.
    await chain.vouch();
    if (!(await ledger.watchList.scanned(address, { from: slot, upto }, rumours, naming)))
      return null;
    noted += rumours.length;
    return upto;
  };
  const walk = async (cursor: Cursor): Promise<void> => {
    let slot: Slot | null = cursor.slot;
    while (slot !== null && slot < tip && !signal.aborted)
      slot = await walkOnce({ ...cursor, slot });
  };
  await sideBySide(cursors, atOnce, async (cursor) => {
    const { address, slot } = cursor;
    const retryMs = failing.get(address);
    if (signal.aborted || slot >= tip || (retryMs !== undefined && retryMs > clock.nowMs())) return;
    try {
      await walk(cursor);
      failures = 0;
    } catch (thrown) {
      await aside.failed('history', address, thrown);
      if (++failures >= FAILURES_MOST) throw thrown;
      return;
    }
    if (retryMs !== undefined) await aside.succeeded('history', address);
  });
  log.debug('backfill.done', { tip, noted });
  return { tip, noted };
}
