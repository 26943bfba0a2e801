// Sources: a slot that a node made up is neither kept nor shown as the progress of a source.
import { expect, test } from 'vitest';
import { createTip } from '../../src/core/tip.ts';
import { createSources } from '../../src/flows/sources.ts';

test('a source that was told an impossible slot shows none, and then how far the chain really is', () => {
  let now = 0;
  const tip = createTip(() => now);
  const sources = createSources(['backfill', 'sweep'], tip.canBe);
  const told = (slot: number): void => {
    now += 400;
    if (tip.believes(slot)) sources.note('backfill', slot, now);
  };
  // Nothing is known at the start, so the first answer is believed, although it is wrong.
  told(9_000_000_000);
  expect(sources.read().backfill?.lastSlot).toBe(9_000_000_000);
  told(1_000);
  told(1_001);
  told(1_002);
  expect(sources.read().backfill).toEqual({ lastSlot: 1_002, lastMs: now });
  // A subscription names a slot without asking for it.
  sources.note('sweep', 9_000_000_000, now);
  expect(sources.read().sweep).toEqual({ lastSlot: null, lastMs: now });
  told(1_010);
  told(1_005);
  expect(sources.read().backfill?.lastSlot).toBe(1_010);
});
