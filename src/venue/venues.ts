// Venues: the venues of this release, by name, each with its readers and as the port of the flows.
import type { Venue } from '../core/venue.ts';
import { VENUE_NAMES, type VenueName } from '../core/venue-name.ts';
import { type BuilderDoor, createBuilder, openDoor } from './builder.ts';
import { createDialect, type Dialect } from './dialect.ts';
import { createSdkDoor } from './drift-v2/sdk.ts';
import { PROFILES } from './profiles.ts';
import { createVenue } from './venue.ts';

const DIALECTS = Object.fromEntries(
  VENUE_NAMES.map((name) => [name, createDialect(PROFILES[name])]),
) as Readonly<Record<VenueName, Dialect>>;

/**
 * Venues whose instructions a library encodes. The instructions of all other venues come from the
 * profile alone.
 */
const LIBRARIES: Partial<Record<VenueName, (dialect: Dialect) => BuilderDoor>> = {
  'drift-v2': createSdkDoor,
};

/** The profile of a venue with its readers. */
export const dialectOf = (name: VenueName): Dialect => DIALECTS[name];

/** Opens a venue as the port that the flows use. */
export function openVenue(name: VenueName): Venue {
  const dialect = dialectOf(name);
  const door = LIBRARIES[name]?.(dialect) ?? openDoor(createBuilder(dialect));
  return createVenue(dialect, door);
}
