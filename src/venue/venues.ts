// Venues: the venues of this release, by name. A third one is one more line here, and one in the
// names of core/venue.ts.
import type { Venue, VenueName } from '../core/venue.ts';
import type { Dialect } from './dialect.ts';
import { createDriftVenue, DRIFT_V2 } from './drift-v2/venue.ts';
import { createVelocityVenue, VELOCITY } from './velocity/venue.ts';

const VENUES: Readonly<
  Record<VenueName, { readonly dialect: Dialect; readonly open: () => Venue }>
> = {
  'drift-v2': { dialect: DRIFT_V2, open: createDriftVenue },
  velocity: { dialect: VELOCITY, open: createVelocityVenue },
};

/** Opens a venue as the port that the flows use. */
export const openVenue = (name: VenueName): Venue => VENUES[name].open();
/** The profile of a venue with its readers. */
export const dialectOf = (name: VenueName): Dialect => VENUES[name].dialect;
