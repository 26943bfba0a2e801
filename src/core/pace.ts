// Pace: how long a slot of the chain takes just now, measured from readings of the slot. Slots are
// meant to take 400 ms, took 200 in other years, and take longer under load: a time that is agreed
// by the clock is turned into slots by what is measured.
import type { Slot } from './ids.ts';

export type Pace = {
  /** A reading of the slot, and when its answer came. */
  note(slot: Slot, atMs: number): void;
  /** Milliseconds a slot; null before two readings are far enough apart. */
  msPerSlot(): number | null;
};

/** Readings closer than this tell nothing: a slot more or less would count too much. */
const SPAN_MS_LEAST = 2_000;
const SLOTS_LEAST = 4;
/** Older readings are left out: the pace of an hour ago is another one. */
const WINDOW_MS = 10 * 60_000;
/** A reading that is kept for a while before the next one is. */
const EVERY_MS = 1_000;

export function createPace(): Pace {
  let readings: { slot: Slot; atMs: number }[] = [];
  let latest: { slot: Slot; atMs: number } | null = null;
  return {
    note(slot, atMs) {
      // A node that is behind, or a clock that was set back, tells nothing of the pace.
      if (latest !== null && (slot < latest.slot || atMs < latest.atMs)) return;
      latest = { slot, atMs };
      if (atMs - (readings.at(-1)?.atMs ?? Number.NEGATIVE_INFINITY) < EVERY_MS) return;
      readings = [...readings.filter((each) => each.atMs > atMs - WINDOW_MS), latest];
    },
    msPerSlot() {
      const [first] = readings;
      if (first === undefined || latest === null) return null;
      const [slots, ms] = [latest.slot - first.slot, latest.atMs - first.atMs];
      return slots < SLOTS_LEAST || ms < SPAN_MS_LEAST ? null : ms / slots;
    },
  };
}
