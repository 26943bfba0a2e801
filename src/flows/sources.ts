// Sources: how far each source of news has come. A source that is switched off is not listed.
import type { Slot } from '../core/ids.ts';

export const SOURCES = ['webhooks', 'subscriptions', 'backfill', 'sweep'] as const;
export type Source = (typeof SOURCES)[number];
export type Progress = { readonly lastSlot: Slot | null; readonly lastMs: number | null };

export type Sources = {
  /**
   * Records that a source told of the chain up to this slot, or of a change without a known slot.
   */
  note(source: Source, slot: Slot | null, nowMs: number): void;
  read(): Readonly<Partial<Record<Source, Progress>>>;
};

export function createSources(enabled: readonly Source[]): Sources {
  const progress = new Map<Source, Progress>(
    enabled.map((each) => [each, { lastSlot: null, lastMs: null }]),
  );
  return {
    note(source, slot, nowMs) {
      const known = progress.get(source);
      if (known === undefined) return;
      const lastSlot = slot === null ? known.lastSlot : Math.max(slot, known.lastSlot ?? 0);
      progress.set(source, { lastSlot, lastMs: nowMs });
    },
    read: () => Object.fromEntries(progress),
  };
}
