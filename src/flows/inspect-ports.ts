// Inspect ports: the ports and options of inspect.ts and absence.ts, and the waits that they share.
import type { Chain } from '../core/chain-ports.ts';
import type { Fact } from '../core/fact.ts';
import type { Clock, Ledger, Log } from '../core/ports.ts';
import type { ChainTransaction } from '../core/transaction.ts';
import type { Venues } from '../core/venue.ts';
import type { SetAside } from './aside.ts';
import type { WatchedAccounts } from './watched.ts';

export type InspectPorts = {
  readonly ledger: Ledger;
  readonly chain: Chain;
  readonly venues: Venues;
  readonly watched: WatchedAccounts;
  readonly aside: SetAside;
  readonly clock: Clock;
  readonly log: Log;
  /** Watches accounts of the same owner that facts name; true when there were new ones. */
  readonly adopt: (facts: readonly Fact[], transaction: ChainTransaction) => Promise<boolean>;
  /**
   * Called with facts that have just become final, each once however often its transaction is read,
   * and with that transaction.
   */
  readonly onFacts: (facts: readonly Fact[], transaction: ChainTransaction) => void;
  /** Called with each transaction that was read as final. */
  readonly onFinal: (transaction: ChainTransaction) => void;
  /**
   * How long the chain takes now to make a transaction final, in milliseconds; null when that is
   * not known.
   */
  readonly finalByMs: () => number | null;
  /** Called for each transaction that was read: RPC gives its slot and its keys. */
  readonly onRead: (transaction: ChainTransaction, source: string) => void;
};

export type InspectOptions = {
  /** The time after a confirmed reading at which the finalized one is tried. */
  readonly finalityMs: number;
  /** The number of transactions that are read side by side. */
  readonly readsAtOnce: number;
  /** Whether the ledger records the readings before others; left out, it does not. */
  readonly ahead?: boolean;
};

/** The waits when a node may not have a transaction yet that another node has confirmed. */
export const NOT_YET = { firstMs: 250, mostMs: 30_000 };

/**
 * The finalized tip must have passed a transaction's slot by this many slots before its absence
 * means anything.
 */
export const FINALIZED_SOON_SLOTS = 64;
