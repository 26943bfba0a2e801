// Account changes: learns from subscriptions and sweeps that an account changed; its history then
// tells which transactions changed it. A notification shows a state, not a step: states are
// compared, older ones dropped, and several changes in a row cause one scan.
import type { Burst } from '../core/burst.ts';
import type { Chain, ChainAccount, Slice } from '../core/chain-ports.ts';
import type { Address, Slot } from '../core/ids.ts';
import type { Clock, Ledger, Log } from '../core/ports.ts';
import type { Source } from '../core/source.ts';
import { type Venues, venueOf } from '../core/venue.ts';
import type { Pulse, Watched } from '../core/watch-ports.ts';
import { createAccountPulses } from './account-pulses.ts';
import type { SetAside } from './aside.ts';
import { createHistoryScan, type ScanOptions } from './history-scan.ts';
import { createPendingChanges, type PendingPorts } from './pending-changes.ts';
import { pulseOf, readPulses } from './pulse-reading.ts';
import { sideBySide } from './side-by-side.ts';
import type { Sources } from './sources.ts';
import { dropLeft, type WatchedAccounts } from './watched.ts';

export type AccountChangePorts = PendingPorts & {
  readonly ledger: Ledger;
  readonly chain: Chain;
  readonly venues: Venues;
  readonly watched: WatchedAccounts;
  readonly sources: Sources;
  readonly aside: SetAside;
  readonly clock: Clock;
  readonly log: Log;
  /** Whether the chain can have reached this slot by now. */
  readonly canBe: (slot: Slot) => boolean;
  /**
   * True when a backfill walks the past of each account and tells so by `walked`; then the first
   * reading of one is not a change.
   */
  readonly trustFirstSight: boolean;
  /** Counts changes, and tells whether many accounts change at the same time. */
  readonly burst: Burst;
  /** Called when an account has changed; with null when accounts have to be read. */
  readonly onChange: (address: Address | null, slot: Slot | null) => void;
  /**
   * Called when value left an account whose subscriber owes something, and no payment of the
   * daemons explains it.
   */
  readonly onLeaving: () => void;
  /**
   * As `WithdrawalDoubts.begin`: called before `onLeaving`, and again with each scan of that
   * account.
   */
  readonly doubt: (address: Address, slot: Slot) => void;
};
export type AccountChanges = {
  /**
   * Takes the pulses that the ledger remembers. An account that still has its remembered pulse has
   * not changed.
   */
  remember(pulses: readonly Pulse[]): void;
  /**
   * The bytes of a watched account that `notified` compares; null for an account that is not
   * watched.
   */
  sliceOf(address: Address): Slice | null;
  /** Whether the next pulse of the account is compared with one before. */
  isKnown(address: Address): boolean;
  /**
   * Takes an account as a subscription or a stream tells it: whole, or the bytes of `sliceOf`
   * alone.
   */
  notified(address: Address, slot: Slot, account: ChainAccount | null): void;
  /**
   * Tells that these accounts were just subscribed to. Subscriptions replay nothing, so each
   * account is read once with the next scan.
   */
  subscribed(addresses: readonly Address[]): void;
  /**
   * Reads the pulses of these accounts, and marks those that differ from the last one as changed.
   */
  sweep(accounts: readonly Watched[], signal: AbortSignal): Promise<void>;
  /**
   * Tells that the history of the account was walked past the slot of this pulse. Where the first
   * reading of the account shows another one, the account changed in between. Null: no pulse was
   * read, so the first reading counts as a change.
   */
  walked(address: Address, pulse: Pulse | null): void;
  /**
   * A webhook names the account in this slot. A scan for a change of that slot waits a moment for
   * the transaction to be read.
   */
  hinted(address: Address, slot: Slot): void;
  /**
   * A transaction of this slot that touches the account was read, so the change of that slot needs
   * no scan.
   */
  told(address: Address, slot: Slot): void;
  /**
   * Reads the accounts that were just subscribed to or taken over, then scans the histories of
   * changed accounts. Returns the number of signatures that it noted.
   */
  scan(signal: AbortSignal): Promise<number>;
  /**
   * Scans the accounts that value left and whose subscriber owes something, unless a webhook or a
   * payment explains the change by now. Returns the number of signatures that it noted.
   */
  scanHasty(signal: AbortSignal): Promise<number>;
  /** Whether a change waits for its transactions or, where a history lacks them, for a check. */
  isPending(address: Address): boolean;
  /** Whether scans wait for transactions that a webhook has named. */
  readonly waiting: boolean;
  /**
   * Tells that this daemon hears these accounts from now on, which another one heard before. Each
   * is read with the next scan and compared with its pulse in the ledger; without one it counts as
   * changed.
   */
  taken(addresses: readonly Address[], pulses: readonly Pulse[]): void;
  /** After the ledger has gone back: earlier scans are void, because their notes may be lost. */
  forget(): void;
  /**
   * The changed accounts, each with the latest slot of a change. A check of the account past that
   * slot removes it.
   */
  readonly changed: Map<Address, Slot>;
};

const BATCH = 100;
/** The number of histories that are scanned side by side. */
const SCANS_AT_ONCE = 8;

/** Creates the memory of changed accounts, which knows no pulse yet. */
export function createAccountChanges(ports: AccountChangePorts): AccountChanges {
  const { ledger, venues, watched, sources, aside, clock } = ports;
  const pulses = createAccountPulses(venues, watched);
  const pending = createPendingChanges(ports);
  const history = createHistoryScan({ ...ports, pending });
  const scanning = new Set<Address>();
  const changed = new Map<Address, Slot>();
  const unread = new Set<Address>();
  /** Accounts whose first reading was taken for no change, and whose walk has not ended since. */
  const trusted = new Set<Address>();
  /**
   * Accounts whose walk ended without a pulse before their first reading, which counts as a change.
   */
  const unproven = new Set<Address>();
  watched.onMoved(() => {
    const kept = [pulses.known, history.upTo, history.lacking, changed, trusted, unproven];
    dropLeft(watched, ...kept);
    pending.dropLeft();
  });

  /** Takes a pulse. Of a change that a sweep found, the slot is not known. */
  const observe = (address: Address, slot: Slot, pulse: string, swept: boolean): void => {
    // The account may leave while it is read.
    const watch = watched.map.get(address);
    if (watch === undefined) return;
    const isFirst = !pulses.known.has(address);
    const trusting = swept && ports.trustFirstSight && !unproven.has(address);
    const moved = pulses.take(address, slot, pulse, { swept, trusting });
    if (moved === null) {
      if (isFirst) trusted.add(address);
      return;
    }
    trusted.delete(address);
    changed.set(address, slot);
    ports.burst.changed(watch.subscriberId);
    const isAgent = (wallet: Address): boolean => {
      const found = watched.map.get(wallet);
      return found?.role === 'agent_wallet' && found.subscriberId === watch.subscriberId;
    };
    const leaving =
      moved.before !== null &&
      venueOf(venues, watch).leaves(watch.role, moved.before, pulse, isAgent);
    pending.add(address, slot, { swept, leaving });
    ports.onChange(address, slot);
    if (!leaving || !ports.owes(address) || pending.isPaid(address)) return;
    ports.doubt(address, slot);
    ports.onLeaving();
  };

  const sweep = (
    accounts: readonly Watched[],
    signal: AbortSignal,
    source: Source,
  ): Promise<void> =>
    readPulses(ports, accounts, 'confirmed', signal, (read, slot) => {
      for (const { address, pulse } of read) observe(address, slot, pulse, true);
      sources.note(source, slot, clock.nowMs());
    });

  /** The accounts of `PendingChanges.hasty`, each of which is doubted. */
  const hastyNow = (): Address[] => {
    const hasty = pending.hasty();
    for (const each of hasty) ports.doubt(each, pending.get(each)?.slot ?? 0);
    return hasty;
  };

  /** Scans the histories of accounts that wait for it, a batch at most. */
  const scanSome = async (
    waiting: readonly Address[],
    optionsOf: (address: Address) => ScanOptions,
    signal: AbortSignal,
  ): Promise<number> => {
    if (waiting.length === 0) return 0;
    const failing = await aside.of('history');
    const ready = waiting.filter(
      (each) => !scanning.has(each) && (failing.get(each) ?? 0) <= clock.nowMs(),
    );
    const due = ready.slice(0, BATCH);
    for (const each of due) scanning.add(each);
    let noted = 0;
    try {
      const cursors = due.length === 0 ? [] : await ledger.watchList.cursors(due);
      await sideBySide(cursors, SCANS_AT_ONCE, async (cursor) => {
        if (signal.aborted) return;
        const { address } = cursor;
        try {
          const scanned = await history.scan(cursor, optionsOf(address));
          noted += scanned.noted;
          if (scanned.again) ports.onChange(null, null);
        } catch (thrown) {
          // The account stays on the list, and the others are scanned.
          await aside.failed('history', address, thrown);
          return;
        }
        if (failing.has(address)) await aside.succeeded('history', address);
      });
    } finally {
      for (const each of due) scanning.delete(each);
    }
    if (ready.length > BATCH) ports.onChange(null, null);
    return noted;
  };

  return {
    remember(known) {
      for (const each of known) pulses.remember(each);
    },
    sliceOf: pulses.sliceOf,
    isKnown: (address) => pulses.known.has(address),
    notified(address, slot, account) {
      const watch = watched.map.get(address);
      if (watch === undefined) return;
      if (!ports.canBe(slot)) return;
      observe(address, slot, pulseOf(venues, watch, account), false);
    },
    subscribed(addresses) {
      for (const address of addresses) unread.add(address);
      ports.onChange(null, null);
    },
    sweep: (accounts, signal) => sweep(accounts, signal, 'sweep'),
    walked(address, pulse) {
      const known = pulses.known.get(address);
      if (known === undefined) {
        if (pulse !== null) pulses.remember(pulse);
        if (!pulses.known.has(address)) unproven.add(address);
        return;
      }
      if (!trusted.delete(address) || pulse?.pulse === known.pulse) return;
      changed.set(address, known.slot);
      pending.add(address, known.slot, { swept: true, leaving: false });
      ports.onChange(address, known.slot);
    },
    hinted: pending.hinted,
    told: pending.told,
    taken(addresses, known) {
      for (const address of addresses) {
        trusted.delete(address);
        pulses.known.delete(address);
        history.upTo.delete(address);
        unread.add(address);
      }
      const mine = new Set<string>(addresses);
      for (const each of known) if (mine.has(each.address)) pulses.remember(each);
      if (addresses.length > 0) ports.onChange(null, null);
    },
    async scan(signal) {
      const fresh = [...unread];
      const accounts = fresh.map((each) => watched.map.get(each)).filter((each) => !!each);
      // An account that is subscribed to again while it is read is read once more.
      unread.clear();
      try {
        await sweep(accounts, signal, 'subscriptions');
      } catch (thrown) {
        for (const address of fresh) unread.add(address);
        throw thrown;
      }
      const hasty = new Set(hastyNow());
      const ready = (await pending.ready()).toSorted(
        (a, b) => Number(hasty.has(b)) - Number(hasty.has(a)),
      );
      return scanSome(ready, (each) => ({ ahead: hasty.has(each), insist: false }), signal);
    },
    scanHasty: (signal) => scanSome(hastyNow(), () => ({ ahead: true, insist: true }), signal),
    isPending: (address) =>
      pending.get(address) !== undefined || (history.lacking.has(address) && changed.has(address)),
    get waiting() {
      return pending.waiting;
    },
    forget() {
      history.upTo.clear();
    },
    changed,
  };
}
