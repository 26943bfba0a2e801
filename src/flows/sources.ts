// Sources: how far each source of news has come, as numbers. A source that is switched off is not
// among them.
import type { Slot } from '../core/ids.ts';

export const SOURCES = ['webhooks', 'subscriptions', 'backfill', 'sweep'] as const;
export type Source = (typeof SOURCES)[number];
export type Progress = { readonly lastSlot: Slot | null; readonly lastMs: number | null };

export type Sources = {
  /**
   * The source has told of the chain up to this slot, or just of something when no slot is known.
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
