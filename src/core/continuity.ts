// Continuity: whether the database is still the one that was read before, with everything that was
// committed to it. A replica that was promoted, a copy that was restored and a server that was
// started anew may lack commits; the money that they moved is gone all the same.

/** Where a database stands. */
export type LedgerMark =
  | {
      readonly told: true;
      /**
       * System identifier, timeline, database, file of the payment table and start of the server,
       * as one text.
       */
      readonly identity: string;
      /** Position in the write-ahead log, in bytes. */
      readonly position: bigint;
    }
  /**
   * A database that does not tell its timeline: `connections` is how many of this process have
   * ended.
   */
  | { readonly told: false; readonly connections: number };

/**
 * Whether commits that were seen at `before` may be missing at `after`. A database that does not
 * tell its timeline counts as gone back whenever a connection to it has ended.
 */
export function mayHaveGoneBack(before: LedgerMark, after: LedgerMark): boolean {
  if (before.told && after.told)
    return before.identity !== after.identity || after.position < before.position;
  if (!before.told && !after.told) return before.connections !== after.connections;
  return true;
}

/**
 * Finalized blocks after which nothing can land that was signed before: a blockhash's life and the
 * margin of a proof of death.
 */
export const BLOCKS_UNTIL_DEAD = 182;
