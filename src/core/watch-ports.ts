// Watch ports: the watched accounts, and how far the history of each was scanned.
import type { Commitment } from './fact.ts';
import type { Address, Signature, Slot } from './ids.ts';
import type { NamedBy } from './source.ts';
import type { VenueName } from './venue-name.ts';

/**
 * A claim by a source that a transaction touches watched accounts. Nothing is derived from the
 * claim before RPC has shown the transaction.
 */
export type Rumour = {
  readonly signature: Signature;
  /** The order inside the block; null when the source does not give it. */
  readonly blockIndex: number | null;
  /** The watched accounts that the transaction is said to touch. */
  readonly accounts: readonly Address[];
  /** The slot that an account's history gives for the transaction. */
  readonly slot?: Slot | null;
  /**
   * An account was seen changed in that same slot, so the transaction is read before all others.
   */
  readonly urgent?: boolean;
  /**
   * How long its reading may wait, so that it is read once, when it is final; negative: it is read
   * before rumours that came earlier. Milliseconds.
   */
  readonly waitMs?: number;
};
/** The source that names transactions, and the evidence that it has. */
export type Naming = {
  readonly source: NamedBy;
  readonly nowMs: number;
  /** `rumour` for a webhook body; for an account's history the commitment at which RPC gave it. */
  readonly by: 'rumour' | Commitment;
  /**
   * The revision of the watch-list with which the account joined. A transaction that was read with
   * an older list is read again.
   */
  readonly listedRevision?: number;
  /** Read the transactions again in any case. */
  readonly again?: boolean;
};

export const WATCH_ROLES = ['drift_user', 'agent_wallet', 'agent_token_account'] as const;
export type Watched = {
  readonly address: Address;
  readonly subscriberId: string;
  readonly role: (typeof WATCH_ROLES)[number];
  /** The venue of a `drift_user`; left out where it is the default venue. */
  readonly venue?: VenueName;
};

/**
 * The bytes of an account by which a change is noticed, in a slot. `pulse` has the bytes as latin1
 * text, which is empty where the account is absent.
 */
export type Pulse = { readonly address: Address; readonly slot: Slot; readonly pulse: string };
/**
 * An account whose history was walked to its end, with its pulse in a finalized slot before that
 * end. `atMs`: when the walk began.
 */
export type WalkedAccount = Pulse & { readonly atMs: number };

/** A watched account, and how far its history is known. */
export type ScannedAccount = Watched & {
  readonly subAccountId: number | null;
  /** The last finalized slot up to which the account's history was scanned. */
  readonly scannedSlot: Slot;
  /**
   * The slot up to which the account's state has proven that history complete; null before the
   * first check.
   */
  readonly checkedSlot: Slot | null;
  readonly hasGap: boolean;
};
export type WatchList = {
  /** The watched accounts of all subscribers, or of one. */
  all(subscriberId?: string): Promise<Watched[]>;
  /**
   * The accounts that joined and the subscribers that left since a revision, and the present
   * revision. With -1, all accounts.
   */
  since(revision: number): Promise<{
    readonly revision: number;
    readonly joined: readonly Watched[];
    readonly left: readonly string[];
  }>;
  /** The watched accounts of a subscriber. */
  ofSubscriber(subscriberId: string): Promise<ScannedAccount[]>;
  /** The cursors of all accounts, or of these. */
  cursors(addresses?: readonly Address[]): Promise<Cursor[]>;
  /**
   * Records the transactions that a scan of this account's history named, and moves its cursor from
   * the slot where the scan began to the finalized slot that it reached: both or neither. Returns
   * false and writes nothing when the cursor stands before that beginning: the database has gone
   * back to older commits, and what it then lacks must be scanned again. `walked` is given with the
   * scan that reached the end of the history.
   */
  scanned(
    address: Address,
    reached: {
      readonly from: Slot;
      readonly upto: Slot;
      readonly walked?: WalkedAccount | undefined;
    },
    rumours: readonly Rumour[],
    naming: Naming,
  ): Promise<boolean>;
  /**
   * The last walk of each account that was walked with its pulse since it joined. Accounts of
   * subscribers who have left are not among them.
   */
  walked(): Promise<WalkedAccount[]>;
  /**
   * Watches a sub-account that its owner made later, or with `subAccountId` null a token account,
   * and removes it from the accounts that are not followed: both or neither. Returns false when it
   * is watched already.
   */
  adopt(account: {
    address: Address;
    subscriberId: string;
    subAccountId: number | null;
    /** The venue of a sub-account; left out for the default venue, null for a token account. */
    venue?: VenueName | null;
    fromSlot: Slot;
    nowMs: number;
  }): Promise<boolean>;
  /** The number of a subscriber's watched accounts of a role that exist as far as is known. */
  openAccounts(subscriberId: string, role: Watched['role']): Promise<number>;
};

/** How far one account's history was scanned. */
export type Cursor = {
  readonly address: Address;
  readonly slot: Slot;
  /** The revision of the watch-list with which the account joined. */
  readonly listedRevision: number;
};

/**
 * The port that every source of signatures calls (webhook bodies, histories, streams): it notes
 * transactions with the watched accounts that they are said to touch. `flows/inspect` reads the
 * noted transactions, and treats those of all sources alike.
 */
export type SignatureSink = {
  /**
   * Notes claimed transactions, so that they are read from RPC. Those that are noted already are
   * kept.
   */
  note(rumours: readonly Rumour[], naming: Naming): Promise<void>;
};
