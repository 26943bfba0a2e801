// Venues: a stand-in for a venue, as the only one that a daemon serves.
import type { Venue, Venues } from '../../src/core/venue.ts';

/** The venue stands for every name, so that a stand-in needs none. */
export function servingOnly(standIn: object): Venues {
  const venue = standIn as Venue;
  return { all: [venue], of: () => venue, usual: venue };
}
