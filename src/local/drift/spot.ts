// Spot: deposits and borrows as scaled balances, with the formulas and rounding of the program's
// math/spot_balance.rs and controller/spot_balance.rs: a deposit rounds down, a borrow rounds up,
// and a reduction of a deposit rounds against it.
import type { Struct } from './layout.ts';
import { fail, type Session } from './session.ts';

export type BalanceType = 'deposit' | 'borrow';

const precision = (market: Struct): bigint => 10n ** BigInt(19 - market.decimals);
const interest = (market: Struct, type: BalanceType): bigint =>
  type === 'deposit' ? market.cumulativeDepositInterest : market.cumulativeBorrowInterest;

/** The tokens of a scaled balance. */
export function tokensOf(scaled: bigint, market: Struct, type: BalanceType): bigint {
  const product = scaled * interest(market, type);
  const divisor = precision(market);
  return type === 'deposit' ? product / divisor : (product + divisor - 1n) / divisor;
}

function scaledOf(tokens: bigint, market: Struct, type: BalanceType, roundUp: boolean): bigint {
  const scaled = (tokens * precision(market)) / interest(market, type);
  return roundUp && scaled !== 0n ? scaled + 1n : scaled;
}

function shiftTotal(market: Struct, type: BalanceType, delta: bigint): void {
  if (type === 'deposit') market.depositBalance += delta;
  else market.borrowBalance += delta;
}

/**
 * A balance that tokens move into or out of: a user's spot position, or a pool, which is always a
 * deposit.
 */
type Balance = {
  get: () => { scaled: bigint; type: BalanceType };
  set: (scaled: bigint, type: BalanceType) => void;
};

/**
 * Moves tokens. `leaving` says that they leave the market, which rounds against the balance; a move
 * between two balances of the market does not.
 */
function move(
  balance: Balance,
  market: Struct,
  direction: BalanceType,
  tokens: bigint,
  leaving: boolean,
): void {
  let { scaled, type } = balance.get();
  let left = tokens;
  if (direction !== type) {
    const current = tokensOf(scaled, market, type);
    if (current !== 0n) {
      const whole = current <= left;
      const delta = whole ? scaled : scaledOf(left, market, type, leaving || type === 'borrow');
      scaled -= delta;
      shiftTotal(market, type, -delta);
      left -= whole ? current : left;
    }
    if (left > 0n) type = direction;
  }
  if (left > 0n) {
    const delta = scaledOf(left, market, direction, direction === 'borrow');
    scaled += delta;
    shiftTotal(market, direction, delta);
  }
  balance.set(scaled, type);
}

/** Moves tokens into (`deposit`) or out of (`borrow`) a user's position. */
export function movePosition(
  position: Struct,
  market: Struct,
  direction: BalanceType,
  tokens: bigint,
  leaving = true,
): void {
  move(
    {
      get: () => ({ scaled: position.scaledBalance, type: position.balanceType }),
      set: (scaled, type) => {
        position.scaledBalance = scaled;
        position.balanceType = type;
      },
    },
    market,
    direction,
    tokens,
    leaving,
  );
}

/** Moves tokens into or out of a pool. */
export function movePool(
  pool: Struct,
  market: Struct,
  direction: BalanceType,
  tokens: bigint,
): void {
  move(
    {
      get: () => ({ scaled: pool.scaledBalance, type: 'deposit' }),
      set: (scaled) => {
        pool.scaledBalance = scaled;
      },
    },
    market,
    direction,
    tokens,
    false,
  );
}

/** The user's position in a spot market, used or not. The quote market is always the first slot. */
export function spotPosition(
  session: Session,
  user: Struct,
  marketIndex: number,
  create: boolean,
): Struct {
  const positions = user.spotPositions as Struct[];
  const [quote] = positions;
  if (marketIndex === 0 && quote !== undefined) return quote;
  const found = positions.find((each) => each.marketIndex === marketIndex);
  if (found !== undefined) return found;
  if (!create) return fail(session, 'CouldNotFindSpotPosition');
  const slot = positions.find(
    (each, index) => index > 0 && each.scaledBalance === 0n && each.openOrders === 0,
  );
  if (slot === undefined) return fail(session, 'NoSpotPositionAvailable');
  Object.assign(slot, {
    marketIndex,
    balanceType: 'deposit',
    scaledBalance: 0n,
    openBids: 0n,
    openAsks: 0n,
    cumulativeDeposits: 0n,
  });
  return slot;
}

/** Fails unless a market's deposits cover its borrows. */
export function requireCovered(session: Session, market: Struct): void {
  const deposits = tokensOf(market.depositBalance, market, 'deposit');
  if (deposits < tokensOf(market.borrowBalance, market, 'borrow'))
    fail(session, 'SpotMarketInsufficientDeposits');
}

/** The tokens of a position; negative for a borrow. */
export function signedTokens(position: Struct, market: Struct): bigint {
  const tokens = tokensOf(position.scaledBalance, market, position.balanceType);
  return position.balanceType === 'deposit' ? tokens : -tokens;
}

/**
 * Whether a withdrawal passes the venue's guard against a run: afterwards the market must keep a
 * share of its daily average deposits and must not be borrowed out. Small users with a deposit are
 * exempt. Source: math/spot_withdraw.rs.
 */
export function withinWithdrawLimits(
  market: Struct,
  user: Struct,
  position: Struct,
  withdrawn: bigint,
): boolean {
  const most = (a: bigint, b: bigint) => (a > b ? a : b);
  const least = (a: bigint, b: bigint) => (a < b ? a : b);
  const deposits = tokensOf(market.depositBalance, market, 'deposit');
  const borrows = tokensOf(market.borrowBalance, market, 'borrow');
  const threshold: bigint = market.withdrawGuardThreshold;
  const twap: bigint = market.depositTokenTwap;
  const depositFloor = twap - most(twap / 4n, least(threshold, twap));
  const borrowTwap: bigint = market.borrowTokenTwap;
  const sixth = deposits / 6n;
  const borrowCeiling = most(
    threshold,
    least(most(sixth, borrowTwap + borrowTwap / 5n), deposits - deposits / 5n),
  );
  if (deposits >= depositFloor && borrows <= borrowCeiling) return true;
  const net = BigInt(user.totalDeposits) - BigInt(user.totalWithdraws);
  return (
    net >= 0n &&
    position.cumulativeDeposits >= 0n &&
    position.balanceType === 'deposit' &&
    tokensOf(position.scaledBalance, market, 'deposit') + withdrawn < threshold / 10n
  );
}
