// Tokens: the venue of an account in memory, and the quote tokens of the venues.
import type { Address } from '../../../src/core/ids.ts';
import { quotesOf, type Token, USDC } from '../../../src/core/token.ts';
import { DEFAULT_VENUE, type VenueName } from '../../../src/core/venue-name.ts';
import { VELOCITY_PROFILE } from '../../../src/venue/velocity/profile.ts';
import type { ShareRow, State } from './state.ts';

const { mint, symbol, decimals } = VELOCITY_PROFILE.quote;
export const TOKENS: Readonly<Record<VenueName, Token>> = {
  'drift-v2': USDC,
  velocity: { mint, symbol, decimals },
};
export const QUOTES = quotesOf(Object.values(TOKENS));

export const venueAt = (state: State, account: Address): VenueName =>
  state.accounts.get(account)?.venue ?? DEFAULT_VENUE;
/** The venue of a debt: that of the account whose subscription it belongs to. */
export const venueOfShare = (state: State, { subscriptionId }: ShareRow): VenueName =>
  venueAt(state, state.subscriptions.get(subscriptionId)?.driftAccount ?? ('' as Address));
