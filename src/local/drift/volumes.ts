// Volumes: the thirty-day trading volume of an authority. With each trade the earlier volume is
// lowered in proportion to the time since the last one (state/user.rs).
import { most } from '../../core/money.ts';
import { rollingSum } from './averages.ts';
import type { Struct } from './layout.ts';

const MONTH = 2_592_000n;
const FIELDS = {
  taker: ['takerVolume30d', 'lastTakerVolume30dTs'],
  maker: ['makerVolume30d', 'lastMakerVolume30dTs'],
  filler: ['fillerVolume30d', 'lastFillerVolume30dTs'],
} as const;

/** Adds a trade to the volume of a role. */
export function countVolume(
  stats: Struct,
  role: keyof typeof FIELDS,
  quote: bigint,
  now: bigint,
): void {
  const [volume, since] = FIELDS[role];
  const passed = most(1n, now - (stats[since] as bigint));
  stats[volume] = rollingSum(stats[volume], quote, passed, MONTH);
  stats[since] = now;
}
