// Explanation: the figures from which a profit share was computed, and the form in which they are
// shown to people.
import type { Realised } from './accrual.ts';
import type { Tab } from './charge.ts';
import type { Signature, Slot } from './ids.ts';
import type { BaseUnits } from './money.ts';
import type { Recipient } from './split.ts';
import type { Basis, Profit } from './terms.ts';
import type { Token } from './token.ts';

export type Accrual = {
  /** The token of its amounts. */
  readonly token: Token;
  readonly signature: Signature;
  readonly slot: Slot;
  readonly ordinal: number;
  readonly realised: Realised;
  /** The slot from which the terms of this part hold. */
  readonly termsSlot: Slot;
  readonly basis: Basis;
  /**
   * Base of this part in 1e9, and the slot in which its first lot was opened; null when the part is
   * the whole close under the only terms.
   */
  readonly base: bigint | null;
  readonly openedSlot: Slot | null;
  /**
   * The quote paid to open this part, or received when it is short; null when the record's entry
   * applies.
   */
  readonly entry: BaseUnits | null;
  readonly openingFee: BaseUnits;
  readonly netPnl: BaseUnits;
  /** The profit of which the terms take their share, and the fees that `netPnl` is net of. */
  readonly profit: Profit;
  readonly fees: BaseUnits;
  readonly shareBps: number;
  readonly charged: BaseUnits;
  /** The part of the profit that the hurdle took. */
  readonly hurdled: BaseUnits;
  /** The most that the terms let it owe; null without a cap. */
  readonly allowed: BaseUnits | null;
  readonly amount: BaseUnits;
  /** The recipients of the terms; one alone where the whole share is the creator's. */
  readonly recipients: readonly Pick<Recipient, 'nth' | 'wallet' | 'shareBps'>[];
  /** Which of them the explained share is owed to. */
  readonly recipient: number;
  readonly before: Tab;
  readonly after: Tab;
  /**
   * Transfers to the creator that Bailiff did not make, each with the amount of this share that it
   * paid.
   */
  readonly credits: readonly {
    readonly signature: Signature;
    readonly slot: Slot;
    readonly amount: BaseUnits;
  }[];
};

/**
 * One number: its name, value and formula. Amounts are quote base units unless the name says
 * otherwise.
 */
export type Step = {
  readonly name: string;
  readonly value: string;
  readonly formula: string;
};

export type Explanation = { readonly steps: readonly Step[]; readonly sentence: string };

/** Basis points as a percentage: 1,000 as `10 %`. */
export const percent = (bps: number): string => `${bps / 100} %`;
