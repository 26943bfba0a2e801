// Long: what a run plays beyond npm test. npm test plays a case where it costs least; npm run
// test:long plays it at every venue and under every guard, with further seeds and further steps.
import { VENUE_NAMES, type VenueName } from '../../src/core/venue-name.ts';

/** True in `npm run test:long`. */
export const LONG = process.env.BAILIFF_TEST_LONG === 'yes';

/** Where a case plays: at this venue; in `npm run test:long` at every venue. */
export const playedAt = (venue: VenueName): readonly VenueName[] => (LONG ? VENUE_NAMES : [venue]);
