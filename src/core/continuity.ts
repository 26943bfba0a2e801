// Continuity: decides whether the database is still the one that was read before, with all its
// commits. A promoted replica, a restored copy and a restarted server may lack commits, while the
// money that those moved is gone.

/** The identity and position of a database. */
export type DatabaseState =
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
   * A database that does not tell its timeline. `connections` counts the connections of this
   * process that have ended.
   */
  | { readonly told: false; readonly connections: number };

/**
 * Whether commits that were seen at `before` may be missing at `after`. A database that does not
 * tell its timeline counts as gone back whenever a connection to it has ended.
 */
export function mayHaveGoneBack(before: DatabaseState, after: DatabaseState): boolean {
  if (before.told && after.told)
    return before.identity !== after.identity || after.position < before.position;
  if (!before.told && !after.told) return before.connections !== after.connections;
  return true;
}

/**
 * Finalized blocks after which no transaction that was signed before can land: the life of a
 * blockhash (150) plus the margin of a proof of death (32).
 */
export const BLOCKS_UNTIL_DEAD = 182;

/**
 * Healthy nodes of one cluster differ by fewer slots than this; a node further behind calls itself
 * unhealthy.
 */
export const SLOTS_APART_MOST = 150;
