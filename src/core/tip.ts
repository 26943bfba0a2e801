// Tip: the highest slot that the chain is known to have reached, and the test whether a node's slot
// can be true. A slot that no chain can have reached since the last believed answer is refused;
// when three answers in a row agree with each other they are believed. So a real jump is followed,
// and one wrong answer changes nothing. The slot that the ledger recorded before this start counts
// as the first answer.
import type { Slot } from './ids.ts';

/** No cluster makes a slot in less time; the shortest planned slot is 200 ms (SIMD-0525). */
const SLOT_MS_LEAST = 50;
/**
 * No chain has a slot beyond this: sixteen years of the shortest slots. Such an answer is never
 * believed, however often it is repeated.
 */
const SLOT_MOST = 10_000_000_000;
/** Nodes of one cluster differ by fewer slots than this, even when one of them is catching up. */
const APART_SLOTS_MOST = 2_000;
/**
 * After this many answers in a row that agree with each other, the last one is believed, even if it
 * contradicts the answers believed before.
 */
const AGREEING = 3;

export type Tip = {
  /**
   * Whether a node's answer that names this slot may be believed. An answer that is believed may
   * raise the tip.
   */
  believes(slot: Slot): boolean;
  /**
   * Whether the chain can have reached this slot by now; true while nothing is known. Changes
   * nothing.
   */
  canBe(slot: Slot): boolean;
  /** The highest slot that was believed; null before the first answer. */
  readonly slot: Slot | null;
};

/** A slot, and when the chain had reached it: milliseconds since 1970. */
export type Seen = { readonly slot: Slot; readonly atMs: number };

/**
 * Whether `slot` at `atMs` fits a chain that stood at `seen`: not far behind it, and no further
 * ahead than the time passed allows.
 */
function fits(seen: Seen, slot: Slot, atMs: number): boolean {
  const passedMs = Math.max(0, atMs - seen.atMs);
  const most = seen.slot + Math.floor(passedMs / SLOT_MS_LEAST) + APART_SLOTS_MOST;
  return slot >= seen.slot - APART_SLOTS_MOST && slot <= most;
}

/**
 * Creates a tip. `recalled` is what was seen before this process began; without it the first answer
 * is believed, unless no chain can have that slot.
 */
export function createTip(nowMs: () => number, recalled: Seen | null = null): Tip {
  const isSlot = (slot: Slot): boolean =>
    Number.isSafeInteger(slot) && slot >= 0 && slot <= SLOT_MOST;
  let believed = recalled !== null && isSlot(recalled.slot) ? recalled : null;
  let odd: { readonly last: Seen; readonly count: number } | null = null;
  return {
    believes(slot) {
      if (!isSlot(slot)) return false;
      const seen = { slot, atMs: nowMs() };
      if (believed === null || fits(believed, slot, seen.atMs)) {
        if (believed === null || slot > believed.slot) believed = seen;
        odd = null;
        return true;
      }
      const count = odd !== null && fits(odd.last, slot, seen.atMs) ? odd.count + 1 : 1;
      odd = { last: seen, count };
      if (count < AGREEING) return false;
      believed = seen;
      odd = null;
      return true;
    },
    canBe: (slot) => isSlot(slot) && (believed === null || fits(believed, slot, nowMs())),
    get slot() {
      return believed?.slot ?? null;
    },
  };
}
