// Fact: one thing that happened on chain to a watched account. It is keyed by where it stands on
// the chain, never by how it was heard, so that hearing it twice, late or from another source
// changes nothing.
import type { Address, Signature, Slot } from './ids.ts';
import type { BaseUnits } from './money.ts';

/**
 * A place on the chain. `blockIndex` is null when no source has told the order inside the slot yet.
 */
export type ChainPosition = {
  readonly slot: Slot;
  readonly blockIndex: number | null;
  /** Ordinal of the event inside its transaction, in execution order. */
  readonly ordinal: number;
  /**
   * The transaction, where the place is compared with others: two facts of one transaction always
   * have an order.
   */
  readonly signature?: Signature;
};

/**
 * `confirmed`: a supermajority has voted; it may still be dropped. `finalized`: it stays.
 * `withdrawn`: it was heard, and then the fork that held it was dropped.
 */
export type Finality = 'confirmed' | 'finalized' | 'withdrawn';

/**
 * A perp position got smaller, closed or flipped. Amounts are quote base units unless said
 * otherwise.
 */
export type Close = {
  readonly kind: 'close';
  readonly market: number;
  readonly side: 'taker' | 'maker';
  /** The direction of the position that was reduced. */
  readonly position: 'long' | 'short';
  readonly cause: 'trade' | 'liquidation' | 'expiry' | 'transfer';
  /**
   * Base filled in all, in 1e9 units; more than `baseClosed` when the fill flipped the position.
   */
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

/**
 * A perp position got larger, or was opened: by a fill that reduced nothing, or by what a flip had
 * left over.
 */
export type Open = {
  readonly kind: 'open';
  readonly market: number;
  readonly position: 'long' | 'short';
  /** Base that was added, in 1e9 units. */
  readonly base: bigint;
  /**
   * Quote exchanged for `base`: what it is worth when nothing changes. Null in facts of an earlier
   * release.
   */
  readonly quote: BaseUnits | null;
  /**
   * The part of the fill's fee that belongs to the opening; negative for a maker's rebate. Null as
   * above.
   */
  readonly fee: BaseUnits | null;
  readonly fillRecordId: bigint;
};

/**
 * How value left. `transfer` stays with the same owner, and is followed. `swap` is what a swap with
 * the venue's tokens took into a token account that is not the agent's and did not give back.
 */
export const ROUTES = [
  'withdraw',
  'isolated_withdraw',
  'transfer',
  'swap',
  'foreign_deposit',
  'token_transfer',
  'token_handover',
  'sol_transfer',
  'sol_handover',
  'network_fee',
] as const;

/**
 * Whose doing an outflow was. `agent`: the agent signed. `appointed`: it did not, and the program
 * that keeps the value lets nobody else take it but a delegate or a closing authority that the
 * agent appointed. `none`: the transaction proves neither, and only a signer whom the agent is
 * known to have appointed makes it the agent's.
 */
export const CONSENTS = ['agent', 'appointed', 'none'] as const;

/** Value left the subscriber's Drift account or agent wallet. */
export type Outflow = {
  readonly kind: 'outflow';
  readonly route: (typeof ROUTES)[number];
  /** Token base units; lamports where the mint is null and the route is one of SOL. */
  readonly amount: BaseUnits;
  /** Null for SOL, wrapped or not, and where no token balance of the transaction tells. */
  readonly mint: Address | null;
  readonly decimals: number | null;
  readonly destination: Address | null;
  /** Who owns the destination: of a token account its owner, else the destination itself. */
  readonly owner: Address | null;
  /** True when it ended in another account of the same subscriber. */
  readonly internal: boolean;
  /**
   * SOL, or a mint that the venue has a market of. Other tokens can be made by anybody, and are
   * worth nothing here.
   */
  readonly ofValue: boolean;
  readonly consent: (typeof CONSENTS)[number];
  /** Who signed, where the consent is `none`; else empty. */
  readonly signers: readonly Address[];
  /** Quote base units at the record's oracle price; null when no record tells a price. */
  readonly usd: BaseUnits | null;
  /**
   * The payment of ours that a memo of the transaction names; absent without one. The ledger may
   * have lost that payment.
   */
  readonly paymentId?: string;
  /**
   * Of USDC: the lamports that the same transaction brought the subscriber; absent when it brought
   * none.
   */
  readonly brought?: bigint;
};

/**
 * What the records of one transaction say that the counters of one account changed by. Account
 * state must agree with their sum: that is how Bailiff knows that it has heard everything. Units:
 * see each.
 */
export type Tally = {
  readonly kind: 'tally';
  /**
   * Change of T, the account's realised total: PnL of closes, less all fees, plus funding. Quote
   * base units.
   */
  readonly realised: bigint;
  /** The part of `realised` that is funding. */
  readonly funding: bigint;
  /** Change of `total_deposits` and `total_withdraws`: USD in 1e6, of every spot market. */
  readonly deposits: bigint;
  readonly withdraws: bigint;
  /** Change of a token account's amount. */
  readonly tokens: bigint;
  /**
   * Quote base units that `realised` may have changed by beside, each as a whole or not at all: a
   * referral reward whose record does not say whose it is, a keeper's reward that finds no free
   * position slot.
   */
  readonly perhaps?: readonly bigint[];
  /** Flat fees of keepers that the account may have paid while the record tells them as 0. */
  readonly untoldFees?: number;
};

/**
 * The transaction did something to the account that its records do not tell: the account's own
 * state has to.
 */
export type Unknown = {
  readonly kind: 'unknown';
  readonly why:
    | 'log_truncated'
    | 'record_broken'
    | 'older_record'
    | 'unknown_market'
    | 'unreadable';
  /**
   * Place of the last call that may have traded for the account: profit came there, if any; null
   * when none may have.
   */
  readonly tradedAt: number | null;
  /**
   * Quote tokens that came into the account, by its instructions; null when they do not tell,
   * because it swapped, say. Left out where nothing came. What went out is an outflow.
   */
  readonly deposited?: BaseUnits | null;
};

/** Profit that account state proves and no record tells: the transaction was `unknown`. */
export type Reckoning = {
  readonly kind: 'reckoning';
  /** PnL of the closes less all fees, funding left out. */
  readonly netPnl: BaseUnits;
  /** The account's state at these two finalized slots is what proves it. */
  readonly afterSlot: Slot;
  readonly uptoSlot: Slot;
  /** What the account held at the latter; null where it was not asked. */
  readonly held: readonly Held[] | null;
};

/** A position as account state tells it: base in 1e9, negative when short. */
export type Held = {
  readonly market: number;
  readonly base: bigint;
  /**
   * The venue's entry value of all of it, never negative; null in states that an earlier release
   * kept.
   */
  readonly entry: BaseUnits | null;
};

export const NOTICES = [
  // Losses that need judgement: suspicions, each with its evidence.
  'off_price_fill',
  'swap_loss',
  'liquidated',
  'builder_fee',
  'position_transfer',
  // Control over the account or the wallet changed.
  'sub_account_seen',
  'user_deleted',
  'delegate_changed',
  'margin_trading_changed',
  'pool_changed',
  'builder_approved',
  'isolated_transfer',
  'delegate_transfers_changed',
  'equity_floor_changed',
  'equity_breaker_tripped',
  'token_approved',
  'token_authority_changed',
  // An instruction that this release does not know was given the account by the program that keeps
  // it.
  'unknown_call',
] as const;

/**
 * Something that moved no value out by itself, and that a person or a later rule may need to know.
 */
export type Notice = {
  readonly kind: 'notice';
  readonly what: (typeof NOTICES)[number];
  /** Whose: the counterparty, the new delegate, the builder, the sub-account. */
  readonly who: Address | null;
  /** What it is worth or allows, in the unit that `detail` names. */
  readonly amount: bigint | null;
  readonly detail: string;
};

export type FactBody = Open | Close | Outflow | Tally | Unknown | Reckoning | Notice;

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
 * Orders two places on the chain: negative when `a` came first. Zero when the order cannot be told:
 * inside one slot, in two transactions of which one does not know its index in the block. Inside
 * one transaction the ordinal always tells. The order is partial: it must not be given to a sort of
 * more than one slot's events without care.
 */
export function comparePositions(a: ChainPosition, b: ChainPosition): number {
  if (a.slot !== b.slot) return a.slot - b.slot;
  if (a.signature !== undefined && a.signature === b.signature) return a.ordinal - b.ordinal;
  if (a.blockIndex === null || b.blockIndex === null) return 0;
  return a.blockIndex - b.blockIndex || a.ordinal - b.ordinal;
}
