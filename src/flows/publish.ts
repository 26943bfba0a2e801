// Publish: the roster follows the ledger by its gapless revisions, whichever daemon made them, and
// every reader of the stream is told in that order. A notification only says when to look; the
// ledger says what changed.
import type { Ledger, Log } from '../core/ports.ts';
import type { Mark, Roster, RosterChange } from '../core/roster.ts';

export type Reader = {
  /** One change, in the order of revisions. */
  change(entry: RosterChange): void;
  /** What may be vouched for, and as of when. */
  beat(): void;
  /** What was told counts no more: the reader has to come back and be told everything. */
  end(): void;
};
export type Publisher = {
  /** Reads everything anew. */
  hydrate(): Promise<void>;
  /**
   * The ledger has gone back: reads everything anew, and sends every reader away to do the same.
   */
  restart(): Promise<void>;
  /**
   * Reads and publishes what changed since. False when the ledger could not be read. Never rejects.
   */
  pull(): Promise<boolean>;
  /** Tells every reader that time passes. */
  beat(): void;
  /** From now on; what was before is in the roster. Returns how to stop. */
  subscribe(reader: Reader): () => void;
  readonly revision: bigint;
  /** The last change that is in the roster. */
  readonly mark: Mark;
  readonly readers: number;
};

const BATCH = 1_000;

export function createPublisher(ports: { ledger: Ledger; roster: Roster; log: Log }): Publisher {
  const { ledger, roster, log } = ports;
  const readers = new Set<Reader>();
  let mark: Mark = { revision: 0n, nonce: null };
  let pulling: Promise<boolean> | null = null;
  let again = false;

  const hydrate = async (): Promise<void> => {
    const { add, done } = roster.hydration();
    mark = await ledger.standings.roster(add);
    done();
  };
  const read = async (): Promise<void> => {
    for (;;) {
      const changes = await ledger.standings.changesSince(mark, BATCH);
      if (changes === null) {
        // Postgres failed over to a standby that was behind, or was restored. Revisions are given
        // out again.
        const held = mark.revision;
        await hydrate();
        log.error('roster.lineage_broken', { held, revision: mark.revision });
        for (const reader of readers) reader.end();
        return;
      }
      for (const entry of changes) {
        roster.apply(entry);
        mark = { revision: entry.revision, nonce: entry.nonce };
        for (const reader of readers) reader.change(entry);
      }
      if (changes.length < BATCH) return;
    }
  };
  const pull = async (): Promise<boolean> => {
    // One read at a time. A call during a read has one more read made after it, and shares its
    // result.
    if (pulling !== null) {
      again = true;
      return pulling;
    }
    // Never rejects: a caller that shares this promise may not await it, and an unhandled rejection
    // would end the process.
    pulling = (async () => {
      try {
        do {
          again = false;
          await read();
        } while (again);
        return true;
      } catch (thrown) {
        log.warn('roster.refresh_failed', { err: thrown });
        return false;
      } finally {
        pulling = null;
      }
    })();
    return pulling;
  };
  return {
    pull,
    hydrate,
    async restart() {
      try {
        await hydrate();
      } catch (thrown) {
        log.warn('roster.refresh_failed', { err: thrown });
      }
      for (const reader of readers) reader.end();
    },
    beat() {
      for (const reader of readers) reader.beat();
    },
    subscribe(reader) {
      readers.add(reader);
      return () => void readers.delete(reader);
    },
    get revision() {
      return mark.revision;
    },
    get mark() {
      return mark;
    },
    get readers() {
      return readers.size;
    },
  };
}
