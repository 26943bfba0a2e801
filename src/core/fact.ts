// Fact: one thing that happened on chain to a watched account. A fact is keyed by its place on the
// chain, not by how it was heard, so that hearing it twice, late or from another source changes
// nothing.
import type { FundingPayment } from './funding-payment.ts';
import type { Address, Signature, Slot } from './ids.ts';
import type { BaseUnits } from './money.ts';

/** A place on the chain; `blockIndex` is null while no source has told the order in the slot. */
export type ChainPosition = {
  readonly slot: Slot;
  readonly blockIndex: number | null;
  /** Ordinal of the fact inside its transaction, in execution order. */
  readonly ordinal: number;
  /** The transaction's signature, where places are compared: its facts always have an order. */
  readonly signature?: Signature;
};

/**
 * `confirmed`: a supermajority has voted; the fact may still be dropped. `finalized`: the fact
 * stays. `withdrawn`: the fork that held the fact was dropped.
 */
export const FINALITIES = ['confirmed', 'finalized', 'withdrawn'] as const;
export type Finality = (typeof FINALITIES)[number];
/** The commitments at which transactions are read. */
export const COMMITMENTS = ['confirmed', 'finalized'] as const;
export type Commitment = (typeof COMMITMENTS)[number];

/** The directions of a perp position. */
export const DIRECTIONS = ['long', 'short'] as const;
export type Direction = (typeof DIRECTIONS)[number];
/** The ways in which a fill that reduces a position comes about. */
export const CLOSE_CAUSES = ['trade', 'liquidation', 'expiry', 'transfer'] as const;

/**
 * A perp position was reduced, closed or flipped. Amounts are quote base units unless said
 * otherwise.
 */
export type Close = {
  readonly kind: 'close';
  readonly market: number;
  readonly side: 'taker' | 'maker';
  /** The direction of the position that was reduced. */
  readonly position: Direction;
  readonly cause: (typeof CLOSE_CAUSES)[number];
  /**
   * All base of the fill, in 1e9 units; more than `baseClosed` when the fill flipped the position.
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
 * A perp position was opened or increased: by a fill that reduced nothing, or by the rest of a
 * flip.
 */
export type Open = {
  readonly kind: 'open';
  readonly market: number;
  readonly position: Direction;
  /** Base that was added, in 1e9 units. */
  readonly base: bigint;
  /**
   * Quote exchanged for `base`: the entry value of the opening. Null in facts of an earlier
   * release.
   */
  readonly quote: BaseUnits | null;
  /**
   * The part of the fill's fee that belongs to the opening; negative for a maker's rebate. Null in
   * facts of an earlier release.
   */
  readonly fee: BaseUnits | null;
  readonly fillRecordId: bigint;
};

/**
 * How value left. `transfer` stays with the same owner and is followed there. `swap` is what a swap
 * with the venue's tokens moved into a token account that is not the agent's and did not return.
 */
const ROUTES = [
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
 * By whose act value left. `agent`: the agent signed. `appointed`: the agent did not sign, but the
 * program that holds the value lets only a delegate or closing authority appointed by the agent
 * take it. `none`: the transaction proves neither; the outflow is the agent's only if a signer is
 * known to be appointed by the agent.
 */
const CONSENTS = ['agent', 'appointed', 'none'] as const;

/** Value left the subscriber's Drift account or agent wallet. */
export type Outflow = {
  readonly kind: 'outflow';
  readonly route: (typeof ROUTES)[number];
  /** Token base units; lamports when the mint is null and the route is one of SOL. */
  readonly amount: BaseUnits;
  /** Null for SOL, wrapped or not, and when no token balance of the transaction shows the mint. */
  readonly mint: Address | null;
  readonly decimals: number | null;
  readonly destination: Address | null;
  /** The owner of the destination: of a token account its owner, else the destination itself. */
  readonly owner: Address | null;
  /** True when the value ended in another account of the same subscriber. */
  readonly internal: boolean;
  /**
   * SOL, or a mint for which the venue has a market. Any person can create other tokens, so they
   * count as worthless.
   */
  readonly ofValue: boolean;
  readonly consent: (typeof CONSENTS)[number];
  /** The signers when the consent is `none`; else empty. */
  readonly signers: readonly Address[];
  /** Quote base units at the record's oracle price; null when no record shows a price. */
  readonly usd: BaseUnits | null;
  /**
   * The payment of ours that a memo of the transaction names; absent without one. The ledger may
   * have lost that payment.
   */
  readonly paymentId?: string;
  /**
   * Lamports that the same transaction brought the subscriber, for an outflow of USDC; absent when
   * there were none.
   */
  readonly brought?: bigint;
  /** The value that a route `swap` took, in quote base units; absent without a price. */
  readonly swapped?: BaseUnits;
};

/** A change of a token account's amount of one mint, in base units. */
export type MintChange = { readonly mint: Address; readonly amount: bigint };

/**
 * The change of one account's counters according to the records of one transaction. Account state
 * must equal the sum of all tallies, which proves that Bailiff has heard everything. Units stand at
 * each field.
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
  /**
   * The payments that `funding` is the sum of, in execution order; absent when there were none, and
   * in facts of releases that did not tell them apart by market.
   */
  readonly fundings?: readonly FundingPayment[];
  /** Change of `total_deposits` and `total_withdraws`: USD in 1e6, over all spot markets. */
  readonly deposits: bigint;
  readonly withdraws: bigint;
  /**
   * Quote base units that came into the account by deposits and transfers; null when another token
   * came in; absent when nothing came in, and in facts of releases that told deposits in USD only.
   */
  readonly deposited?: BaseUnits | null;
  /** Change of a token account's amount, in base units. */
  readonly tokens: bigint;
  /**
   * The parts of `tokens` by mint: an account may be closed and made again for another one. Absent
   * for a Drift account, and in facts of releases that did not tell the mints apart.
   */
  readonly mints?: readonly MintChange[];
  /**
   * Quote base units by which `realised` may have changed in addition, each completely or not at
   * all: a referral reward whose record does not name the receiver, a keeper's reward for an
   * account without a free position slot.
   */
  readonly perhaps?: readonly bigint[];
  /** Number of keepers' flat fees that the account may have paid although the record says 0. */
  readonly untoldFees?: number;
};

/**
 * A change of the account that its records do not show; its own state must show it. `reckoned`: its
 * records came after a reckoning had counted it.
 */
export type Unknown = {
  readonly kind: 'unknown';
  readonly why:
    | 'log_truncated'
    | 'record_broken'
    | 'older_record'
    | 'no_record'
    | 'unknown_market'
    | 'unreadable'
    | 'reckoned';
  /** Ordinal of the last call that may have traded, after which profit is owed; null for none. */
  readonly tradedAt: number | null;
  /** Ordinal of the first such call, where it is another: the profit is owed from there on. */
  readonly tradedFrom?: number;
  /** True where a loss may have been moved from or to the account. */
  readonly lossMoved?: true;
  /**
   * Quote base units that came into the account according to its instructions; null when these do
   * not say (a swap, for example); absent when nothing came in. Value that left is an outflow fact.
   */
  readonly deposited?: BaseUnits | null;
};

/** Profit that account state proves and no record shows, of transactions that were `unknown`. */
export type Reckoning = {
  readonly kind: 'reckoning';
  /** PnL of the closes less all fees, without funding. */
  readonly netPnl: BaseUnits;
  /** The two finalized slots whose account states prove the profit. */
  readonly afterSlot: Slot;
  readonly uptoSlot: Slot;
  /** The account's positions at `uptoSlot`; null when they were not read. */
  readonly held: readonly Held[] | null;
  /** The same at `afterSlot`; absent in facts of an earlier release. */
  readonly heldBefore?: readonly Held[] | null;
};

/** A position in account state: base in 1e9, negative when short. */
export type Held = {
  readonly market: number;
  readonly base: bigint;
  /**
   * The venue's entry value of the whole position, never negative; null in states stored by an
   * earlier release.
   */
  readonly entry: BaseUnits | null;
};

export const NOTICES = [
  // Possible losses on purpose: they lead to suspicions, each with its evidence.
  'off_price_fill',
  'swap_loss',
  'liquidated',
  'builder_fee',
  'position_transfer',
  // Changes of control over the account or the wallet.
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
  'special_status_changed',
  'token_approved',
  'token_authority_changed',
  // The program that owns the account was given it in an instruction that this release does not
  // know.
  'unknown_call',
] as const;

/** Something that moved no value out by itself, but that a person or a later rule may need. */
export type Notice = {
  readonly kind: 'notice';
  readonly what: (typeof NOTICES)[number];
  /** The counterparty, the new delegate, the builder, or the sub-account. */
  readonly who: Address | null;
  /** The value or the allowance, in the unit that `detail` names. */
  readonly amount: bigint | null;
  readonly detail: string;
};

export type FactBody = Open | Close | Outflow | Tally | Unknown | Reckoning | Notice;
/** Every kind of fact. */
export const FACT_KINDS = [
  'open',
  'close',
  'outflow',
  'tally',
  'unknown',
  'reckoning',
  'notice',
] as const satisfies readonly FactBody['kind'][];

/** A fact as read from one transaction, before it is recorded. */
export type Fact = {
  readonly subscriberId: string;
  /**
   * The watched account to which the fact happened: a Drift user, the agent's wallet or token
   * account.
   */
  readonly account: Address;
  readonly signature: Signature;
  readonly position: ChainPosition;
  readonly body: FactBody;
};

/**
 * Orders two places on the chain: negative when `a` came first. Zero when the order is unknown: two
 * transactions of one slot, one of which has no known index in the block. Inside one transaction
 * the ordinal decides. The order is partial: a sort by it alone may leave events of one slot in any
 * order.
 */
export function comparePositions(a: ChainPosition, b: ChainPosition): number {
  if (a.slot !== b.slot) return a.slot - b.slot;
  if (a.signature !== undefined && a.signature === b.signature) return a.ordinal - b.ordinal;
  if (a.blockIndex === null || b.blockIndex === null) return 0;
  return a.blockIndex - b.blockIndex || a.ordinal - b.ordinal;
}
