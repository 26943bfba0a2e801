// Pace: measures how long a slot of the chain takes now. Slots are meant to take 400 ms, have taken
// 200 ms in other years, and take longer under load. Times that are agreed by the clock are turned
// into slots with this measurement. A block takes 13 s to become final in one year and 0.15 s in
// another, so that time is measured, too.
import type { Slot } from './ids.ts';

export type Pace = {
  /** Notes a reading of the slot, and when its answer arrived by `elapsedMs` of the clock. */
  note(slot: Slot, atMs: number): void;
  /** Milliseconds for each slot; null before two readings are far enough apart. */
  msPerSlot(): number | null;
  /** Notes how long a slot took from when it was waited for until it was known to be final. */
  noteFinal(ms: number): void;
  /**
   * The milliseconds after which a slot that is heard of now is probably final: the median of the
   * last 16 measured times, and a margin of 25 % and 200 ms. Null before the first measurement.
   */
  finalByMs(): number | null;
};

/** Closer readings are not used: a difference of one slot would distort the result. */
const SPAN_MS_LEAST = 2_000;
const SLOTS_LEAST = 4;
/** Older readings are dropped, because the pace changes. */
const WINDOW_MS = 10 * 60_000;
/** The least time between two stored readings. */
const EVERY_MS = 1_000;

/** The number of slots whose time until finality is remembered. */
const FINALS_KEPT = 16;
/** The margin over the median time until finality: a part of it, and a time. */
const MARGIN = { percent: 25, ms: 200 };

/** Creates an empty measurement. */
export function createPace(): Pace {
  let readings: { slot: Slot; atMs: number }[] = [];
  let latest: { slot: Slot; atMs: number } | null = null;
  const finals: number[] = [];
  return {
    noteFinal(ms) {
      finals.push(ms);
      finals.splice(0, finals.length - FINALS_KEPT);
    },
    finalByMs() {
      const median = finals.toSorted((a, b) => a - b)[finals.length >> 1];
      if (median === undefined) return null;
      return Math.round((median * (100 + MARGIN.percent)) / 100) + MARGIN.ms;
    },
    note(slot, atMs) {
      // A reading of a node that is behind, or after the clock was set back, is ignored.
      if (latest !== null && (slot < latest.slot || atMs < latest.atMs)) return;
      latest = { slot, atMs };
      if (atMs - (readings.at(-1)?.atMs ?? Number.NEGATIVE_INFINITY) < EVERY_MS) return;
      readings = [...readings.filter((each) => each.atMs > atMs - WINDOW_MS), latest];
    },
    msPerSlot() {
      if (latest === null) return null;
      const first = readings[0] ?? latest;
      const [slots, ms] = [latest.slot - first.slot, latest.atMs - first.atMs];
      return slots < SLOTS_LEAST || ms < SPAN_MS_LEAST ? null : ms / slots;
    },
  };
}
