// Interest: booking the interest of a spot market, and the refusal of newer sources to let an
// account withdraw that borrows from a market whose interest was not booked lately. The program of
// 2026-07 has no such refusal.
import { accrueAtPrice } from '../drift/interest.ts';
import type { Struct } from '../drift/layout.ts';
import { fail, type Session } from '../drift/session.ts';
import { withdraw } from '../drift/transfers.ts';

/** Seconds after which booked interest counts as stale here. */
const FRESH = 60n;

/** update_spot_market_cumulative_interest: books the interest of a spot market up to now. */
export function updateSpotMarketCumulativeInterest(session: Session): void {
  const market = session.load('SpotMarket', session.at('spotMarket'));
  if (market.oracle !== session.at('oracle')) fail(session, 'InvalidOracle');
  accrueAtPrice(session, market);
  market.lastInterestTs = session.now;
}

/** Withdraws, unless the interest of a market that the account borrows from is stale. */
export function withdrawWhenFresh(session: Session, args: Struct): void {
  const user = session.load('User', session.at('user'));
  for (const { marketIndex, balanceType, scaledBalance } of user.spotPositions as Struct[]) {
    if (balanceType !== 'borrow' || scaledBalance === 0n || marketIndex === 0) continue;
    if (session.now - session.spotMarket(marketIndex).lastInterestTs > FRESH)
      fail(session, 'SpotMarketInterestStaleForMargin');
  }
  withdraw(session, args);
}
