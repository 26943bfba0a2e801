// Session ports: the port to the sessions of the console, which all daemons of a ledger share.

export type StoredSession = {
  /** The Authorization header for which the session stands, sealed. */
  readonly sealed: Uint8Array;
  readonly begunMs: number;
  readonly usedMs: number;
};
/** Sessions by the SHA-256 of their cookie. */
export type SessionBook = {
  /**
   * Stores a session, and deletes those that began before a time. Of more than `most` sessions the
   * ones that were used longest ago go as well.
   */
  put(
    hash: Uint8Array,
    session: StoredSession,
    keep: { readonly most: number; readonly begunAfterMs: number },
  ): Promise<void>;
  /** The session with this hash, or null. */
  find(hash: Uint8Array): Promise<StoredSession | null>;
  /** Notes that a session was used. */
  touch(hash: Uint8Array, usedMs: number): Promise<void>;
  /** Ends a session; does nothing when there is none. */
  drop(hash: Uint8Array): Promise<void>;
};
