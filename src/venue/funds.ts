// Funds: how much can be withdrawn from a Drift account according to one reading of its bytes, and
// what forbids a withdrawal. The figures are an upper bound; a simulation then measures how much
// the program really releases.
import { mulDivFloor } from '../core/money.ts';
import type { Claimable, VenueFunds } from '../core/preflight.ts';
import { type Trouble, troubled } from '../core/trouble.ts';
import type { SeenAccount } from '../core/venue.ts';
import { depositTokens, type PerpPosition, type SpotMarket, type User } from './accounts.ts';
import type { Profile } from './profile.ts';

/** BASE (1e9) times PRICE (1e6) divided by QUOTE (1e6). */
const BASE = 1_000_000_000n;

/** The reasons that stop withdrawals beside those of the account and its market. */
export type Stops = {
  /** The State's bits of what is paused for all accounts. */
  readonly exchangeStatus: number;
  /** Whether the venue stopped every withdrawal of this wallet. */
  readonly stopped: boolean;
};

function blockedBy(
  { title, paused, quote }: Profile,
  user: User,
  market: Pick<SpotMarket, 'mint' | 'decimals' | 'withdrawPaused'>,
  { exchangeStatus, stopped }: Stops,
): Trouble | null {
  // The market's token is compared with the profile's for each payment, because amounts are counted
  // in that token.
  if (market.mint !== quote.mint || market.decimals !== quote.decimals)
    return troubled(
      'account_unreadable',
      `The ${quote.symbol} market of ${title} holds ${market.mint} with ${market.decimals} decimals, and this release counts in ${quote.mint} with ${quote.decimals}. Nothing is paid until a release knows that token.`,
    );
  if (user.bankrupt) return troubled('user_bankrupt', `The ${title} account is bankrupt.`);
  if (market.withdrawPaused || (exchangeStatus & paused.withdraw) !== 0) {
    return troubled(
      'withdrawals_paused',
      `${title} has paused withdrawals. It is tried again on schedule.`,
    );
  }
  if (stopped)
    return troubled(
      'equity_breaker_tripped',
      `${title} has stopped every withdrawal of this wallet, because one of its accounts fell below its equity floor. Only the venue ends that; then bailiff shares retry.`,
    );
  return null;
}

/**
 * Quote base units that settling a position adds to the cross-margined deposit, before unrealised
 * losses: quote less entry. An isolated position settles into its own collateral. Only a closed one
 * adds anything: settling it returns that collateral together with the profit.
 */
function claimableOf(position: PerpPosition, market: SpotMarket): Claimable {
  const held = position.base !== 0n;
  const realised = position.quote - position.entry;
  if (position.isolated === null) return { market: position.market, amount: realised, held };
  const brings = held || realised <= 0n ? 0n : realised + depositTokens(position.isolated, market);
  return { market: position.market, amount: brings, held };
}

/** The funds of an account, in quote base units, from one reading of it and its quote market. */
export function fundsOf(
  profile: Profile,
  user: User,
  market: SpotMarket,
  stops: Stops,
): VenueFunds {
  const quote = user.spots.find((each) => each.market === profile.quote.market && !each.isBorrow);
  return {
    deposit: quote === undefined ? 0n : depositTokens(quote.scaledBalance, market),
    claimable: user.perps
      .map((each) => claimableOf(each, market))
      .filter((each) => each.amount > 0n),
    // Open orders use margin too. A slot without base, quote and orders uses none; bytes of an
    // older build may remain in it. An account that is marked as being liquidated counts as
    // exposed, because only the program can tell whether it has recovered.
    exposed:
      user.beingLiquidated ||
      user.hasOpenOrders ||
      user.spots.some((each) => each.isBorrow) ||
      user.perps.some((each) => each.base !== 0n || each.quote < 0n),
    room: null,
    blocked: blockedBy(profile, user, market, stops),
  };
}

/**
 * The same funds with the profit of each open position limited to its whole profit at the given
 * price: the program settles the smaller of realised profit and whole profit (state/user.rs,
 * get_claimable_pnl). `prices` are by market index, in PRICE precision (1e6).
 */
export function atPrices(
  funds: VenueFunds,
  { perps }: SeenAccount,
  prices: ReadonlyMap<number, bigint>,
): VenueFunds {
  const worth = ({ market, amount, held }: Claimable): bigint => {
    const position = perps.find((each) => each.market === market);
    const price = prices.get(market);
    if (!held || position === undefined || price === undefined) return amount;
    const whole = mulDivFloor(position.base, price, BASE) + position.quote;
    return whole < amount ? whole : amount;
  };
  const claimable = funds.claimable.map((each) => ({ ...each, amount: worth(each) }));
  return { ...funds, claimable: claimable.filter((each) => each.amount > 0n) };
}
