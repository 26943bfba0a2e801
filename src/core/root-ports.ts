// Root ports: the port to the daily roots of the ledger.
import type { RootClaim } from './daily-root.ts';

export type DailyRoot = Omit<RootClaim, 'genesisHash'> & {
  readonly commitment: string;
  readonly madeAtMs: number;
};
/** A root with what its paths are made of. */
export type SealedDay = DailyRoot & {
  readonly secret: Uint8Array;
  /** The hashes of its leaves in ascending order. */
  readonly hashes: readonly Uint8Array[];
};
/** A leaf that a receipt may show, and the day on which it was recorded. */
export type ReceiptLeaf = { readonly of: 'accrual' | 'payment'; id: string; readonly day: string };

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
  list(page: { readonly after: string | null; readonly limit: number }): Promise<DailyRoot[]>;
  /** One day; null when it is not sealed. */
  day(day: string): Promise<SealedDay | null>;
  /** The leaves of a share's receipt whose day is sealed. */
  ofShare(shareId: string): Promise<ReceiptLeaf[]>;
};
