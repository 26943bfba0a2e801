// Hear: the facts of a transaction at the venue of a dialect, wallets included, as the daemon hears
// them.
import type { Fact } from '../../src/core/fact.ts';
import { type HearingVenue, hearTransaction } from '../../src/core/hear.ts';
import type { Dialect } from '../../src/venue/dialect.ts';
import { hearingVenueOf } from '../../src/venue/hearing.ts';

export const hear = (
  dialect: Dialect,
  ...[transaction, watched]: Parameters<HearingVenue['hear']>
): Fact[] => hearTransaction([hearingVenueOf(dialect)], transaction, watched);
