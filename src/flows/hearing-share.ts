// Hearing share: holds this daemon's part of the hearing by leases in the ledger. Each daemon
// renews its leases every two seconds and takes parts that no daemon holds, up to its fair share. A
// daemon that died is missed after six seconds, and one that stops gives its parts back at once. A
// daemon that does not see the chain gives its parts to the others, if there are any.
import type { AwaitedChange, HeardElsewhere, HearingLeases } from '../core/hearing-share.ts';
import { fairShare, PARTS, partOf } from '../core/hearing-share.ts';
import type { Clock, Log } from '../core/ports.ts';
import { createRemembered } from '../core/remember.ts';
import type { Source } from '../core/source.ts';
import type { Watched } from '../core/watch-ports.ts';
import type { Loops } from './loops.ts';
import type { Sources } from './sources.ts';

/** How long a lease lasts after it was renewed. Milliseconds. */
const LEASE_MS = 6_000;
/** The most subscribers whose part is kept in memory. */
const REMEMBERED_MOST = 200_000;

export type HearingShare = {
  /** Whether this daemon hears the accounts of a subscriber. */
  isMine(subscriberId: string): boolean;
  /** The parts that this daemon holds; null when it holds all. */
  parts(): readonly number[] | null;
  /** The fraction of all subscribers whose accounts this daemon hears; 1 while it holds no part. */
  fraction(): number;
  /**
   * Returns the function that asks the ledger what other daemons know of changes that wait for a
   * scan; null while this daemon hears everything.
   */
  elsewhere(): ((changes: readonly AwaitedChange[]) => Promise<HeardElsewhere>) | null;
  /** Called by a loop every two seconds. */
  round(): Promise<void>;
  /** Gives every part back. Called when the daemon stops. */
  leave(): Promise<void>;
  /** Calls the listener when parts came or went; `taken` says whether a subscriber's part came. */
  onMoved(listener: (taken: (subscriberId: string) => boolean) => void): void;
};

/** The share of a daemon that hears everything by itself. */
export const WHOLE: HearingShare = {
  isMine: () => true,
  parts: () => null,
  fraction: () => 1,
  elsewhere: () => null,
  round: async () => {},
  leave: async () => {},
  onMoved: () => {},
};

export type HearingSharePorts = {
  readonly leases: HearingLeases;
  readonly elsewhere: (changes: readonly AwaitedChange[]) => Promise<HeardElsewhere>;
  /** Names this run of this daemon. */
  readonly daemonId: string;
  readonly hash: (bytes: Uint8Array) => Uint8Array;
  /** Whether this daemon sees the chain. */
  readonly seesChain: () => boolean;
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly log: Log;
};

/** Creates the share of a daemon, which holds no part before its first round. */
export function createHearingShare(ports: HearingSharePorts): HearingShare {
  const { leases, daemonId, clock, log } = ports;
  const listeners: ((taken: (subscriberId: string) => boolean) => void)[] = [];
  let held: ReadonlySet<number> = new Set();
  const partOfSubscriber = createRemembered(
    (subscriberId: string) => partOf(ports.hash(Buffer.from(subscriberId, 'utf8'))),
    REMEMBERED_MOST,
  );
  const hold = (parts: readonly number[], daemons: number): void => {
    const before = held;
    held = new Set(parts);
    const taken = new Set(parts.filter((each) => !before.has(each)));
    const lost = [...before].filter((each) => !held.has(each)).length;
    if (taken.size === 0 && lost === 0) return;
    log.info('hearing.share_moved', { parts: held.size, taken: taken.size, lost, daemons });
    for (const each of listeners) each((id) => taken.has(partOfSubscriber(id)));
  };
  return {
    isMine: (subscriberId) => held.size === PARTS || held.has(partOfSubscriber(subscriberId)),
    parts: () => (held.size === PARTS ? null : [...held]),
    fraction: () => (held.size === 0 ? 1 : held.size / PARTS),
    elsewhere: () => (held.size === PARTS ? null : ports.elsewhere),
    async round() {
      const nowMs = clock.nowMs();
      if (!ports.seesChain() && (await leases.others(daemonId, nowMs, LEASE_MS)) > 0) {
        await leases.leave(daemonId);
        hold([], 0);
        return;
      }
      const { parts, daemons, leastOther } = await leases.renew(daemonId, nowMs, LEASE_MS);
      const fair = fairShare(daemons, leastOther);
      const spare = parts.slice(fair);
      await leases.giveBack(daemonId, spare);
      const more =
        parts.length < fair
          ? await leases.take(daemonId, fair - parts.length, nowMs, LEASE_MS)
          : [];
      hold([...parts.slice(0, fair), ...more], daemons);
    },
    async leave() {
      await leases.leave(daemonId);
    },
    onMoved: (listener) => void listeners.push(listener),
  };
}

const EVERY_MS = 2_000;
/** The takeover runs when parts come; in between there is nothing to do. */
const TAKEOVER_EVERY_MS = 3_600_000;

export type TakeoverPorts = {
  readonly loops: Pick<Loops, 'add' | 'after'>;
  readonly sources: Pick<Sources, 'note' | 'read'>;
  readonly clock: Pick<Clock, 'nowMs'>;
  /** The watched accounts that this daemon hears. */
  readonly mine: () => readonly Watched[];
  /** Subscribes to the accounts of `mine`, and to no others. */
  readonly follow: () => void;
  /** Reads these accounts, and walks the histories of those that changed. */
  readonly takeOver: (accounts: readonly Watched[], signal: AbortSignal) => Promise<unknown>;
};

/**
 * Adds the loops of a shared hearing: the renewal, and the takeover, which reads the accounts of
 * parts that came, because no daemon heard them for some seconds. Does nothing for a daemon that
 * hears everything.
 */
export function addTakeover(share: HearingShare, ports: TakeoverPorts): void {
  if (share === WHOLE) return;
  const { loops, sources, clock, mine } = ports;
  let came: Watched[] = [];
  share.onMoved((isTaken) => {
    ports.follow();
    came.push(...mine().filter((each) => isTaken(each.subscriberId)));
    loops.after('taken');
  });
  loops.add('share', EVERY_MS, async () => {
    await share.round();
    // A daemon that hears no account is told of the chain by those that do, through the ledger.
    if (mine().length > 0) return;
    for (const source of Object.keys(sources.read()) as Source[])
      sources.note(source, null, clock.nowMs());
  });
  loops.add('takeover', TAKEOVER_EVERY_MS, async (signal) => {
    const accounts = came;
    came = [];
    if (accounts.length === 0) return;
    try {
      await ports.takeOver(accounts, signal);
    } catch (thrown) {
      came.push(...accounts);
      throw thrown;
    }
  });
}
