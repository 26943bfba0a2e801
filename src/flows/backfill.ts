// Backfill: finds the transactions that no webhook told of. The signatures of every watched account
// are read from the last finalized slot that was scanned up to the present one. The cursor moves in
// the same database transaction that records the signatures of a part. An account whose history
// cannot be read is set aside, and the others are read.

import type { Chain } from '../core/chain-ports.ts';
import type { Address, Slot } from '../core/ids.ts';
import type { Clock, Ledger, Log } from '../core/ports.ts';
import type { Cursor, Pulse } from '../core/watch-ports.ts';
import type { SetAside } from './aside.ts';
import { sideBySide } from './side-by-side.ts';

/** One run over the histories that are due. */
export type WalkRun = {
  /** The time at which it began. */
  readonly beganMs: number;
  /** Whether the history of this account is walked in this run. */
  isDue(address: Address): boolean;
  /** Reads the pulses of accounts that are walked; those that it cannot read are left out. */
  pulses(addresses: readonly Address[], signal: AbortSignal): Promise<ReadonlyMap<Address, Pulse>>;
  /**
   * Tells that the history was walked to its end in this run, past the slot of the account's pulse;
   * null where there is none.
   */
  walked(address: Address, pulse: Pulse | null): void;
};
/** The finalized slot that a scan aimed at, and the number of signatures that it noted. */
export type Walked = { readonly tip: Slot; readonly noted: number };
export type BackfillPorts = {
  readonly ledger: Ledger;
  readonly chain: Chain;
  readonly aside: SetAside;
  readonly clock: Clock;
  readonly log: Log;
  /** Says which histories are due; left out, all are. */
  readonly run?: WalkRun;
};

/**
 * Slots that are scanned again each time, because the order inside the last slot may have been
 * incomplete.
 */
const OVERLAP_SLOTS = 2;
/** The number of histories that are read side by side. */
const AT_ONCE = 8;
/** After this many failures in a row the node is at fault, not the histories, and the scan ends. */
const FAILURES_MOST = 24;

/**
 * Scans every watched account once, or only `addresses`. Throws the last failure when
 * `FAILURES_MOST` histories in a row could not be read.
 */
export async function backfill(
  ports: BackfillPorts,
  signal: AbortSignal,
  addresses?: readonly Address[],
  atOnce = AT_ONCE,
): Promise<Walked> {
  const { ledger, chain, aside, clock, log, run } = ports;
  const early = run === undefined ? await chain.slot('finalized') : null;
  const failing = await aside.of('history');
  const cursors = (await ledger.watchList.cursors(addresses)).filter(
    ({ address }) => run === undefined || failing.has(address) || run.isDue(address),
  );
  // A walk to a tip that is asked for later finds every transaction before the pulses.
  const pulses = await run?.pulses(
    cursors.map((each) => each.address),
    signal,
  );
  const tip = early ?? (await chain.slot('finalized'));
  /** A pulse that the walk covers. */
  const pulseOf = (address: Address): Pulse | null => {
    const pulse = pulses?.get(address);
    return pulse !== undefined && pulse.slot <= tip ? pulse : null;
  };
  let noted = 0;
  let failures = 0;
  /**
   * Reads one part of a history. Returns the slot up to which it is recorded; null when the cursor
   * went back meanwhile.
   */
  const walkOnce = async ({ address, slot, listedRevision }: Cursor): Promise<Slot | null> => {
    const after = Math.max(0, slot - OVERLAP_SLOTS);
    // A node of another chain would move the cursor past transactions that are never read then.
    const rows = await chain.witnessed(() => chain.signatures(address, after, tip, 'finalized'));
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
    const pulse = pulseOf(address);
    const walked =
      run !== undefined && pulse !== null && upto >= tip
        ? { ...pulse, atMs: run.beganMs }
        : undefined;
    const reached = { from: slot, upto, walked };
    if (!(await ledger.watchList.scanned(address, reached, rumours, naming))) return null;
    noted += rumours.length;
    return upto;
  };
  const walk = async (cursor: Cursor): Promise<void> => {
    let slot: Slot | null = cursor.slot;
    while (slot !== null && slot < tip && !signal.aborted)
      slot = await walkOnce({ ...cursor, slot });
    if (slot !== null && slot >= tip) run?.walked(cursor.address, pulseOf(cursor.address));
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
