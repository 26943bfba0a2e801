// Picture: what the client knows, kept from the events of the stream: the roster, by the daemon's
// own code, the rules, how fresh it is, and up to which change. It can be put away as a snapshot
// and taken up again.
import { createRoster, type Roster, type RosterEntry } from '../core/roster.ts';
import {
  doubtsOf,
  entryOf,
  rulesOf,
  type WireBeat,
  type WireEntry,
  type WireHello,
  wireOf,
} from '../core/wire.ts';
import type { ServerEvent } from './events.ts';
import { GateClientError } from './options.ts';

/** What `snapshot()` returns: plain JSON, which holds no key. */
export type GateSnapshot = {
  readonly format: 1;
  /** By this machine's clock, in milliseconds. */
  readonly takenAtMs: number;
  /** The id of the last event that is in it. */
  readonly eventId: string | null;
  readonly rules: WireHello;
  /**
   * The last beat, with the moment at which the daemon had seen the chain, by this machine's clock.
   */
  readonly beat: WireBeat | null;
  readonly observedAtMs: number | null;
  readonly entries: readonly WireEntry[];
};
/** `entry` is null when the ledger no longer knows the subscriber. */
export type ChangeListener = (subscriber: string, entry: RosterEntry | null) => void;

export type Picture = {
  readonly roster: Roster;
  readonly rules: WireHello;
  readonly revision: bigint;
  /** What the daemon is asked to go on from; null to be sent everything. */
  readonly eventId: string | null;
  readonly observedAtMs: number | null;
  /** A stream begins: what was left half-sent by the last one is dropped. */
  begin(): void;
  /**
   * Returns true for a beat, after which decisions are vouched for. Throws when the event cannot be
   * read.
   */
  take(event: ServerEvent): boolean;
  snapshot(): GateSnapshot | null;
  readonly listeners: Set<ChangeListener>;
};

/** Until the daemon has said by which rules it decides: nothing is vouched for. */
const NO_RULES: WireHello = {
  staleAfterMs: 0,
  failOpen: false,
  outstandingMost: null,
  owedForMsMost: null,
};

const same = (a: RosterEntry | undefined, b: RosterEntry): boolean =>
  a !== undefined &&
  a.revision === b.revision &&
  a.standing === b.standing &&
  a.outstanding === b.outstanding &&
  a.owedSinceMs === b.owedSinceMs &&
  a.reason === b.reason;

/** Empty, or as a snapshot left it. Throws a GateClientError `snapshot_invalid`. */
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
  let hydration: ReturnType<Roster['hydration']> | null = null;
  /** During a hydration with listeners: who was sent, and who changed. */
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
      case 'beat':
        beat = value as WireBeat;
        if (beat.asOfSlot !== null && beat.ageMs !== null)
          roster.observe(beat.asOfSlot, nowMs() - beat.ageMs);
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
