// Funding payment: what a position paid or received when the venue settled its funding.
import type { BaseUnits } from './money.ts';

/** Funding of one position that the venue settled. */
export type FundingPayment = {
  readonly market: number;
  /** The size of the position, in 1e9: never negative. */
  readonly base: bigint;
  /** Quote base units; positive when the account received it. */
  readonly amount: BaseUnits;
  /** The place of its record among the facts of the transaction. */
  readonly ordinal: number;
};
