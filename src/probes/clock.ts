// Clock: whether this machine's time and somebody else's agree.
import { type Finding, wrong } from '../core/finding.ts';

/** Nothing when they are no further apart than `mostMs`. */
export const skewOf = (
  what: string,
  theirsMs: number,
  oursMs: number,
  mostMs: number,
): Finding[] => {
  const apart = Math.abs(theirsMs - oursMs);
  return apart <= mostMs
    ? []
    : [
        wrong(
          'clock',
          `this machine and ${what} are ${Math.round(apart / 1_000)} s apart`,
          'Let NTP set the clock of this machine: retries and standings go by it.',
        ),
      ];
};
