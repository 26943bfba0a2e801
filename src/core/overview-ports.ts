// Overview ports: the port to the overview that an operator sees first: open debts by reason and
// age, payments that have not ended, how long payments took, and what only a person can decide.
import type { Address, Signature } from './ids.ts';
import type { BaseUnits, Lamports } from './money.ts';
import type { ShareStatus } from './share.ts';
import type { Token } from './token.ts';

/** Upper bounds of the ages of debts, in milliseconds; the last one has none. */
export const AGES = [
  { name: 'under an hour', mostMs: 3_600_000 },
  { name: 'under a day', mostMs: 86_400_000 },
  { name: 'under a week', mostMs: 604_800_000 },
  { name: 'over a week', mostMs: null },
] as const;

export type DebtGroup = {
  readonly token: Token;
  readonly status: ShareStatus;
  /** The code of the trouble for which they wait; null when they are due. */
  readonly reason: string | null;
  readonly observed: boolean;
  /** An index into `AGES`. */
  readonly age: number;
  readonly debts: number;
  readonly left: BaseUnits;
};
/** A payment that has not ended, as the overview lists it. */
export type Flight = {
  readonly id: string;
  readonly subscriberId: string;
  readonly creatorWallet: Address;
  /** How many recipients it pays. */
  readonly recipients: number;
  readonly token: Token;
  readonly amount: BaseUnits;
  readonly state: string;
  readonly signature: Signature | null;
  readonly plannedAtMs: number;
  readonly trouble: string | null;
};
/** Payments that landed in one hour. Times are from the block of the oldest close, in ms. */
export type PaidHour = {
  readonly atMs: number;
  readonly payments: number;
  readonly medianMs: number | null;
};
export type Overview = {
  readonly debts: readonly DebtGroup[];
  readonly flights: readonly Flight[];
  /** The last 24 hours, the oldest first; an hour without a payment is absent. */
  readonly hours: readonly PaidHour[];
  readonly standings: Readonly<Record<string, number>>;
  readonly delinquent: readonly { readonly subscriberId: string; readonly reason: string }[];
  readonly waiting: {
    /** Failed debts, which are not tried again before a person acts. */
    readonly failedDebts: number;
    /** Payments with an excess that no person has accepted. */
    readonly unexplainedPayments: number;
    /** Answered acts that a database lost, without a review. */
    readonly lostActs: number;
    readonly disabledEndpoints: number;
  };
};
export type OverviewBook = {
  /** Reads all sums at one moment. */
  read(): Promise<Overview>;
  /** Lamports that a fee payer spent on payments in the last seven days. */
  spentInAWeek(payer: Address): Promise<Lamports>;
};
