// Velocity: the venue as an implementation of the `Venue` port. Its instructions are built from the
// profile, without a library.
import type { Venue } from '../../core/venue.ts';
import { createBuilder, openDoor } from '../builder.ts';
import { createDialect } from '../dialect.ts';
import { createVenue } from '../venue.ts';
import { VELOCITY_PROFILE } from './profile.ts';

/** The profile of Velocity with its readers. */
export const VELOCITY = createDialect(VELOCITY_PROFILE);

/** Creates the venue. */
export const createVelocityVenue = (): Venue =>
  createVenue(VELOCITY, openDoor(createBuilder(VELOCITY)));
