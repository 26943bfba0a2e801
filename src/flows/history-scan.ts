// History scan: reads the history of a changed account for the transactions of the change, and
// notes them. Where value left the account of a subscriber who owes something, the transaction goes
// ahead of all others, as one does that a webhook shows to move tokens (flows/reading-haste.ts).
import type { Chain } from '../core/chain-ports.ts';
import type { Address, Slot } from '../core/ids.ts';
import type { Clock, Ledger } from '../core/ports.ts';
import type { Cursor } from '../core/watch-ports.ts';
import type { PendingChanges } from './pending-changes.ts';
import { AHEAD_MS } from './reading-haste.ts';
import type { WatchedAccounts } from './watched.ts';

export type HistoryScanPorts = {
  readonly ledger: Pick<Ledger, 'sightings'>;
  readonly chain: Pick<Chain, 'signatures'>;
  readonly watched: Pick<WatchedAccounts, 'map'>;
  readonly pending: Pick<PendingChanges, 'get' | 'scanned'>;
  readonly clock: Pick<Clock, 'nowMs' | 'sleep'>;
};
/** The number of transactions that were noted, and whether the account is to be scanned again. */
export type Scanned = { readonly noted: number; readonly again: boolean };
export type ScanOptions = {
  /** The transactions of the change go ahead of all others. */
  readonly ahead: boolean;
  /**
   * The node is asked again while its history lacks the slots of the change; if it still does after
   * a second, the change stays pending. Otherwise one answer ends the change.
   */
  readonly insist: boolean;
};
export type HistoryScan = {
  /** The accounts that were scanned, each with the slot up to which it was. */
  readonly upTo: Map<Address, Slot>;
  /** The accounts whose last scanned history has no transaction in a slot of the change. */
  readonly lacking: Set<Address>;
  /** Scans the history of an account from its cursor on. */
  scan(cursor: Cursor, options: ScanOptions): Promise<Scanned>;
};

/**
 * Slots that are scanned again, because the order inside the last slot may have been incomplete.
 */
const OVERLAP_SLOTS = 2;
/** How often a scan that insists asks, and the pause in between: a subscription may be faster. */
const TRIES = { count: 4, everyMs: 250 } as const;
const NEVER = new AbortController().signal;

/** Creates the scan of histories; no account was scanned yet. */
export function createHistoryScan(ports: HistoryScanPorts): HistoryScan {
  const { ledger, chain, watched, pending, clock } = ports;
  const upTo = new Map<Address, Slot>();
  const lacking = new Set<Address>();
  return {
    upTo,
    lacking,
    async scan({ address, slot: cursor, listedRevision }, { ahead, insist }) {
      const change = pending.get(address);
      const slot = change?.slot ?? 0;
      const after = Math.max(0, Math.max(cursor, upTo.get(address) ?? 0) - OVERLAP_SLOTS);
      const read = () => chain.signatures(address, after, slot, 'confirmed');
      const shows = (rows: Awaited<ReturnType<typeof read>>): boolean =>
        [...(change?.slots ?? [])].every((each) => rows.some((row) => row.slot === each));
      let rows = await read();
      for (let tries = 1; insist && !shows(rows) && tries < TRIES.count; tries++) {
        await clock.sleep(TRIES.everyMs, NEVER);
        rows = await read();
      }
      const rumours = rows.map((row) => {
        // A stranger's transaction can name an account; in these slots the account itself changed.
        const urgent = change?.slots.has(row.slot) ?? false;
        return {
          signature: row.signature,
          blockIndex: row.blockIndex,
          slot: row.slot,
          accounts: [address],
          urgent,
          ...(ahead && urgent ? { waitMs: -AHEAD_MS } : {}),
        };
      });
      const naming = { source: 'watch', by: 'confirmed', nowMs: clock.nowMs() } as const;
      await ledger.sightings.note(rumours, { ...naming, listedRevision });
      const noted = rows.length;
      const isShown = shows(rows);
      if (isShown) lacking.delete(address);
      if (!watched.map.has(address)) return { noted, again: false };
      const last = rows.at(-1);
      if (last?.goesOn === true) {
        // The rest of a long history is scanned in the next run.
        upTo.set(address, last.slot - 1);
        return { noted, again: true };
      }
      if (!isShown) lacking.add(address);
      if (insist && !isShown) return { noted, again: true };
      upTo.set(address, slot);
      pending.scanned(address, slot);
      return { noted, again: false };
    },
  };
}
