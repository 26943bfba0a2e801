// Suspicion: what may be a loss made on purpose, and cannot be told from bad luck by one
// transaction: fills far off the oracle, swaps that lose, fees of liquidations, fees of builders.
// Notices keep each with its evidence; their sum decides.
import type { NOTICES } from './fact.ts';
import type { Signature, Slot } from './ids.ts';
import { type BaseUnits, formatUnits } from './money.ts';

/** Notices whose amounts, in quote base units, add up to a suspicion. */
export const SUSPICIONS = [
  'off_price_fill',
  'swap_loss',
  'liquidated',
  'builder_fee',
] as const satisfies readonly (typeof NOTICES)[number][];
export type SuspicionKind = (typeof SUSPICIONS)[number] | 'token_authority_changed';

/**
 * What a platform makes of suspicions: nothing, an event and a list, or `unknown` at the gate as
 * well.
 */
export const SUSPICION_ACTS = ['ignore', 'report', 'unknown'] as const;
export type SuspicionRule = {
  readonly leadTo: (typeof SUSPICION_ACTS)[number];
  /** Above this sum since the last review somebody is suspected. */
  readonly amountMost: BaseUnits;
};

/** What stands against a subscriber since the last review. */
export type Suspicion = {
  readonly subscriberId: string;
  readonly amount: BaseUnits;
  readonly notices: number;
  readonly kinds: readonly SuspicionKind[];
  /** The latest of them. */
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

/** Why the gate does not vouch for a suspected subscriber. */
export const whySuspected = ({ amount, notices, kinds, slot }: Suspicion): string =>
  `${notices} notices for ${formatUnits(amount)} USDC, of ${kinds.map((each) => WORDS[each]).join(', ')}, the last in slot ${slot}, wait for a review by the platform.`;
