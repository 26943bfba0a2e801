// Check ports: what the ledger keeps of account states that were held against the facts, and of the
// differences that no fact explains.
import type { Address, Signature, Slot } from './ids.ts';
import type { Perhaps } from './perhaps.ts';
import type { AccountState, Counters } from './reckoning.ts';
import type { Cursor, Watched } from './watch-ports.ts';

/** Account state against facts; see core/reckoning.ts. All slots are finalized. */
export type AccountCheck = Watched & {
  readonly cursor: Cursor;
  readonly baseline: AccountState | null;
  readonly candidate: AccountState | null;
  readonly unexplained: Counters | null;
};

export type Gap = {
  readonly address: Address;
  readonly subscriberId: string;
  readonly difference: Counters;
  readonly sinceMs: number;
};

export type Checks = {
  /** Accounts without a baseline, with facts beyond it, with a state that waits, or with a gap. */
  due(limit: number, nowMs: number): Promise<AccountCheck[]>;
  find(addresses: readonly Address[]): Promise<AccountCheck[]>;
  begin(account: Watched, state: AccountState): Promise<void>;
  propose(address: Address, state: AccountState): Promise<void>;
  /**
   * Sums of finalized facts above one slot up to another, and what those facts leave open;
   * `settled` when no transaction that its own history named up to there, and none that was read at
   * confirmed, is still to be read as final. Those that no node gives, by the time given, do not
   * count for that: they are `unreadable`.
   */
  told(
    address: Address,
    afterSlot: Slot,
    uptoSlot: Slot,
    nowMs?: number,
  ): Promise<{
    told: Counters;
    perhaps: Perhaps;
    unknowns: number;
    settled: boolean;
    unreadable: readonly Signature[];
    /** The last slot in between in which the account was heard to be deleted. */
    deletedSlot: Slot | null;
  }>;
  /**
   * Tokens of this mint that left a Drift account in between, less those that came; null when not
   * every movement could be read, or another token moved. Deposits are known in USD, and count for
   * a thousandth more.
   */
  movedOut(
    address: Address,
    mint: Address,
    afterSlot: Slot,
    uptoSlot: Slot,
  ): Promise<bigint | null>;
  /** Forgets the state that waits: it cannot be right. */
  discard(address: Address): Promise<void>;
  /** It was looked at, and not everything up to the candidate is read. */
  wait(address: Address): Promise<void>;
  /**
   * The realised total that facts explain: of the baseline, and of everything heard since,
   * confirmed or final. Null without a baseline, or while a transaction is not understood.
   */
  realised(address: Address): Promise<bigint | null>;
  /**
   * Everything up to the candidate is accounted for: it becomes the baseline. What no node gives
   * raises no doubt of the account any more; when one of those was read meanwhile, nothing is done.
   */
  advance(account: AccountCheck, unreadable?: readonly Signature[]): Promise<void>;
  /**
   * As `advance`, and records profit that only the state proves, at the last unknown transaction.
   */
  reckon(account: AccountCheck, netPnl: bigint, unreadable?: readonly Signature[]): Promise<void>;
  /** The candidate is not explained. Returns whether that is news. */
  gap(address: Address, difference: Counters, nowMs: number): Promise<boolean>;
  /** A person takes the state for right as it is. False when nothing about the account is open. */
  accept(address: Address, state: AccountState): Promise<boolean>;
  gaps(): Promise<Gap[]>;
  /** Subscribers none of whose venue accounts exists. */
  absent(): Promise<string[]>;
  /** The pulse of every baseline. */
  pulses(): Promise<{ address: Address; slot: Slot; pulse: string }[]>;
};
