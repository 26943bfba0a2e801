// Inspector: reads due transactions side by side, with a fixed number of places. A read that hangs
// keeps its own place and no other.
import type { Sighting } from '../core/hearing-ports.ts';
import { type InspectOptions, type InspectPorts, inspectAlone } from './inspect.ts';
import { sideBySide } from './side-by-side.ts';

const BATCH = 50;
const LEASE_MS = 15_000;
/**
 * The longest time that a round waits for the reads that it started. The results of the others are
 * returned by a later round.
 */
const ROUND_MS = 1_000;

/** The subscribers whose history changed, and whether more transactions are due. */
export type Round = { readonly changed: string[]; readonly more: boolean };
export type Inspector = {
  round(): Promise<Round>;
  /** Resolves when no read is running. */
  drained(): Promise<void>;
};

/** Inspects one batch of due transactions, and waits for all of it. */
export async function inspectDue(ports: InspectPorts, options: InspectOptions): Promise<Round> {
  const due = await ports.ledger.sightings.claim(ports.clock.nowMs(), LEASE_MS, BATCH);
  const changed = new Set<string>();
  await sideBySide(due, options.readsAtOnce, async (sighting) => {
    for (const id of await inspectAlone(ports, options, sighting)) changed.add(id);
  });
  return { changed: [...changed], more: due.length === BATCH };
}

/** Creates an inspector. `onLate` runs when a read ends after its round has returned. */
export function createInspector(
  ports: InspectPorts,
  options: InspectOptions,
  onLate: () => void,
): Inspector {
  const { ledger, clock } = ports;
  const reading = new Set<Promise<void>>();
  const changed = new Set<string>();
  let failure: { readonly thrown: unknown } | null = null;

  const start = (sighting: Sighting, isLate: () => boolean): Promise<void> => {
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
        if (isLate()) onLate();
      });
    reading.add(one);
    return one;
  };

  return {
    async round() {
      const room = options.readsAtOnce - reading.size;
      const due = room > 0 ? await ledger.sightings.claim(clock.nowMs(), LEASE_MS, room) : [];
      let late = false;
      const all = Promise.all(due.map((each) => start(each, () => late)));
      const over = new AbortController();
      await Promise.race([all, clock.sleep(ROUND_MS, over.signal)]);
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
      return { changed: found, more: room > 0 && due.length === room };
    },
    async drained() {
      await Promise.all(reading);
    },
  };
}
