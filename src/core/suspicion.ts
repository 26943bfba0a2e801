// Suspicion: sums up notices that may show a loss made on purpose and that one transaction cannot
// tell from bad luck: fills far off the oracle price, swaps that lose, fees of liquidations, fees
// of builders. Each notice is kept with its evidence; the sum decides.
import type { NOTICES } from './fact.ts';
import type { Signature, Slot } from './ids.ts';
import type { BaseUnits } from './money.ts';
import { amountText, type Token } from './token.ts';

/** Kinds of notice whose amounts, in quote base units, are added up. */
export const SUSPICIONS = [
  'off_price_fill',
  'swap_loss',
  'liquidated',
  'builder_fee',
] as const satisfies readonly (typeof NOTICES)[number][];
/** The notices that a suspicion may rest on; giving a token account away is one by itself. */
export const SUSPICION_KINDS = [...SUSPICIONS, 'token_authority_changed'] as const;
export type SuspicionKind = (typeof SUSPICION_KINDS)[number];

/**
 * The platform's choice about a suspicion: nothing, an event and an entry in a list, or also
 * the verdict `unknown` at the gate.
 */
const SUSPICION_ACTS = ['ignore', 'report', 'unknown'] as const;
export type SuspicionRule = {
  readonly leadTo: (typeof SUSPICION_ACTS)[number];
  /**
   * The sum since the last review above which a subscriber is suspected, in base units of each
   * quote token by itself.
   */
  readonly amountMost: BaseUnits;
};

/** The notices about a subscriber since the last review, summed up. */
export type Suspicion = {
  readonly subscriberId: string;
  /** The largest sum of any token; sums of other tokens are not in it. */
  readonly amount: BaseUnits;
  /** The token of that sum. */
  readonly token: Token;
  readonly notices: number;
  readonly kinds: readonly SuspicionKind[];
  /** The transaction of the latest notice. */
  readonly signature: Signature;
  readonly slot: Slot;
};

const WORDS: Readonly<Record<SuspicionKind, string>> = {
  off_price_fill: 'fills far off the oracle',
  swap_loss: 'swaps that lost',
  liquidated: 'liquidation fees',
  builder_fee: 'builder fees',
  token_authority_changed: 'a token account that was given away',
};

/** The reason, as the gate gives it, why it does not vouch for a suspected subscriber. */
export const whySuspected = ({ amount, token, notices, kinds, slot }: Suspicion): string =>
  `${notices} notices for up to ${amountText(amount, token)}, of ${kinds.map((each) => WORDS[each]).join(', ')}, the last in slot ${slot}, wait for a review by the platform.`;
