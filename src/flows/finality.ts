// Finality: tells when slots that something waits for have become final. The time that a block
// takes to become final changes with the chain (13 s in one year, a fraction of a second in
// another), so the daemon asks the chain. It asks only while something waits, and not before the
// slots in between can have passed.

import type { Chain } from '../core/chain-ports.ts';
import type { Sightings } from '../core/hearing-ports.ts';
import type { Slot } from '../core/ids.ts';
import type { Pace } from '../core/pace.ts';
import type { Clock } from '../core/ports.ts';

export type FinalityPorts = {
  readonly chain: Pick<Chain, 'slot'>;
  readonly ledger: { readonly sightings: Pick<Sightings, 'becameFinal'> };
  readonly pace: Pick<Pace, 'msPerSlot'>;
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
   * Checks whether a slot that is waited for is final by now; asks the chain when that is possible.
   */
  look(): Promise<void>;
  /**
   * How long slots took lately from the moment at which something waited for them until they were
   * known to be final, the median of the last ones. Milliseconds; null before the first.
   */
  lagMs(): number | null;
};

/** The time of a slot while the pace of the chain is not measured. */
const MS_PER_SLOT = 400;
/** The shortest and the longest time between two questions to the chain while something waits. */
const ASK_MS = { least: 150, most: 2_000 };
/** The number of slots whose time until finality is remembered. */
const LAGS_KEPT = 16;
/** A slot further ahead of the latest confirmed one than this is not of this chain. */
const AHEAD_MOST = 1_000;

export function createFinality(ports: FinalityPorts): Finality {
  const { chain, ledger, pace, clock } = ports;
  /** The slots that something waits for, each with the time since when. */
  const waiting = new Map<Slot, number>();
  const lags: number[] = [];
  let finalized: Slot = 0;
  let askAtMs = Number.NEGATIVE_INFINITY;

  return {
    expect(slot) {
      const latest = ports.latestSlot();
      if (latest !== null && slot > latest + AHEAD_MOST) return;
      // A slot that is final already teaches nothing about how long that takes.
      if (!waiting.has(slot)) waiting.set(slot, slot <= finalized ? Number.NaN : clock.nowMs());
    },
    async look() {
      if (waiting.size === 0) return;
      const first = Math.min(...waiting.keys());
      if (finalized < first) {
        if (clock.nowMs() < askAtMs) return;
        finalized = Math.max(finalized, await chain.slot('finalized'));
        const soonMs = (first - finalized) * (pace.msPerSlot() ?? MS_PER_SLOT);
        askAtMs = clock.nowMs() + Math.min(ASK_MS.most, Math.max(ASK_MS.least, soonMs));
        if (finalized < first) return;
      }
      await ledger.sightings.becameFinal(finalized, clock.nowMs());
      for (const [slot, sinceMs] of waiting) {
        if (slot > finalized) continue;
        waiting.delete(slot);
        if (!Number.isNaN(sinceMs)) lags.push(clock.nowMs() - sinceMs);
      }
      lags.splice(0, lags.length - LAGS_KEPT);
      ports.onFinal(finalized);
    },
    lagMs: () => lags.toSorted((a, b) => a - b)[lags.length >> 1] ?? null,
  };
}
