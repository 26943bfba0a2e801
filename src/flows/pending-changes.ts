// Pending changes: the accounts that were seen changed, until the transactions of the change are
// known. A scan of the history finds them; it waits while a webhook, another daemon or a payment of
// the subscriber probably names them sooner, because a scan costs ten credits. Where value left an
// account whose subscriber owes something, the scan waits in a burst no longer than without one.
import type { Burst } from '../core/burst.ts';
import type { Address, Slot } from '../core/ids.ts';
import type { Clock } from '../core/ports.ts';
import type { HearingShare } from './hearing-share.ts';
import type { OwnSignatures } from './own-signatures.ts';
import { dropLeft, type WatchedAccounts } from './watched.ts';

/** The longest time that a scan waits for the transaction that a webhook named. */
const HINT_MS_MOST = 1_500;
/**
 * The same in a burst, in which thousands of transactions are read in turn: until a webhook names
 * the transaction, and until the named one is read. The last of 10,000 is read after 70 s; a scan
 * of each account whose turn has not come would delay all of them.
 */
const BURST_HINT_MS_MOST = { named: 180_000, unnamed: 8_000 };
/**
 * How long a scan waits while a payment of the subscriber is under way, because that payment is
 * probably the change.
 */
const OWN_MS_MOST = 10_000;
/** The most changes about which other daemons are asked at once. */
const ASKED_MOST = 500;
/** The number of slots of an account that are remembered as read, or as named by a webhook. */
const REMEMBERED_MOST = 16;

/** A change that waits for its scan. */
export type Pending = {
  /** The last slot in which the account was seen changed. */
  readonly slot: Slot;
  /** Slots of changes that notifications saw; one that a sweep saw may be of an earlier slot. */
  readonly slots: ReadonlySet<Slot>;
  readonly swept: boolean;
  /** Whether value left the account in one of the changes (`Venue.leaves`). */
  readonly leaving: boolean;
  readonly sinceMs: number;
};
/** How a change was seen. */
export type Seen = Pick<Pending, 'swept' | 'leaving'>;
export type PendingChanges = {
  /** Takes a change. One of a slot that was read already needs no scan, unless a sweep saw it. */
  add(address: Address, slot: Slot, seen: Seen): void;
  get(address: Address): Pending | undefined;
  /**
   * Tells that the account was scanned up to this slot. Later changes of the account stay pending.
   */
  scanned(address: Address, slot: Slot): void;
  /** A webhook, or the daemon for its own payment, names the account in this slot. */
  hinted(address: Address, slot: Slot): void;
  /** A transaction of this slot that touches the account was read. */
  told(address: Address, slot: Slot): void;
  /** Forgets accounts that are not watched any more. */
  dropLeft(): void;
  /**
   * The accounts that wait for nothing but a scan. Asks what other daemons know, and forgets
   * changes of accounts that are not watched any more.
   */
  ready(): Promise<Address[]>;
  /**
   * Of the accounts that value left and whose subscriber owes something, those that wait for
   * nothing but a scan. Other daemons are not asked.
   */
  hasty(): Address[];
  /** Whether a payment of the daemons probably explains the changes of this account. */
  isPaid(address: Address): boolean;
  /** Whether an account waits for something that probably makes its scan unnecessary. */
  readonly waiting: boolean;
};
export type PendingPorts = {
  readonly watched: Pick<WatchedAccounts, 'map'>;
  readonly clock: Pick<Clock, 'elapsedMs'>;
  readonly burst: Pick<Burst, 'onSince'>;
  /** Whether webhooks name transactions, so that a scan may wait for them. */
  readonly webhooks: boolean;
  readonly ownSignatures: Pick<OwnSignatures, 'underWay'>;
  /** Whether the subscriber of an account owes something. */
  readonly owes: (address: Address) => boolean;
  /** As `HearingShare.elsewhere`; left out for a daemon that hears everything. */
  readonly elsewhere?: HearingShare['elsewhere'];
};

/** Creates the memory of pending changes. */
export function createPendingChanges(ports: PendingPorts): PendingChanges {
  const { watched, clock } = ports;
  const pendings = new Map<Address, Pending>();
  /** The accounts of pending changes in which value left. */
  const leaving = new Set<Address>();
  const readSlots = new Map<Address, readonly Slot[]>();
  const hints = new Map<Address, readonly { readonly slot: Slot; readonly atMs: number }[]>();
  /** The subscribers whom another daemon pays, as of the last question. */
  let paidElsewhere: ReadonlySet<string> = new Set();

  /**
   * The earliest time at which each change may be scanned, unless it is seen again. In a burst
   * thousands of changes wait, and `ready` skips each until its time.
   */
  const restsUntil = new Map<Address, number>();

  const isPaid = (address: Address): boolean => {
    const subscriberId = watched.map.get(address)?.subscriberId;
    if (subscriberId === undefined) return false;
    return paidElsewhere.has(subscriberId) || ports.ownSignatures.underWay(subscriberId);
  };
  /** Whether every transaction that a scan could find will probably be read without it. */
  const isAwaited = (address: Address, pending: Pending): boolean => {
    const { slots, swept, sinceMs } = pending;
    const waitedMs = clock.elapsedMs() - sinceMs;
    if (waitedMs < OWN_MS_MOST && isPaid(address)) return true;
    if (swept) return false;
    // A change that was seen in a burst waits after the burst as well: its transactions are still
    // being read.
    const mayWait = !pending.leaving || !ports.owes(address);
    const inBurst = mayWait && ports.webhooks && ports.burst.onSince(sinceMs);
    const namedMs = inBurst ? BURST_HINT_MS_MOST.named : HINT_MS_MOST;
    const rest = (untilMs: number): true => {
      // Whether value left a debtor is asked each time, because it may owe something by now.
      if (!pending.leaving) restsUntil.set(address, untilMs);
      return true;
    };
    if (waitedMs >= namedMs) return false;
    if (inBurst && waitedMs < BURST_HINT_MS_MOST.unnamed)
      return rest(sinceMs + BURST_HINT_MS_MOST.unnamed);
    // The webhook may have reached another daemon, which reads the transaction now.
    const isShared = mayWait && (ports.elsewhere?.() ?? null) !== null;
    if (isShared && ports.webhooks && waitedMs < HINT_MS_MOST) return true;
    const hinted = (hints.get(address) ?? []).filter(({ atMs }) => sinceMs - atMs < namedMs);
    return (
      [...slots].every((slot) => hinted.some((each) => each.slot === slot)) &&
      rest(sinceMs + namedMs)
    );
  };
  const isResting = (address: Address, nowMs: number): boolean =>
    nowMs < (restsUntil.get(address) ?? Number.NEGATIVE_INFINITY);
  const forget = (address: Address): void => {
    pendings.delete(address);
    leaving.delete(address);
    restsUntil.delete(address);
  };
  const told = (address: Address, slot: Slot): void => {
    readSlots.set(address, [slot, ...(readSlots.get(address) ?? [])].slice(0, REMEMBERED_MOST));
    const pending = pendings.get(address);
    if (pending === undefined || !pending.slots.has(slot)) return;
    const slots = new Set(pending.slots);
    slots.delete(slot);
    if (slots.size > 0 || pending.swept) pendings.set(address, { ...pending, slots });
    else forget(address);
  };
  const askElsewhere = async (): Promise<void> => {
    const elsewhere = ports.elsewhere?.() ?? null;
    paidElsewhere = new Set();
    if (elsewhere === null || pendings.size === 0) return;
    const changes = [...pendings].slice(0, ASKED_MOST).map(([address, { slots }]) => ({
      address,
      subscriberId: watched.map.get(address)?.subscriberId ?? '',
      slots: [...slots],
    }));
    const known = await elsewhere(changes);
    for (const each of known.told) told(each.address as Address, each.slot);
    paidElsewhere = known.paying;
  };
  return {
    add(address, slot, { swept, leaving: left }) {
      if (!swept && readSlots.get(address)?.includes(slot) === true) return;
      const before = pendings.get(address);
      if (left) leaving.add(address);
      restsUntil.delete(address);
      pendings.set(address, {
        slot,
        slots: new Set([...(before?.slots ?? []), ...(swept ? [] : [slot])]),
        swept: swept || (before?.swept ?? false),
        leaving: leaving.has(address),
        sinceMs: before?.sinceMs ?? clock.elapsedMs(),
      });
    },
    get: (address) => pendings.get(address),
    scanned(address, slot) {
      if (pendings.get(address)?.slot === slot) forget(address);
    },
    hinted(address, slot) {
      const others = (hints.get(address) ?? []).filter((each) => each.slot !== slot);
      const hint = { slot, atMs: clock.elapsedMs() };
      hints.set(address, [hint, ...others].slice(0, REMEMBERED_MOST));
    },
    told,
    dropLeft: () => dropLeft(watched, pendings, leaving, restsUntil, readSlots, hints),
    async ready() {
      await askElsewhere();
      const nowMs = clock.elapsedMs();
      const ready: Address[] = [];
      for (const [address, pending] of pendings) {
        if (isResting(address, nowMs)) continue;
        // A subscriber may leave before the scan. The ledger gives no cursor for such an account,
        // so its change would stay at the head of the list and keep the others from being scanned.
        if (!watched.map.has(address)) forget(address);
        else if (!isAwaited(address, pending)) ready.push(address);
      }
      return ready;
    },
    hasty: () =>
      [...leaving].filter((address) => {
        const pending = pendings.get(address);
        return pending !== undefined && ports.owes(address) && !isAwaited(address, pending);
      }),
    isPaid,
    get waiting() {
      const nowMs = clock.elapsedMs();
      for (const [address, pending] of pendings)
        if (isResting(address, nowMs) || isAwaited(address, pending)) return true;
      return false;
    },
  };
}
