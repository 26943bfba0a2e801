// Settle: settle_pnl and settle_multiple_pnls of the stand-in. Order of checks and amounts follow the program's
// controller/pnl.rs; every refusal of `TrySettle` that the program turns into a no-op is one here too.
import { least } from '../../core/money.ts';
import type { Struct } from './layout.ts';
import { marginOf, perpIsUsed, unrealisedPnl } from './margin.ts';
import { fail, type Session } from './session.ts';
import { movePool, movePosition, spotPosition, tokensOf } from './spot.ts';

const SETTLE_PAUSED = 64;
const BANKRUPT = 2;
const PERP_PAUSE = { settle: 8, settleWithPosition: 16 } as const;
const BASE = 1_000_000_000n;

/** What a user may claim of a positive PnL: what is realised, plus what the pool holds beyond all users' PnL. */
function claimable(
  market: Struct,
  quote: Struct,
  position: Struct,
  price: bigint,
  pnl: bigint,
): bigint {
  if (pnl <= 0n) return pnl;
  const pool = tokensOf(market.pnlPool.scaledBalance, quote, 'deposit');
  const netBase: bigint = market.amm.baseAssetAmountWithAmm;
  const netQuote: bigint = market.amm.quoteAssetAmount;
  const netUserPnl = (netBase * price) / BASE + netQuote;
  const owedToAll = netUserPnl > 0n ? netUserPnl : 0n;
  const excess = pool > owedToAll ? pool - owedToAll : 0n;
  const realised: bigint = (position.quoteAssetAmount as bigint) - position.quoteEntryAmount;
  const limit = (realised > 0n ? realised : 0n) + excess;
  return pnl < limit ? pnl : limit;
}

function settleMarket(session: Session, user: Struct, marketIndex: number, must: boolean): void {
  const refuse = (name: string): void => {
    if (must) fail(session, name);
    session.log(`Program log: ${name}: skipped`);
  };
  if (user.status & BANKRUPT) fail(session, 'UserBankrupt');
  const market = session.perpMarket(marketIndex, true);
  const quote = session.spotMarket(0, true);
  const price = session.price(market.amm.oracle, market.amm.oracleSource);
  const position = (user.perpPositions as Struct[]).find(
    (each) => each.marketIndex === marketIndex && perpIsUsed(each),
  );
  if (position === undefined) {
    refuse('UserHasNoPositionInMarket');
    return;
  }
  const pnl = unrealisedPnl(position, price);
  if (pnl < 0n) {
    const { collateral, requirement } = marginOf(session, user, 'maintenance');
    if (collateral < requirement) {
      refuse('InsufficientCollateralForSettlingPNL');
      return;
    }
  }
  const held = position.baseAssetAmount !== 0n;
  const status: string = market.status;
  const paused =
    market.pausedOperations & PERP_PAUSE.settle ||
    (held && market.pausedOperations & PERP_PAUSE.settleWithPosition);
  const open = held ? status === 'active' : status === 'active' || status === 'reduceOnly';
  if (paused || !open) {
    refuse('InvalidMarketStatusToSettlePnl');
    return;
  }
  const wanted = claimable(market, quote, position, price, pnl);
  if (wanted === 0n) {
    refuse('NoUnsettledPnl');
    return;
  }
  const pool = tokensOf(market.pnlPool.scaledBalance, quote, 'deposit');
  const amount = least(wanted, pool);
  if (amount === 0n) {
    refuse('PnlPoolCantSettleUser');
    return;
  }
  const signer = session.at('authority');
  if (amount > 0n && signer !== user.authority && signer !== user.delegate) {
    refuse('UserMustSettleTheirOwnPositiveUnsettledPNL');
    return;
  }

  const size = amount < 0n ? -amount : amount;
  movePool(market.pnlPool, quote, amount > 0n ? 'borrow' : 'deposit', size);
  movePosition(
    spotPosition(session, user, 0, true),
    quote,
    amount > 0n ? 'deposit' : 'borrow',
    size,
    false,
  );
  position.quoteAssetAmount -= amount;
  position.settledPnl += amount;
  market.amm.quoteAssetAmount -= amount;
  user.settledPerpPnl += amount;
  session.emitData('SettlePnlRecord', {
    ts: session.now,
    user: session.at('user'),
    marketIndex,
    pnl: amount,
    baseAssetAmount: position.baseAssetAmount,
    quoteAssetAmountAfter: position.quoteAssetAmount,
    quoteEntryAmount: position.quoteEntryAmount,
    settlePrice: price,
    explanation: 'none',
  });
}

function begin(session: Session): Struct {
  const state = session.load('State', session.at('state'));
  if (state.exchangeStatus & SETTLE_PAUSED) fail(session, 'ExchangePaused');
  const user = session.load('User', session.at('user'));
  user.lastActiveSlot = session.slot;
  return user;
}

export function settlePnl(session: Session, args: Struct): void {
  const user = begin(session);
  if (user.poolId !== 0) fail(session, 'InvalidPoolId');
  settleMarket(session, user, args.marketIndex, true);
}

export function settleMultiplePnls(session: Session, args: Struct): void {
  const user = begin(session);
  for (const marketIndex of args.marketIndexes as number[]) {
    settleMarket(session, user, marketIndex, args.mode === 'mustSettle');
  }
}
