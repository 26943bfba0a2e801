// Fact: one thing that happened on chain to a watched account. It is keyed by where it stands on the chain,
// never by how it was heard, so that hearing it twice, late or from another source changes nothing.
import type { Address, Signature, Slot } from './ids.ts';
import type { BaseUnits } from './money.ts';

/** A place on the chain. `blockIndex` is null when no source has told the order inside the slot yet. */
export type ChainPosition = {
  readonly slot: Slot;
  readonly blockIndex: number | null;
  /** Ordinal of the event inside its transaction, in execution order. */
  readonly ordinal: number;
};

/**
 * `confirmed`: a supermajority has voted; it may still be dropped. `finalized`: it stays.
 * `withdrawn`: it was heard, and then the fork that held it was dropped.
 */
export type Finality = 'confirmed' | 'finalized' | 'withdrawn';

/** A perp position got smaller, closed or flipped. Amounts are quote base units unless said otherwise. */
export type Close = {
  readonly kind: 'close';
  readonly market: number;
  readonly side: 'taker' | 'maker';
  /** The direction of the position that was reduced. */
  readonly position: 'long' | 'short';
  readonly cause: 'trade' | 'liquidation' | 'expiry' | 'transfer';
  /** Base filled in all, in 1e9 units; more than `baseClosed` when the fill flipped the position. */
  readonly baseFilled: bigint;
  /** Base that reduced the position, in 1e9 units. */
  readonly baseClosed: bigint;
  /** Quote exchanged for `baseClosed`. */
  readonly proceeds: BaseUnits;
  /** Entry value of `baseClosed`, from the record's `existing_quote_entry_amount`. */
  readonly entry: BaseUnits;
  readonly grossPnl: BaseUnits;
  /** The part of the fill's fee that belongs to the close; negative for a maker's rebate. */
  readonly fee: BaseUnits;
  readonly netPnl: BaseUnits;
  readonly fillRecordId: bigint;
  /** PRICE precision, 1e6. */
  readonly oraclePrice: bigint;
  readonly counterparty: Address | null;
};

/** Value left the subscriber's Drift account or agent wallet. */
export type Outflow = {
  readonly kind: 'outflow';
  readonly route: 'withdraw' | 'token_transfer';
  /** Token base units. */
  readonly amount: BaseUnits;
  /** Null when no token balance of the transaction tells. */
  readonly mint: Address | null;
  readonly decimals: number | null;
  readonly destination: Address | null;
  /** True when it ended in another account of the same subscriber. */
  readonly internal: boolean;
};

export type FactBody = Close | Outflow;

/** A fact as read from one transaction, before it is recorded. */
export type Fact = {
  readonly subscriberId: string;
  /** The watched account it happened to: a Drift user, or the agent's token account. */
  readonly account: Address;
  readonly signature: Signature;
  readonly position: ChainPosition;
  readonly body: FactBody;
};

/**
 * Orders two places on the chain: negative when `a` came first. Zero when the order cannot be told,
 * which is the case inside one slot as long as one side does not know its index in the block.
 */
export function comparePositions(a: ChainPosition, b: ChainPosition): number {
  if (a.slot !== b.slot) return a.slot - b.slot;
  if (a.blockIndex === null || b.blockIndex === null) return 0;
  return a.blockIndex - b.blockIndex || a.ordinal - b.ordinal;
}
