// Velocity: the venue behind the port. Its instructions are built from the profile: no library is
// needed.
import type { Venue } from '../../core/venue.ts';
import { createBuilder, openDoor } from '../builder.ts';
import { createDialect } from '../dialect.ts';
import { createVenue } from '../venue.ts';
import { VELOCITY_PROFILE } from './profile.ts';

/** Velocity's profile with its readers. */
export const VELOCITY = createDialect(VELOCITY_PROFILE);

export const createVelocityVenue = (): Venue =>
  createVenue(VELOCITY, openDoor(createBuilder(VELOCITY)));
