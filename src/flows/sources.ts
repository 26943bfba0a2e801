// Sources: how far each source of news has come. A source that is switched off is not listed.
import type { Slot } from '../core/ids.ts';
import type { Source } from '../core/source.ts';

export type Progress = { readonly lastSlot: Slot | null; readonly lastMs: number | null };

export type Sources = {
  /**
   * Records that a source told of the chain up to this slot, or of a change without a known slot.
   */
  note(source: Source, slot: Slot | null, nowMs: number): void;
  read(): Readonly<Partial<Record<Source, Progress>>>;
};

/**
 * Creates the progress of these sources. `canBe` says whether the chain can have reached a slot by
 * now. A slot that it cannot have reached, or that is found later to have been a wrong answer of a
 * node, is not kept and not shown.
 */
export function createSources(enabled: readonly Source[], canBe: (slot: Slot) => boolean): Sources {
  const possible = (slot: Slot | null): Slot | null => (slot !== null && canBe(slot) ? slot : null);
  const progress = new Map<Source, Progress>(
    enabled.map((each) => [each, { lastSlot: null, lastMs: null }]),
  );
  return {
    note(source, slot, nowMs) {
      const known = progress.get(source);
      if (known === undefined) return;
      const [told, before] = [possible(slot), possible(known.lastSlot)];
      const lastSlot = told === null || before === null ? (told ?? before) : Math.max(told, before);
      progress.set(source, { lastSlot, lastMs: nowMs });
    },
    read: () =>
      Object.fromEntries(
        [...progress].map(([source, { lastSlot, lastMs }]) => [
          source,
          { lastSlot: possible(lastSlot), lastMs },
        ]),
      ),
  };
}
