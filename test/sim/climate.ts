// Climate: which kinds of weather a history has at all, drawn from its seed. With every kind in every history most would end in
// hardly any payment: a race between two daemons needs SOL and no halt, a dropped payment needs one that landed.
import { MOODS, type Mood } from './chain/node.ts';
import type { Weather } from './provider.ts';
import type { Random } from './random.ts';

export type Climate = {
  /** How much gets through to the nodes and back. */
  readonly weather: Weather;
  /** What may come over a node. */
  readonly moods: readonly Mood[];
  /** Whether the sponsor has SOL enough from the beginning. Otherwise gifts keep it alive. */
  readonly rich: boolean;
  /** Whether operators halt and lift. */
  readonly halts: boolean;
  /** The chance at each step that no daemon runs for longer than a blockhash lives, and that every node then lacks statuses. */
  readonly blackouts: number;
};

/** From almost fair to hardly anything getting through. */
export const storm = (random: Random): Weather => ({
  error: random.next() * 0.3,
  lost: random.pick([0.05, 0.3, 0.9, 1]),
  denied: random.next() * 0.3,
  delayed: random.next() * 0.7,
  lag: random.next() * 0.5,
  lie: random.next() * 0.2,
});
/** Most requests are answered well, and most sends arrive. */
const breeze = (random: Random): Weather => ({
  error: random.next() * 0.1,
  lost: random.next() * 0.2,
  denied: random.next() * 0.1,
  delayed: random.next() * 0.5,
  lag: random.next() * 0.2,
  lie: random.next() * 0.1,
});

/** `moods`: those that may come over nodes beside the usual ones. */
export const climateOf = (random: Random, moods: readonly Mood[]): Climate => ({
  weather: random.chance(0.5) ? storm(random) : breeze(random),
  moods: [...MOODS, ...moods],
  rich: random.chance(0.6),
  halts: random.chance(0.4),
  blackouts: random.chance(0.4) ? 0.01 : 0,
});
