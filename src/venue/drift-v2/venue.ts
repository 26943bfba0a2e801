// Drift v2: the venue as an implementation of the `Venue` port. The program has been paused since
// April 2026.
import type { Venue } from '../../core/venue.ts';
import { createVenue } from '../venue.ts';
import { dialectOf } from '../venues.ts';
import { createSdkDoor } from './sdk.ts';

/** The profile of Drift v2 with its readers. */
export const DRIFT_V2 = dialectOf('drift-v2');

/**
 * Creates the venue. `door` loads the SDK for instruction encodings; several venues may share one.
 */
export const createDriftVenue = (door = createSdkDoor(DRIFT_V2)): Venue =>
  createVenue(DRIFT_V2, door);
