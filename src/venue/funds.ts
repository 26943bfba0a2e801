// Funds: what can be drawn from a Drift account, as one reading of its bytes tells, and what
// forbids it. How much of it the venue really lets go is asked by simulation; this is only where
// the asking begins.
import { mulDivFloor } from '../core/money.ts';
import type { Claimable, VenueFunds } from '../core/plan.ts';
import { type Trouble, troubled } from '../core/trouble.ts';
import { depositTokens, type PerpPosition, type SpotMarket, type User } from './accounts.ts';
import type { Profile } from './profile.ts';

/** BASE (1e9) times PRICE (1e6) over QUOTE (1e6). */
const BASE = 1_000_000_000n;

function blockedBy(
  { title, paused }: Profile,
  user: User,
  market: Pick<SpotMarket, 'withdrawPaused'>,
  exchangeStatus: number,
): Trouble | null {
  if (user.bankrupt) return troubled('user_bankrupt', `The ${title} account is bankrupt.`);
  if (market.withdrawPaused || (exchangeStatus & paused.withdraw) !== 0) {
    return troubled(
      'withdrawals_paused',
      `${title} has paused withdrawals. It is tried again on schedule.`,
    );
  }
  return null;
}

/**
 * What settling a position brings into the cross-margined deposit, before any loss that is not
 * realised: quote less entry (drift-facts D3). An isolated position settles into its own
 * collateral; only a closed one, whose settling hands that collateral back, brings anything, and
 * then the collateral with it.
 */
function claimableOf(position: PerpPosition, market: SpotMarket): Claimable {
  const held = position.base !== 0n;
  const realised = position.quote - position.entry;
  if (position.isolated === null) return { market: position.market, amount: realised, held };
  const brings = held || realised <= 0n ? 0n : realised + depositTokens(position.isolated, market);
  return { market: position.market, amount: brings, held };
}

/** The funds of an account, its quote market and the venue's state. */
export function fundsOf(
  profile: Profile,
  user: User,
  market: SpotMarket,
  exchangeStatus: number,
): VenueFunds {
  const quote = user.spots.find((each) => each.market === profile.quote.market && !each.isBorrow);
  return {
    deposit: quote === undefined ? 0n : depositTokens(quote.scaledBalance, market),
    claimable: user.perps
      .map((each) => claimableOf(each, market))
      .filter((each) => each.amount > 0n),
    // Open orders take margin as well. A slot without base, quote and orders, such as one in which
    // bytes of an older build remain, takes none. Whether an account that is marked as being
    // liquidated has recovered, only the program can tell: it is asked.
    exposed:
      user.beingLiquidated ||
      user.hasOpenOrders ||
      user.spots.some((each) => each.isBorrow) ||
      user.perps.some((each) => each.base !== 0n || each.quote < 0n),
    room: null,
    blocked: blockedBy(profile, user, market, exchangeStatus),
  };
}

/**
 * The same funds, where a position that is still open counts for no more than its whole profit at
 * this price: the program settles the lesser of what is realised and what the position is worth
 * (state/user.rs, get_claimable_pnl). `prices` are by market, PRICE precision.
 */
export function atPrices(
  funds: VenueFunds,
  user: User,
  prices: ReadonlyMap<number, bigint>,
): VenueFunds {
  const worth = ({ market, amount, held }: Claimable): bigint => {
    const position = user.perps.find((each) => each.market === market);
    const price = prices.get(market);
    if (!held || position === undefined || price === undefined) return amount;
    const whole = mulDivFloor(position.base, price, BASE) + position.quote;
    return whole < amount ? whole : amount;
  };
  const claimable = funds.claimable.map((each) => ({ ...each, amount: worth(each) }));
  return { ...funds, claimable: claimable.filter((each) => each.amount > 0n) };
}
