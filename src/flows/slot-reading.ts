// Slot reading: decides when the heartbeat asks a node for the slot of the chain. The gate's view
// rests on answers of RPC alone (ADR 72). A slot notification is not one: it tells of blocks that
// are not confirmed, and comes from another node than the reads. But while notifications show that
// the chain moves, a node is asked three times within `staleAfterMs`; otherwise with each
// heartbeat. At Helius a question a second costs 2.6 million credits a month.
import type { Slot } from '../core/ids.ts';

export type SlotReading = {
  /** Takes the slot of a notification. */
  notified(slot: Slot): void;
  /**
   * The confirmed slot, asked for now; null while it need not be asked for. Rejects as the question
   * does.
   */
  read(): Promise<Slot | null>;
};

/** Without a notification of another slot for this long, each heartbeat asks. Milliseconds. */
const QUIET_MS = 3_000;
/** The questions within the time after which the view is stale. */
const PARTS = 3;

/** Creates the reading. `staleAfterMs`: the age of the view from which the gate says `unknown`. */
export function createSlotReading(
  ask: () => Promise<Slot>,
  nowMs: () => number,
  staleAfterMs: number,
): SlotReading {
  const everyMs = staleAfterMs / PARTS;
  /** When the last answer came; null when it failed, or named no higher slot than before. */
  let rose: { readonly atMs: number } | null = null;
  let last: Slot = 0;
  let told: { readonly slot: Slot; readonly atMs: number } | null = null;
  /** Whether a time lies less than `mostMs` back. A clock that was set back makes it not so. */
  const isWithin = (atMs: number, mostMs: number): boolean => {
    const passedMs = nowMs() - atMs;
    return passedMs >= 0 && passedMs < mostMs;
  };
  return {
    notified(slot) {
      if (slot !== told?.slot) told = { slot, atMs: nowMs() };
    },
    async read() {
      const moves = told !== null && isWithin(told.atMs, QUIET_MS);
      if (moves && rose !== null && isWithin(rose.atMs, everyMs)) return null;
      rose = null;
      const slot = await ask();
      if (slot > last) rose = { atMs: nowMs() };
      last = slot;
      return slot;
    },
  };
}
