// Finality: tells when slots that something waits for have become final. The time that a block
// takes to become final changes with the chain (13 s in one year, a fraction of a second in
// another), so the daemon asks the chain, and only while something waits, the less often the longer
// it waits.

import type { Chain } from '../core/chain-ports.ts';
import type { Sightings } from '../core/hearing-ports.ts';
import type { Slot } from '../core/ids.ts';
import type { Pace } from '../core/pace.ts';
import type { Clock } from '../core/ports.ts';

export type FinalityPorts = {
  readonly chain: Pick<Chain, 'slot'>;
  readonly ledger: { readonly sightings: Pick<Sightings, 'becameFinal'> };
  readonly pace: Pick<Pace, 'msPerSlot' | 'noteFinal'>;
  readonly clock: Clock;
  /** The latest confirmed slot that is believed; null before the first. */
  readonly latestSlot: () => Slot | null;
  /**
   * Called when every slot up to this one is final: anything that waited for one of them may go on.
   */
  readonly onFinal: (slot: Slot) => void;
};
export type Finality = {
  /**
   * Registers that something waits for this slot to become final. A slot that the chain cannot have
   * reached is ignored.
   */
  expect(slot: Slot): void;
  /**
   * Checks whether a slot that is waited for is final by now; asks the chain when it is time to.
   */
  look(): Promise<void>;
};

/** The time of a slot while the pace of the chain is not measured. */
const MS_PER_SLOT = 400;
/** The shortest and the longest time between two questions to the chain while something waits. */
const ASK_MS = { least: 150, most: 2_000 };
/** A slot further ahead of the latest confirmed one than this is not of this chain. */
const AHEAD_MOST = 1_000;

/** Creates the watch over slots. Nothing waits at first. */
export function createFinality(ports: FinalityPorts): Finality {
  const { chain, ledger, pace, clock } = ports;
  /** The slots that something waits for, each with the time since when. */
  const waiting = new Map<Slot, number>();
  let finalized: Slot = 0;
  let askAtMs = Number.NEGATIVE_INFINITY;

  return {
    expect(slot) {
      const latest = ports.latestSlot();
      if (latest !== null && slot > latest + AHEAD_MOST) return;
      // The time until finality is not measured for a slot that is final already when it is waited
      // for.
      if (!waiting.has(slot)) waiting.set(slot, slot <= finalized ? Number.NaN : clock.elapsedMs());
    },
    async look() {
      if (waiting.size === 0) return;
      const first = Math.min(...waiting.keys());
      if (finalized < first) {
        if (clock.elapsedMs() < askAtMs) return;
        finalized = Math.max(finalized, await chain.slot('finalized'));
        // A block becomes final by votes, which may take a part of a slot or many slots. So the
        // pause is half of the time that was waited already, and no longer than the slots in
        // between take.
        const slotsMs = (first - finalized) * (pace.msPerSlot() ?? MS_PER_SLOT);
        const waitedMs = clock.elapsedMs() - (waiting.get(first) ?? Number.NaN);
        const pauseMs = Number.isNaN(waitedMs) ? slotsMs : Math.min(slotsMs, waitedMs / 2);
        askAtMs = clock.elapsedMs() + Math.min(ASK_MS.most, Math.max(ASK_MS.least, pauseMs));
        if (finalized < first) return;
      }
      await ledger.sightings.becameFinal(finalized, clock.nowMs());
      for (const [slot, sinceMs] of waiting) {
        if (slot > finalized) continue;
        waiting.delete(slot);
        if (!Number.isNaN(sinceMs)) pace.noteFinal(clock.elapsedMs() - sinceMs);
      }
      ports.onFinal(finalized);
    },
  };
}
