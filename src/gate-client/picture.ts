// Picture: everything that the client has received: the roster, kept by the daemon's own code, the
// rules of the gate, the age of the view, and the last revision. A snapshot of it can be stored and
// loaded again.
import { createRoster, type Roster } from '../core/roster.ts';
import type { RosterEntry } from '../core/roster-entry.ts';
import {
  doubtsOf,
  entryOf,
  rulesOf,
  type WireBeat,
  type WireDoubt,
  type WireEntry,
  type WireHello,
  wireOf,
} from '../core/wire.ts';
import type { ServerEvent } from './events.ts';
import { GateClientError } from './options.ts';

/** The result of `snapshot()`: plain JSON without any key. */
export type GateSnapshot = {
  readonly format: 1;
  /** When the snapshot was taken, by the clock of this machine. Milliseconds since 1970. */
  readonly takenAtMs: number;
  /** The id of the last event that the snapshot includes. */
  readonly eventId: string | null;
  readonly rules: WireHello;
  /**
   * The last beat, and when the daemon had seen the chain, by the clock of this machine
   * (`observedAtMs`).
   */
  readonly beat: WireBeat | null;
  readonly observedAtMs: number | null;
  /**
   * How far the ledger's clock was ahead of the clock of this machine. Left out by earlier
   * releases, and before a daemon has told its time.
   */
  readonly ledgerAheadMs?: number;
  readonly entries: readonly WireEntry[];
};
/** `entry` is null when the ledger has no such subscriber any more. */
export type ChangeListener = (subscriber: string, entry: RosterEntry | null) => void;

export type Picture = {
  readonly roster: Roster;
  readonly rules: WireHello;
  readonly revision: bigint;
  /** The id of the event after which the daemon continues; null asks for the whole roster. */
  readonly eventId: string | null;
  readonly observedAtMs: number | null;
  /** The ledger's time when the clock of this machine shows `atMs`. */
  ledgerMs(atMs: number): number;
  /** Begins a stream: drops an incomplete roster of the stream before. */
  begin(): void;
  /**
   * Takes an event. Returns true for a beat, after which decisions are valid. Throws when the event
   * cannot be read.
   */
  take(event: ServerEvent): boolean;
  snapshot(): GateSnapshot | null;
  readonly listeners: Set<ChangeListener>;
};

/** The rules before the daemon has sent its own: every view counts as stale. */
const NO_RULES: WireHello = {
  staleAfterMs: 0,
  failOpen: false,
  outstandingMost: null,
  owedForMsMost: null,
};

/** A difference of clocks. Throws a RangeError for one that is no number. */
function aheadFrom(ms: number): number {
  if (!Number.isFinite(ms)) throw new RangeError('the time of the ledger is no time');
  return ms;
}

const same = (a: RosterEntry | undefined, b: RosterEntry): boolean =>
  a !== undefined &&
  a.revision === b.revision &&
  a.standing === b.standing &&
  a.outstanding === b.outstanding &&
  a.owedSinceMs === b.owedSinceMs &&
  a.reason === b.reason;

/**
 * Creates an empty picture, or one from a snapshot. Throws a GateClientError `snapshot_invalid`.
 */
export function createPicture(
  nowMs: () => number,
  onListenerError: (thrown: unknown) => void,
  from: GateSnapshot | null,
): Picture {
  let rules = NO_RULES;
  let roster: Roster = createRoster(rulesOf(rules));
  let revision = 0n;
  let eventId: string | null = null;
  let beat: WireBeat | null = null;
  /** How far the ledger's clock is ahead of this machine's; 0 until a daemon tells its time. */
  let aheadMs = 0;
  let hydration: ReturnType<Roster['hydration']> | null = null;
  /**
   * While a new roster arrives and listeners exist: the ids received, and the entries that changed.
   */
  let sent: { readonly ids: Set<string>; readonly changed: RosterEntry[] } | null = null;
  const listeners = new Set<ChangeListener>();

  const tell = (subscriber: string, entry: RosterEntry | null): void => {
    for (const listener of listeners) {
      try {
        listener(subscriber, entry);
      } catch (thrown) {
        onListenerError(thrown);
      }
    }
  };
  const doubt = (): void => {
    roster.doubtAll(beat?.doubt ?? null);
    roster.doubt(beat === null ? [] : doubtsOf(beat));
  };
  const rule = (next: WireHello): void => {
    if (JSON.stringify(next) === JSON.stringify(rules)) return;
    const known = roster;
    const { asOfSlot, observedAtMs } = known.freshness();
    rules = next;
    roster = createRoster(rulesOf(next));
    if (known.hydrated) roster.hydrate(known.all());
    if (asOfSlot !== null && observedAtMs !== null) roster.observe(asOfSlot, observedAtMs);
    doubt();
  };
  const add = (entries: readonly WireEntry[]): void => {
    if (hydration === null) {
      hydration = roster.hydration();
      sent = roster.hydrated && listeners.size > 0 ? { ids: new Set(), changed: [] } : null;
    }
    const read = entries.map(entryOf);
    hydration.add(read);
    if (sent === null) return;
    for (const entry of read) {
      sent.ids.add(entry.subscriberId);
      if (!same(roster.find(entry.subscriberId), entry)) sent.changed.push(entry);
    }
  };
  const hydrated = (): void => {
    const told = sent;
    const gone: string[] = [];
    if (told !== null)
      for (const { subscriberId } of roster.all())
        if (!told.ids.has(subscriberId)) gone.push(subscriberId);
    hydration?.done();
    hydration = null;
    sent = null;
    for (const entry of told?.changed ?? []) tell(entry.subscriberId, entry);
    for (const subscriber of gone) tell(subscriber, null);
  };
  const take = ({ event, data, id }: ServerEvent): boolean => {
    const value: unknown = JSON.parse(data);
    switch (event) {
      case 'hello':
        rule(value as WireHello);
        return false;
      case 'entries':
        add(value as WireEntry[]);
        return false;
      case 'change': {
        const entry = entryOf(value as WireEntry);
        const news = !same(roster.find(entry.subscriberId), entry);
        roster.apply(entry);
        revision = entry.revision;
        eventId = id;
        if (news && same(roster.find(entry.subscriberId), entry)) tell(entry.subscriberId, entry);
        return false;
      }
      case 'live':
        if (hydration !== null) hydrated();
        else if (!roster.hydrated) roster.hydrate([]);
        revision = BigInt((value as { revision: string }).revision);
        eventId = id;
        return false;
      case 'doubt': {
        const { subscriber, ...doubted } = value as WireDoubt;
        roster.doubtAlso(subscriber, doubted);
        return false;
      }
      case 'beat':
        beat = value as WireBeat;
        if (beat.asOfSlot !== null && beat.ageMs !== null)
          roster.observe(beat.asOfSlot, nowMs() - beat.ageMs);
        if (beat.now !== undefined) aheadMs = aheadFrom(Date.parse(beat.now) - nowMs());
        doubt();
        return roster.hydrated;
      default:
        return false;
    }
  };

  if (from !== null) {
    try {
      if (from.format !== 1) throw new RangeError(`format ${String(from.format)} is not known`);
      rules = from.rules;
      roster = createRoster(rulesOf(rules));
      roster.hydrate(from.entries.map(entryOf));
      eventId = from.eventId;
      revision = BigInt(from.eventId?.split(':')[0] ?? '0');
      beat = from.beat;
      aheadMs = aheadFrom(from.ledgerAheadMs ?? 0);
      if (beat?.asOfSlot != null && typeof from.observedAtMs === 'number')
        roster.observe(beat.asOfSlot, from.observedAtMs);
      doubt();
    } catch (thrown) {
      const why = thrown instanceof Error ? thrown.message : String(thrown);
      throw new GateClientError('snapshot_invalid', `The snapshot cannot be read: ${why}`);
    }
  }
  return {
    listeners,
    take(event) {
      try {
        return take(event);
      } catch (thrown) {
        const why = thrown instanceof Error ? thrown.message : String(thrown);
        throw new Error(`an event \`${event.event}\` of the stream cannot be read`, {
          cause: new Error(why),
        });
      }
    },
    ledgerMs: (atMs) => atMs + aheadMs,
    begin() {
      hydration = null;
      sent = null;
    },
    snapshot: () =>
      roster.hydrated
        ? {
            format: 1,
            takenAtMs: nowMs(),
            eventId,
            rules,
            beat,
            observedAtMs: roster.freshness().observedAtMs,
            ledgerAheadMs: aheadMs,
            entries: [...roster.all()].map(wireOf),
          }
        : null,
    get roster() {
      return roster;
    },
    get rules() {
      return rules;
    },
    get revision() {
      return revision;
    },
    get eventId() {
      return eventId;
    },
    get observedAtMs() {
      return roster.freshness().observedAtMs;
    },
  };
}
