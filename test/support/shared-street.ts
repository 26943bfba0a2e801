// Shared street: one street for several tests of a file, because a street takes up to 2 s of CPU to
// open. Each test acts with subscribers of its own, and reads only their rows.
import { afterAll } from 'vitest';
import { openStreet, type Street, type StreetOptions } from './street.ts';

/**
 * Called where tests are declared. Returns what gives a test the street of a key: the first call
 * with a key opens the street with `optionsOf(key)`, and all close after the last test of the file
 * or of the `describe` around. Every call ends the mischief about sends and answers that a failed
 * test may have left behind.
 */
export function shareStreets<Key = void>(
  optionsOf: (key: Key) => StreetOptions,
): (key: Key) => Promise<Street> {
  const opened = new Map<Key, Promise<Street>>();
  afterAll(async () => {
    for (const street of opened.values()) await (await street)[Symbol.asyncDispose]();
  });
  return async (key) => {
    const opening = opened.get(key) ?? openStreet(optionsOf(key));
    opened.set(key, opening);
    const street = await opening;
    const { mischief } = street.world;
    Object.assign(mischief, { swallowSends: 0, denySends: 0, onSend: null });
    mischief.failing.clear();
    return street;
  };
}
