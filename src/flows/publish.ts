// Publish: applies changes of standings to the roster in the order of the ledger's gapless
// revisions, made by any daemon, and passes them to every reader of the stream in that order. A
// notification only says when to look; the ledger says what changed.
import type { Ledger, Log } from '../core/ports.ts';
import type { Doubt, Roster } from '../core/roster.ts';
import type { Mark, RosterChange } from '../core/roster-entry.ts';

export type Reader = {
  /** Takes one change, in the order of revisions. */
  change(entry: RosterChange): void;
  /** Takes a doubt about a subscriber that has just begun. */
  doubt(subscriberId: string, doubt: Doubt): void;
  /** Called when the state of the daemon's view should be sent. */
  beat(): void;
  /**
   * Called when everything sent before is void: the reader must connect again and read the whole
   * roster anew.
   */
  end(): void;
};
export type Publisher = {
  /** Reads the whole roster anew. */
  hydrate(): Promise<void>;
  /**
   * After the ledger has gone back: reads the whole roster anew, and then ends every reader so that
   * it does the same. While the roster cannot be read, each `pull` tries again and returns false,
   * so that the gate soon answers `unknown`. Never rejects.
   */
  restart(): Promise<void>;
  /**
   * Reads and publishes the changes since the last one. False when the ledger could not be read.
   * Never rejects.
   */
  pull(): Promise<boolean>;
  /** Sends every reader a doubt that has just begun; beats repeat it while it lasts. */
  doubt(subscriberId: string, doubt: Doubt): void;
  /** Sends a beat to every reader. */
  beat(): void;
  /**
   * Adds a reader of changes from now on; earlier changes are in the roster. Returns a function
   * that removes it.
   */
  subscribe(reader: Reader): () => void;
  readonly revision: bigint;
  /** The mark of the last change that is in the roster. */
  readonly mark: Mark;
  readonly readers: number;
};

const BATCH = 1_000;

/** Creates the publisher. The roster is empty until `hydrate`. */
export function createPublisher(ports: { ledger: Ledger; roster: Roster; log: Log }): Publisher {
  const { ledger, roster, log } = ports;
  const readers = new Set<Reader>();
  let mark: Mark = { revision: 0n, nonce: null };
  /** Whether the roster holds what the ledger has lost, and must be read anew. */
  let lost = false;
  let pulling: Promise<boolean> | null = null;
  let again = false;

  const hydrate = async (): Promise<void> => {
    const { add, done } = roster.hydration();
    mark = await ledger.standings.roster(add);
    done();
  };
  const read = async (): Promise<void> => {
    for (;;) {
      const changes = lost ? null : await ledger.standings.changesSince(mark, BATCH);
      if (changes === null) {
        // Postgres failed over to a standby that was behind, or was restored: revisions are given
        // out again.
        const held = mark.revision;
        lost = false;
        await hydrate().catch((thrown: unknown) => {
          lost = true;
          throw thrown;
        });
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
    // One read at a time. A call during a read causes one more read after it, and returns that
    // read's result.
    if (pulling !== null) {
      again = true;
      return pulling;
    }
    // The promise never rejects: a caller that shares it may not await it, and an unhandled
    // rejection would end the process.
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
      lost = true;
      await pull();
    },
    doubt(subscriberId, doubt) {
      for (const reader of readers) reader.doubt(subscriberId, doubt);
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
