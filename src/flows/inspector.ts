// Inspector: reads due transactions side by side, with a fixed number of places. A read that hangs
// keeps its own place and no other. While more transactions are due than there are places, a round
// ends as soon as a quarter of the places is free, so that no place waits for the slowest read.
import type { Sighting } from '../core/hearing-ports.ts';
import { inspectAlone } from './inspect.ts';
import type { InspectOptions, InspectPorts } from './inspect-ports.ts';
import { AHEAD_MS } from './reading-haste.ts';

const LEASE_MS = 15_000;
/**
 * The longest time that a round waits for the reads that it started. The results of the others are
 * returned by a later round.
 */
const ROUND_MS = 1_000;

/** The part of the places that a round waits for while more transactions are due: one in four. */
const REFILLED_BY = 4;

/** The subscribers whose history changed, and whether more transactions are due. */
export type Round = { readonly changed: string[]; readonly more: boolean };
export type Inspector = {
  round(): Promise<Round>;
  /**
   * Starts to read transactions that go ahead of all others, in places of their own. `onAhead` is
   * called once after each, with the subscribers whose history it changed. True when there may be
   * more.
   */
  ahead(): Promise<boolean>;
  /** The transactions that are being read ahead of all others. */
  readonly aheadCount: number;
  /** Resolves when no read is running. */
  drained(): Promise<void>;
};

/** The number of places for transactions that go ahead. */
const AHEAD_PLACES = 16;
/** A sighting that has been due for this long goes ahead of others; see flows/reading-haste.ts. */
const AHEAD_DUE_MS = AHEAD_MS / 2;

/**
 * Creates an inspector. `onLate` runs when a read ends after its round has returned, or when a read
 * ahead of others failed. `onAhead` runs after each read ahead of others, with the subscribers
 * whose history it changed. `onFree` runs when such a place is free again after `ahead` found none.
 */
export function createInspector(
  ports: InspectPorts,
  options: InspectOptions,
  onLate: () => void,
  onAhead: (subscriberIds: readonly string[]) => void = () => {},
  onFree: () => void = () => {},
): Inspector {
  const { ledger, clock } = ports;
  const reading = new Set<Promise<void>>();
  const changed = new Set<string>();
  let failure: { readonly thrown: unknown } | null = null;

  const start = (sighting: Sighting, onEnd: () => void): void => {
    const one: Promise<void> = inspectAlone(ports, options, sighting)
      .then(
        (ids) => {
          for (const id of ids) changed.add(id);
        },
        (thrown: unknown) => {
          failure ??= { thrown };
        },
      )
      .finally(() => {
        reading.delete(one);
        onEnd();
      });
    reading.add(one);
  };
  const freePlaces = (): number => options.readsAtOnce - reading.size;
  const refilledAt = Math.ceil(options.readsAtOnce / REFILLED_BY);

  const ahead = new Set<Promise<void>>();
  /** Whether the last `ahead` found no free place, so that transactions may wait for one. */
  let wanting = false;
  const startAhead = (sighting: Sighting): void => {
    const one: Promise<void> = inspectAlone(ports, { ...options, ahead: true }, sighting)
      .then(onAhead, (thrown: unknown) => {
        failure ??= { thrown };
        onLate();
      })
      .finally(() => {
        ahead.delete(one);
        if (wanting) onFree();
        wanting = false;
      });
    ahead.add(one);
  };

  return {
    async ahead() {
      const free = AHEAD_PLACES - ahead.size;
      wanting = free <= 0;
      if (wanting) return false;
      const dueMs = clock.nowMs() - AHEAD_DUE_MS;
      const due = await ledger.sightings.claim(dueMs, AHEAD_DUE_MS + LEASE_MS, free);
      for (const each of due) startAhead(each);
      return due.length === free;
    },
    get aheadCount() {
      return ahead.size;
    },
    async round() {
      const free = freePlaces();
      const due = free > 0 ? await ledger.sightings.claim(clock.nowMs(), LEASE_MS, free) : [];
      const more = free > 0 && due.length === free;
      let [late, left] = [false, due.length];
      const over = new AbortController();
      const enough = new Promise<void>((resolve) => {
        const onEnd = (): void => {
          left--;
          if (late) onLate();
          else if (left === 0 || (more && freePlaces() >= refilledAt)) resolve();
        };
        for (const each of due) start(each, onEnd);
        if (left === 0) resolve();
      });
      await Promise.race([enough, clock.sleep(ROUND_MS, over.signal)]);
      over.abort('over');
      late = true;
      const found = [...changed];
      changed.clear();
      if (failure !== null) {
        const { thrown } = failure;
        failure = null;
        // The changed subscribers must still be judged, so the next round returns them.
        for (const id of found) changed.add(id);
        throw thrown;
      }
      return { changed: found, more };
    },
    async drained() {
      await Promise.all([...reading, ...ahead]);
    },
  };
}
