// Options: what a simulated history is given, and what it tells of itself.
import type { Chain } from '../../src/core/chain-ports.ts';
import type { Ledger } from '../../src/core/ports.ts';
import type { Pen } from '../../src/core/signing-ports.ts';
import type { Paid, SimBooks } from './books.ts';
import type { SimChain } from './chain/chain.ts';
import type { Mood } from './chain/moods.ts';

export type Outcome = Paid & {
  readonly seed: number;
  readonly steps: number;
  readonly kills: number;
  readonly forks: number;
  /** How often the database has gone back. */
  readonly losses: number;
  /** How many payments were signed by more than one route. */
  readonly rerouted: number;
};

/** A fault put in on purpose, to see that it is caught. */
export type Sabotage = {
  readonly ledger?: (ledger: Ledger, books: SimBooks) => Ledger;
  readonly chain?: (chain: Chain) => Chain;
  readonly pen?: (pen: Pen, chain: SimChain) => Pen;
  /** Done to the books at the beginning. */
  readonly prepare?: (books: SimBooks) => void;
  /** Something that happens to the books now and then. */
  readonly meddle?: (books: SimBooks) => void;
};

export type SimOptions = {
  /** Keeps stack traces, at a price. */
  readonly traces?: boolean;
  /** Conditions of nodes beside those of every history. */
  readonly moods?: readonly Mood[];
  /** What keeps payments apart. With `both` each daemon that is started draws its own. */
  readonly guard?: 'blockhash' | 'nonce' | 'both';
};
