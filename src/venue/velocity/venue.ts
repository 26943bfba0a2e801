// Velocity: the venue as an implementation of the `Venue` port. Its instructions are built from the
// profile, without a library.
import type { Venue } from '../../core/venue.ts';
import { dialectOf, openVenue } from '../venues.ts';

/** The profile of Velocity with its readers. */
export const VELOCITY = dialectOf('velocity');

/** Creates the venue. */
export const createVelocityVenue = (): Venue => openVenue('velocity');
