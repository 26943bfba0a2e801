// Clock: compares this machine's clock with another.
import { type Finding, wrong } from '../core/doctor-finding.ts';

/** A finding when the two clocks differ by more than `mostMs`, else none. */
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
