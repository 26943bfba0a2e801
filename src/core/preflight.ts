// Preflight: the readings of one subscriber's balances, and of the prices of the network, from
// which plan.ts decides a payment.
import type { Address } from './ids.ts';
import type { BaseUnits, Lamports } from './money.ts';
import { SYSTEM_PROGRAM } from './programs.ts';
import type { TipRule } from './sender-tip.ts';
import type { Trouble } from './trouble.ts';

/**
 * The readings that a plan depends on, made in one batch. SPL balances are those of token accounts,
 * never collateral.
 */
export type Preflight = {
  /** The lamports from which the agent can pay fees, by `feeLamportsOf`. */
  readonly agentLamports: Lamports;
  /**
   * Null when the agent has no token account that it can spend from: closed, frozen, or given away.
   */
  readonly agentTokens: BaseUnits | null;
  /** `foreign`: the creator gave the account away, so money in it would not be the creator's. */
  readonly creatorAccount: 'absent' | 'open' | 'frozen' | 'foreign';
  /** Null when the Drift user does not exist. */
  readonly venue: VenueFunds | null;
  /** The same of the sponsor; null when none is configured. */
  readonly sponsorLamports: Lamports | null;
  /** Whether the sponsor has an open token account, in which it can be reimbursed. */
  readonly sponsorTakesTokens: boolean;
  /**
   * Why the sponsor pays nothing for these debts, even if it holds enough; null or absent when it
   * may.
   */
  readonly sponsorRefuses?: Omit<Trouble, 'lamports'> | null;
  /** Whether the sponsor, who pays the fees of these debts, pays no tip with them. */
  readonly sponsorRefusesTip?: boolean;
  readonly costs: SolCosts;
  /**
   * Where the creator has no token account: what all subscribers owe to that wallet in debts that
   * can be paid; left out where the ledger was not asked.
   */
  readonly owedToCreator?: BaseUnits;
  /**
   * The readings about the other recipients, where the debts are to several. The fields of the
   * preflight itself, such as `creatorAccount`, are then about the recipient of the oldest debt.
   */
  readonly others?: ReadonlyMap<Address, CreatorSeen>;
};

/** The part of a preflight that is about one recipient. */
export type CreatorSeen = Pick<
  Preflight,
  'creatorAccount' | 'sponsorRefuses' | 'sponsorRefusesTip' | 'owedToCreator'
>;

/** A market from which settling brings quote tokens into the deposit. */
export type Claimable = {
  readonly market: number;
  /** The amount that settling brings, in base units, according to one reading. */
  readonly amount: BaseUnits;
  /** A position is still open there; settling it also realises what is not realised. */
  readonly held: boolean;
};

export type VenueFunds = {
  /** Quote tokens deposited in the venue account, in base units. */
  readonly deposit: BaseUnits;
  readonly claimable: readonly Claimable[];
  /** Whether positions or borrows use the collateral, so that not all of it may leave. */
  readonly exposed: boolean;
  /**
   * The most that may leave without harming the account's health, as the venue answered; null
   * before it was asked.
   */
  readonly room: BaseUnits | null;
  /** Why the account or the venue forbids paying now; null when they do not. */
  readonly blocked: Trouble | null;
};

export type SolCosts = {
  readonly lamportsPerSignature: Lamports;
  /** The signatures of a payment that the agent pays for; 1 when absent, 2 under a nonce. */
  readonly signatures?: bigint;
  /** The most lamports for priority. */
  readonly priority: Lamports;
  /** The likely lamports for priority at the present price; when absent, the most. */
  readonly priorityLikely?: Lamports;
  readonly tokenAccountRent: Lamports;
  /** Lamports that stay in the agent wallet when it pays its own fees. */
  readonly agentReserve: Lamports;
  /** Lamports that stay in the sponsor wallet. */
  readonly sponsorReserve: Lamports;
  /** The tip for the sender endpoint; absent where nothing is sent to one. */
  readonly tip?: TipRule;
};

/**
 * The lamports from which a wallet can pay fees. The runtime takes no fee from an account that a
 * program owns or that holds data, also when the account holds enough (`InvalidAccountForFee`). The
 * holder of a wallet's key can assign or allocate it so at any time.
 */
export const feeLamportsOf = (
  account: { lamports: Lamports; owner: Address; data: Uint8Array } | null | undefined,
): Lamports =>
  account?.owner === SYSTEM_PROGRAM && account.data.length === 0 ? account.lamports : 0n;
