// Check ports: the port to the account states that were compared with the facts, and to the
// differences that no fact explains.
import type { Held, Notice } from './fact.ts';
import type { Holding } from './hidden-loss.ts';
import type { Address, Signature, Slot } from './ids.ts';
import type { Perhaps } from './perhaps.ts';
import type { AccountState, Counters, Told } from './reckoning.ts';
import type { Cursor, Pulse, Watched } from './watch-ports.ts';

/** An account's state compared with its facts; see core/reckoning.ts. All slots are finalized. */
export type AccountCheck = Watched & {
  readonly cursor: Cursor;
  readonly baseline: AccountState | null;
  readonly candidate: AccountState | null;
  readonly unexplained: Counters | null;
};

export type Explained = {
  /** The realised total without funding, in quote base units. */
  readonly traded: bigint;
  /**
   * The positions that the account must still have, because an `unknown` transaction may have
   * traded; null where its positions need not be compared.
   */
  readonly positions: readonly Held[] | null;
};

export type Gap = {
  readonly address: Address;
  readonly subscriberId: string;
  readonly difference: Counters;
  readonly sinceMs: number;
};

/** The finalized facts of an account above one slot up to another. */
export type ToldStretch = {
  readonly told: Told;
  readonly perhaps: Perhaps;
  /** The number of facts in the sums. */
  readonly tallies: number;
  readonly unknowns: number;
  /**
   * The time of the block of the first `unknown` fact that may have traded, or of the first one
   * where none may; null without any, and where no node told the time.
   */
  readonly hiddenSinceMs: number | null;
  readonly complete: boolean;
  readonly unreadable: readonly Signature[];
  /** The last slot in between in which the account was heard to be deleted. */
  readonly deletedSlot: Slot | null;
};

export type Checks = {
  /**
   * Accounts to check: without a baseline, with facts beyond it, with a candidate, or with a gap.
   * `parts` are the parts of the watch-list (hearing-share.ts) to which they belong; null or left
   * out for all.
   */
  due(limit: number, nowMs: number, parts?: readonly number[] | null): Promise<AccountCheck[]>;
  /** The checks of these accounts; accounts that were never read are left out. */
  find(addresses: readonly Address[]): Promise<AccountCheck[]>;
  /**
   * Makes a finalized state the first baseline. `seenSlot`: the confirmed slot in which the account
   * existed although that state lacks it; null otherwise.
   */
  begin(account: Watched, state: AccountState, seenSlot?: Slot | null): Promise<void>;
  /**
   * Stores a finalized state after the baseline as the candidate that is checked next. Does nothing
   * while there is one.
   */
  propose(address: Address, state: AccountState): Promise<void>;
  /**
   * Sums of the finalized facts above one slot up to another, and what they leave open. `complete`:
   * every transaction up to there that the account's history named, or that was read at confirmed,
   * has been read as final. Transactions that no node has returned by `nowMs` are not waited for:
   * they are listed in `unreadable`.
   */
  told(address: Address, afterSlot: Slot, uptoSlot: Slot, nowMs?: number): Promise<ToldStretch>;
  /**
   * Base units of this mint that left a Drift account in between, less those that came in. A loss
   * of a swap counts as left, because a swap is no trading. Null when a movement could not be read,
   * or another token moved. Facts of an earlier release know deposits in USD only, and these count
   * for a thousandth more.
   */
  movedOut(
    address: Address,
    mint: Address,
    afterSlot: Slot,
    uptoSlot: Slot,
  ): Promise<bigint | null>;
  /** Drops the candidate, because it cannot be right. */
  discard(address: Address): Promise<void>;
  /**
   * Notes that the account was checked while transactions up to the candidate are still to be read.
   */
  wait(address: Address): Promise<void>;
  /**
   * The realised total and the positions of an account to which its baseline and all later facts,
   * confirmed or final, add up.
   * Null without a baseline, and while an `unknown` transaction may have traded and a position was
   * opened or closed since the baseline, or the baseline tells no positions.
   */
  explained(address: Address): Promise<Explained | null>;
  /**
   * Makes the candidate the baseline, because everything up to it is accounted for. Ends the doubt
   * that the `unreadable` transactions cast on the account. Does nothing when one of them was read
   * meanwhile.
   */
  advance(account: AccountCheck, unreadable?: readonly Signature[]): Promise<void>;
  /**
   * As `advance`, and records a reckoning of `netPnl` at the last unknown transaction. `found` are
   * the facts from which it was computed, as `told` gave them at `nowMs`. False, with nothing
   * changed, when the ledger tells other facts or other states by now. `lost` is recorded beside
   * the reckoning, behind all other facts of the transaction.
   */
  reckon(
    account: AccountCheck,
    netPnl: bigint,
    found: ToldStretch,
    nowMs?: number,
    lost?: Notice | null,
  ): Promise<boolean>;
  /**
   * The changes of positions that the opens and closes of an account tell, final ones above one
   * slot up to another; one for each market.
   */
  recorded(account: Address, afterSlot: Slot, uptoSlot: Slot): Promise<readonly Holding[]>;
  /**
   * Records a difference between baseline and candidate that the facts do not explain, and drops
   * the candidate. Returns whether there was none before. Null, with nothing changed, when another
   * daemon or a person has changed one of the two states meanwhile.
   */
  gap(account: AccountCheck, difference: Counters, nowMs: number): Promise<boolean | null>;
  /**
   * Makes a state the baseline because a person accepts it. False, with nothing changed, when the
   * account has no baseline, or when nothing about it was open.
   */
  accept(address: Address, state: AccountState): Promise<boolean>;
  /**
   * Lists the accounts with a difference that no fact explains, of subscribers who have not left;
   * oldest first.
   */
  gaps(): Promise<Gap[]>;
  /**
   * Subscribers of whose venue accounts none exists: all are missing, as `missing` says.
   */
  absent(): Promise<string[]>;
  /**
   * The venue accounts of a subscriber that do not exist. An account is missing when its baseline
   * and its newest state lack it, and nothing shows that it was made after that state: neither the
   * confirmed slot in which it was seen first, nor a fact. A candidate that lacks an account of the
   * baseline may come from a node with wrong data, and is not believed before it was checked.
   */
  missing(subscriberId: string): Promise<ReadonlySet<Address>>;
  /** The pulse of every baseline. */
  pulses(): Promise<Pulse[]>;
};
