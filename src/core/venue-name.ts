// Venue name: the venues that this release knows.

/** The venues that this release knows, by the names that settings, records and the API use. */
export const VENUE_NAMES = ['drift-v2', 'velocity'] as const;
export type VenueName = (typeof VENUE_NAMES)[number];
/** The symbol of each venue's quote token. */
export const QUOTE_SYMBOLS = {
  'drift-v2': 'USDC',
  velocity: 'USDT',
} as const satisfies Readonly<Record<VenueName, string>>;
/** The venue of a request, setting or row that names none. */
export const DEFAULT_VENUE: VenueName = 'drift-v2';
