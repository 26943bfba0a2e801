// Inspect due: inspects due transactions without the places of an inspector.
import { inspectAlone } from '../../src/flows/inspect.ts';
import type { InspectOptions, InspectPorts } from '../../src/flows/inspect-ports.ts';
import { sideBySide } from '../../src/flows/side-by-side.ts';

const BATCH = 50;
const LEASE_MS = 15_000;

/**
 * Inspects one batch of due transactions, and waits for all of it, so that what a round has read
 * does not depend on which read is slow.
 */
export async function inspectDue(
  ports: InspectPorts,
  options: InspectOptions,
): Promise<{ readonly changed: string[]; readonly more: boolean }> {
  const due = await ports.ledger.sightings.claim(ports.clock.nowMs(), LEASE_MS, BATCH);
  const changed = new Set<string>();
  await sideBySide(due, options.readsAtOnce, async (sighting) => {
    for (const id of await inspectAlone(ports, options, sighting)) changed.add(id);
  });
  return { changed: [...changed], more: due.length === BATCH };
}
