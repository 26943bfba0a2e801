// Watch ports: the accounts that are watched, and how far the history of each was scanned.
import type { Address, Signature, Slot } from './ids.ts';

/**
 * A source has named a transaction as one that touches watched accounts. It is true once RPC says
 * so too.
 */
export type Rumour = {
  readonly signature: Signature;
  /** The order inside the block, where an account's history tells it. */
  readonly blockIndex: number | null;
  /** The watched accounts that it is said to touch. */
  readonly accounts: readonly Address[];
  /** The slot that an account's history gives it. */
  readonly slot?: Slot | null;
  /** An account was seen changed in that very slot: it is read before all others. */
  readonly urgent?: boolean;
};
/** Who names transactions, and on what grounds. */
export type Naming = {
  readonly source: string;
  readonly nowMs: number;
  /** A webhook body is a rumour; the history of an account is RPC's own word, at a commitment. */
  readonly by: 'rumour' | 'confirmed' | 'finalized';
  /**
   * The watch-list's revision with which the account joined: what was read with an older list is
   * read again.
   */
  readonly listedRevision?: number;
  /** Read them again in any case. */
  readonly again?: boolean;
};

export const WATCH_ROLES = ['drift_user', 'agent_wallet', 'agent_token_account'] as const;
export type Watched = {
  readonly address: Address;
  readonly subscriberId: string;
  readonly role: (typeof WATCH_ROLES)[number];
};

/** A watched account, and how far it is known. */
export type WatchedRecord = Watched & {
  readonly subAccountId: number | null;
  /**
   * The last finalized slot up to which its history was scanned, and the one up to which its state
   * has proven it whole.
   */
  readonly scannedSlot: Slot;
  readonly checkedSlot: Slot | null;
  readonly hasGap: boolean;
};
export type WatchList = {
  /** Everybody's, or one subscriber's. */
  all(subscriberId?: string): Promise<Watched[]>;
  /**
   * Who has joined and which subscribers have left since a revision, and the present one; everybody
   * since -1.
   */
  since(revision: number): Promise<{
    readonly revision: number;
    readonly joined: readonly Watched[];
    readonly left: readonly string[];
  }>;
  ofSubscriber(subscriberId: string): Promise<WatchedRecord[]>;
  /** Of all accounts, or of these. */
  cursors(addresses?: readonly Address[]): Promise<Cursor[]>;
  /**
   * Notes what a scan of this account's history named, and moves its cursor from the slot where the
   * scan began to the finalized slot that it has reached: both or neither. False, and nothing is
   * written, when the cursor stands before that beginning: the database has gone back to older
   * commits, and what it then lacks must be scanned again.
   */
  scanned(
    address: Address,
    reached: { readonly from: Slot; readonly upto: Slot },
    rumours: readonly Rumour[],
    naming: Naming,
  ): Promise<boolean>;
  /**
   * Watches a sub-account, or with null a token account, that its owner made later. False when it
   * is watched already.
   */
  adopt(account: {
    address: Address;
    subscriberId: string;
    subAccountId: number | null;
    fromSlot: Slot;
    nowMs: number;
  }): Promise<boolean>;
  /** Token accounts of a subscriber that are watched, and exist as far as is known. */
  openTokenAccounts(subscriberId: string): Promise<number>;
};

/** How far an account's history was scanned. */
export type Cursor = {
  readonly address: Address;
  readonly slot: Slot;
  /** The watch-list's revision with which it joined. */
  readonly listedRevision: number;
};
