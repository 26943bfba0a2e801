// Swapped: a ledger that is given the facts of one transaction with their places in it in the
// reverse order, as a reader that lost the order would give them.
import type { Fact } from '../../src/core/fact.ts';
import type { Sabotage } from './options.ts';

/** Opens stay in front: a close without its opening is another fault. */
const MOVED: ReadonlySet<string> = new Set(['close', 'outflow']);

function swapped(facts: readonly Fact[]): Fact[] {
  const places = facts
    .filter(({ body }) => MOVED.has(body.kind))
    .map(({ position }) => position.ordinal)
    .reverse();
  return facts.map((fact) =>
    MOVED.has(fact.body.kind)
      ? { ...fact, position: { ...fact.position, ordinal: places.shift() ?? 0 } }
      : fact,
  );
}

export const withSwappedFacts: NonNullable<Sabotage['ledger']> = (ledger) => ({
  ...ledger,
  sightings: {
    ...ledger.sightings,
    record: (read) => ledger.sightings.record({ ...read, facts: swapped(read.facts) }),
  },
});
