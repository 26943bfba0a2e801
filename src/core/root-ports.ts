// Root ports: the ports to the daily roots of the ledger, and to the memos that write them on
// chain.
import type { RootClaim } from './daily-root.ts';
import type { Signature, Slot } from './ids.ts';
import type { RootMemo } from './root-memo.ts';

export type DailyRoot = Omit<RootClaim, 'genesisHash'> & {
  readonly commitment: string;
  readonly madeAtMs: number;
};
/** The ends of a memo. `contradicted`: the chain has another commitment for the day. */
export const ROOT_MEMO_OUTCOMES = ['landed', 'failed', 'expired', 'contradicted'] as const;
export type RootMemoOutcome = (typeof ROOT_MEMO_OUTCOMES)[number];
/** A root with the memo that says most about it: the written one, else the last that was signed. */
export type ListedRoot = DailyRoot & {
  readonly memo: {
    readonly signature: Signature;
    /** Null while it is under way. */
    readonly outcome: RootMemoOutcome | null;
    readonly slot: Slot | null;
    /** The commitment that the memo names: that of the root, unless it is contradicted. */
    readonly commitment: string;
  } | null;
};
/** A root with the secret and the hashes of its leaves, from which salts and paths are computed. */
export type SealedDay = DailyRoot & {
  readonly secret: Uint8Array;
  /** The hashes of its leaves in ascending order. */
  readonly hashes: readonly Uint8Array[];
};
/** A leaf that a receipt may show, the day on which it was recorded, and its commitment. */
export type ReceiptLeaf = {
  readonly of: 'accrual' | 'payment';
  readonly id: string;
  readonly day: string;
  readonly commitment: string;
};

export type RootBook = {
  /**
   * The day that is sealed next: the one after the last, or that of the first record. Null in a
   * ledger without records.
   */
  nextDay(): Promise<string | null>;
  /** The texts of the leaves of a day, in no order. */
  leaves(day: string): Promise<string[]>;
  /** The genesis hash of the ledger's chain; null before it is known. */
  genesisHash(): Promise<string | null>;
  /** Stores a root. False when another daemon has stored one for this day. */
  keep(day: SealedDay): Promise<boolean>;
  /** Roots in the order of their days, after the given day. */
  list(page: { readonly after: string | null; readonly limit: number }): Promise<ListedRoot[]>;
  /** One day; null when it is not sealed. */
  day(day: string): Promise<SealedDay | null>;
  /** The leaves of a share's receipt whose day is sealed. */
  ofShare(shareId: string): Promise<ReceiptLeaf[]>;
};

/** A memo that was signed. */
export type SignedRootMemo = RootMemo & {
  readonly signature: Signature;
  readonly bytes: Uint8Array;
  readonly lastValidBlockHeight: number;
};
/** Stores the memos of daily roots. */
export type RootMemoBook = {
  /** The memo that was signed and has not ended; null when there is none. */
  underWay(): Promise<SignedRootMemo | null>;
  /**
   * The next day to be written: the oldest one since the first memo that is not written; where
   * there is no memo yet, the last sealed day. Null when none is due.
   */
  nextDay(): Promise<RootMemo | null>;
  /** How many memos were signed within 24 hours. */
  signedToday(): Promise<number>;
  /** Records a memo before it is sent. False when another one is under way. */
  keep(memo: SignedRootMemo): Promise<boolean>;
  /** Records the end of a memo that is under way. False when it has ended already. */
  end(
    signature: Signature,
    outcome: Exclude<RootMemoOutcome, 'contradicted'>,
    slot: Slot | null,
  ): Promise<boolean>;
  /**
   * Records a memo that a finalized block shows for a sealed day: `landed` when it names the
   * commitment of the ledger, else `contradicted`. False when the day is written already.
   */
  found(memo: RootMemo & { readonly signature: Signature; readonly slot: Slot }): Promise<boolean>;
  /**
   * How many days are written and contradicted, and how many are sealed and not written since the
   * first memo.
   */
  sums(): Promise<{
    readonly written: number;
    readonly contradicted: number;
    readonly waiting: number;
  }>;
};
