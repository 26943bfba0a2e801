// Venue: which of the venues that a daemon serves is meant.
import { expect, test } from 'vitest';
import { marketNameAt, type Venue, venueOf, venuesOf } from '../../src/core/venue.ts';
import type { VenueName } from '../../src/core/venue-name.ts';

const venueNamed = (name: VenueName) =>
  ({
    name,
    marketName: (index: number) => (index === 0 ? `${name} SOL-PERP` : null),
  }) as unknown as Venue;
const drift = venueNamed('drift-v2');
const velocity = venueNamed('velocity');

test('a venue is found by its name, and the default one where none is named', () => {
  const both = venuesOf([velocity, drift]);
  expect(both.all).toEqual([velocity, drift]);
  expect([both.of('velocity'), both.of('drift-v2'), both.of(undefined)]).toEqual([
    velocity,
    drift,
    drift,
  ]);
  expect(both.usual).toBe(drift);
});

test('without the default venue the first one served is meant, and a venue not served is refused', () => {
  const alone = venuesOf([velocity]);
  expect(alone.usual).toBe(velocity);
  expect(() => alone.of('drift-v2')).toThrowError(
    expect.objectContaining({
      code: 'venue_not_served',
      message: expect.stringContaining('does not serve drift-v2, only velocity.'),
    }),
  );
  expect(() => alone.of(undefined)).toThrow('does not serve drift-v2');
});

test('a market is named by its own venue, and has no name where the venue is not served', () => {
  const both = venuesOf([drift, velocity]);
  expect(marketNameAt(both, { venue: 'velocity', market: 0 })).toBe('velocity SOL-PERP');
  expect(marketNameAt(both, { venue: 'velocity', market: 9 })).toBeNull();
  expect(marketNameAt(venuesOf([drift]), { venue: 'velocity', market: 0 })).toBeNull();
});

test('an account at a venue is read by that venue; wallets and token accounts by the usual one', () => {
  const both = venuesOf([drift, velocity]);
  expect(venueOf(both, { role: 'drift_user', venue: 'velocity' })).toBe(velocity);
  expect(venueOf(both, { role: 'drift_user' })).toBe(drift);
  expect(venueOf(both, { role: 'agent_wallet', venue: 'velocity' })).toBe(drift);
  expect(venueOf(both, { role: 'agent_token_account' })).toBe(drift);
  expect(venueOf(venuesOf([velocity]), { role: 'agent_wallet' })).toBe(velocity);
});
