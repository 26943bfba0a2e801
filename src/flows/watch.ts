// Watch: accounts tell that something happened to them, from subscriptions and from sweeps; what happened is found by their
// history. A notification is a snapshot and never a step: states are compared, older ones dropped, and of many changes in a
// row one scan is made.
import type { Watched } from '../core/hearing-ports.ts';
import type { Address, Slot } from '../core/ids.ts';
import type { Chain, ChainAccount, Venue } from '../core/outside.ts';
import type { Clock, Ledger, Log } from '../core/ports.ts';
import type { Source, Sources } from './sources.ts';
import type { WatchedAccounts } from './watched.ts';

export type WatchPorts = {
  readonly ledger: Ledger;
  readonly chain: Chain;
  readonly venue: Venue;
  readonly watched: WatchedAccounts;
  readonly sources: Sources;
  readonly clock: Clock;
  readonly log: Log;
  /** The past of accounts that are watched from the start is somebody else's business: a backfill walks it. */
  readonly trustFirstSight: boolean;
  /** An account has changed; with null, some have to be read. */
  readonly onChange: (address: Address | null) => void;
};
export type Watch = {
  /** Pulses that the ledger remembers: an account that still has its own has not changed. */
  remember(pulses: readonly { address: Address; slot: Slot; pulse: string }[]): void;
  /** A subscription's notification: the whole account. */
  notified(address: Address, slot: Slot, account: ChainAccount | null): void;
  /** These were subscribed just now: subscriptions replay nothing, so they are read once, with the next scan. */
  subscribed(addresses: readonly Address[]): void;
  /** Reads these accounts' pulses; what differs from the last one is marked changed. */
  sweep(accounts: readonly Watched[], signal: AbortSignal): Promise<void>;
  /** A webhook told of a transaction in this slot that touches the account: no scan is needed to learn of it. */
  told(address: Address, slot: Slot): void;
  /** Scans the histories of what has changed. Returns how many transactions it noted. */
  scan(signal: AbortSignal): Promise<number>;
  /** Accounts that changed, and in which slot at the latest; whoever has checked one past that slot takes it out. */
  readonly changed: Map<Address, Slot>;
};

const BATCH = 100;
/** Slots scanned again: order inside a slot is not to be relied on at the edge. */
const OVERLAP_SLOTS = 2;
const ROLES = ['drift_user', 'agent_token_account', 'agent_wallet'] as const;

export function createWatch(ports: WatchPorts): Watch {
  const { ledger, chain, venue, watched, sources, clock } = ports;
  const walked = new Set(ports.trustFirstSight ? watched.map.keys() : []);
  const pulses = new Map<Address, { slot: Slot; pulse: string }>();
  const toldUpTo = new Map<Address, Slot>();
  const scannedUpTo = new Map<Address, Slot>();
  const toScan = new Map<Address, Slot>();
  const changed = new Map<Address, Slot>();
  const unread = new Set<Address>();

  /** `trusting`: a read at first sight is no news; a notification always is. */
  const observe = (address: Address, slot: Slot, pulse: string, trusting: boolean): void => {
    const known = pulses.get(address);
    if (known !== undefined && slot < known.slot) return;
    pulses.set(address, { slot, pulse });
    if (known === undefined ? trusting : known.pulse === pulse) return;
    changed.set(address, slot);
    toScan.set(address, slot);
    ports.onChange(address);
  };
  /** Of a whole account, or of its slice: what of it makes the pulse. */
  const pulseOf = (role: Watched['role'], account: ChainAccount | null, whole: boolean): string => {
    if (account === null) return '';
    const { offset, length } = venue.pulseSlice(role);
    if (length === 0) return String(account.lamports);
    const bytes = whole ? account.data.subarray(offset, offset + length) : account.data;
    return Buffer.from(bytes).toString('latin1');
  };

  const sweep = async (
    accounts: readonly Watched[],
    signal: AbortSignal,
    source: Source,
  ): Promise<void> => {
    for (const role of ROLES) {
      const mine = accounts.filter((each) => each.role === role).map((each) => each.address);
      for (let from = 0; from < mine.length && !signal.aborted; from += BATCH) {
        const batch = mine.slice(from, from + BATCH);
        const { slot, accounts: read } = await chain.slices(
          batch,
          venue.pulseSlice(role),
          'confirmed',
        );
        for (const [index, address] of batch.entries())
          observe(address, slot, pulseOf(role, read[index] ?? null, false), walked.has(address));
        sources.note(source, slot, clock.nowMs());
      }
    }
  };

  return {
    remember(known) {
      for (const { address, slot, pulse } of known) pulses.set(address, { slot, pulse });
    },
    notified(address, slot, account) {
      const watch = watched.map.get(address);
      if (watch === undefined) return;
      sources.note('subscriptions', slot, clock.nowMs());
      observe(address, slot, pulseOf(watch.role, account, true), false);
    },
    subscribed(addresses) {
      for (const address of addresses) unread.add(address);
      ports.onChange(null);
    },
    sweep: (accounts, signal) => sweep(accounts, signal, 'sweep'),
    told(address, slot) {
      toldUpTo.set(address, Math.max(slot, toldUpTo.get(address) ?? 0));
    },
    async scan(signal) {
      for (const [address, slot] of toScan)
        if ((toldUpTo.get(address) ?? -1) >= slot) toScan.delete(address);
      const fresh = [...unread];
      const accounts = fresh.map((each) => watched.map.get(each)).filter((each) => !!each);
      await sweep(accounts, signal, 'subscriptions');
      for (const address of fresh) unread.delete(address);
      const due = [...toScan].slice(0, BATCH);
      let noted = 0;
      const cursors =
        due.length === 0 ? [] : await ledger.watchList.cursors(due.map(([each]) => each));
      for (const { address, slot: cursor, watchedAtMs } of cursors) {
        if (signal.aborted) return noted;
        const slot = toScan.get(address) ?? 0;
        const after = Math.max(0, Math.max(cursor, scannedUpTo.get(address) ?? 0) - OVERLAP_SLOTS);
        const rows = await chain.signatures(address, after, slot, 'confirmed');
        if (rows.length > 0) await ledger.sightings.note(rows, 'watch', clock.nowMs(), watchedAtMs);
        scannedUpTo.set(address, slot);
        // It may have changed again meanwhile; whatever throws above leaves it on the list.
        if (toScan.get(address) === slot) toScan.delete(address);
        noted += rows.length;
      }
      if (toScan.size > 0 && due.length === BATCH) ports.onChange(null);
      return noted;
    },
    changed,
  };
}
