// Source ages: how long each source has told of nothing. A source that has never told counts from
// when this daemon began to follow an account, so that one which is dead from the start is alerted
// as well as one that falls silent. While a daemon follows no account, sources have nothing to tell
// and no age.
import type { Clock } from '../core/ports.ts';
import type { Source } from '../core/source.ts';
import type { Sources } from './sources.ts';

export type SourceAgePorts = {
  readonly sources: Pick<Sources, 'read'>;
  /** Whether this daemon follows an account now. */
  readonly follows: () => boolean;
  readonly clock: Pick<Clock, 'nowMs' | 'elapsedMs'>;
};
export type SourceAge = { readonly source: Source; readonly ageMs: number };

/**
 * Creates the reading of the ages, in milliseconds. Each call notes whether an account is followed,
 * so it must be made every few seconds.
 */
export function createSourceAges(ports: SourceAgePorts): () => readonly SourceAge[] {
  const { sources, follows, clock } = ports;
  let followsSinceMs: number | null = null;
  return () => {
    followsSinceMs = follows() ? (followsSinceMs ?? clock.elapsedMs()) : null;
    if (followsSinceMs === null) return [];
    const followedMs = clock.elapsedMs() - followsSinceMs;
    return Object.entries(sources.read()).map(([source, { lastMs }]) => ({
      source: source as Source,
      ageMs: Math.min(
        followedMs,
        lastMs === null ? followedMs : Math.max(0, clock.nowMs() - lastMs),
      ),
    }));
  };
}
