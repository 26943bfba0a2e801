// Settle: settle_pnl and settle_multiple_pnls of the stand-in. The order of checks and the amounts
// follow the program's controller/pnl.rs. A refusal that the program's `TrySettle` mode turns into
// a no-op is a no-op here, too.
import { least, most } from '../../core/money.ts';
import { updateAmm } from './curve.ts';
import { accrue } from './interest.ts';
import type { Struct } from './layout.ts';
import { meets, perpIsUsed, unrealisedPnl } from './margin.ts';
import { reservePrice } from './marks.ts';
import { allowsFunding, validityOf } from './oracle-validity.ts';
import { creditQuote, settleFunding } from './positions.ts';
import { sweepFees } from './protocol-fees.ts';
import { fail, type Quote, type Session } from './session.ts';
import { movePool, movePosition, spotPosition, tokensOf } from './spot.ts';

const SETTLE_PAUSED = 64;
const BANKRUPT = 2;
const PERP_PAUSE = { settle: 8, settleWithPosition: 16 } as const;
const BASE = 1_000_000_000n;
const PERCENT = 1_000_000n;
/**
 * How far the oracle price may be from its average, and how much it may have moved as a part of
 * itself, by the market's tier.
 */
const CALM: Record<string, { off: bigint; moved: bigint }> = {
  a: { off: 5_000n, moved: 50n },
  b: { off: 5_000n, moved: 50n },
  c: { off: 10_000n, moved: 20n },
};
const CALM_OTHERS = { off: 25_000n, moved: 10n };
const ORACLE_ERRORS = {
  non_positive: 'OracleNonPositive',
  too_volatile: 'OracleTooVolatile',
  too_uncertain: 'OracleTooUncertain',
  stale_for_margin: 'OracleStaleForMargin',
  stale_for_amm: 'OracleStaleForAMM',
  valid: 'DefaultError',
} as const;
const size = (value: bigint): bigint => (value < 0n ? -value : value);

/**
 * The part of a positive PnL that a user may claim: the realised part, and the amount that the
 * pools hold beyond all users' PnL.
 */
function claimable(position: Struct, excess: bigint, pnl: bigint): bigint {
  if (pnl <= 0n) return pnl;
  const realised: bigint = (position.quoteAssetAmount as bigint) - position.quoteEntryAmount;
  return least(pnl, most(0n, realised) + most(0n, excess));
}

/** The PnL of all users. */
const netUserPnl = ({ amm }: Struct, price: bigint): bigint =>
  ((amm.baseAssetAmountWithAmm as bigint) * price) / BASE +
  (amm.quoteAssetAmount as bigint) +
  amm.netUnsettledFundingPnl;

/** The amount that the PnL pool and a fifth of the fee pool hold beyond the PnL of all users. */
function poolExcess(market: Struct, quote: Struct, price: bigint): bigint {
  const { amm } = market;
  const tokens =
    tokensOf(market.pnlPool.scaledBalance, quote, 'deposit') +
    tokensOf(amm.feePool.scaledBalance, quote, 'deposit') / 5n;
  const owed = netUserPnl(market, price);
  return owed < tokens ? tokens - most(0n, owed) : 0n;
}

/** Moves fees above the fee pool's target to the PnL pool, and missing ones back. */
function balancePools(market: Struct, quote: Struct): { sharesLosses: boolean } {
  const { amm, pnlPool } = market;
  const { feePool } = amm;
  const tokens = () => tokensOf(feePool.scaledBalance, quote, 'deposit');
  const liquidated: bigint = amm.totalLiquidationFee;
  const withdrawn: bigint = amm.totalFeeWithdrawn;
  const above = (amm.totalFeeMinusDistributions as bigint) + liquidated - withdrawn;
  const full = above <= tokens();
  if (full) {
    const surplus = tokens() - most(0n, above);
    if (surplus > 0n) {
      movePool(feePool, quote, 'borrow', surplus);
      movePool(pnlPool, quote, 'deposit', surplus);
    }
  }
  const below = (amm.totalExchangeFee as bigint) / 2n + liquidated - withdrawn;
  const lacking = least(below - tokens(), tokensOf(pnlPool.scaledBalance, quote, 'deposit'));
  if (lacking > 0n) {
    movePool(pnlPool, quote, 'borrow', lacking);
    movePool(feePool, quote, 'deposit', lacking);
  }
  return { sharesLosses: !full };
}

/**
 * Moves a settled amount between the pools and the user's deposit, and returns it. The AMM keeps a
 * hundredth of a loss.
 */
function settlePools({ venue }: Session, market: Struct, quote: Struct, wanted: bigint): bigint {
  const { sharesLosses } = venue.protocolFees
    ? { sharesLosses: false }
    : balancePools(market, quote);
  const pool = tokensOf(market.pnlPool.scaledBalance, quote, 'deposit');
  const amount = wanted > 0n ? least(wanted, pool) : wanted;
  const share = sharesLosses && amount < 0n ? -amount / 100n : 0n;
  if (share > 0n) movePool(market.amm.feePool, quote, 'deposit', share);
  const toPool = -(amount + share);
  if (toPool !== 0n)
    movePool(
      market.pnlPool,
      quote,
      toPool > 0n ? 'deposit' : 'borrow',
      toPool > 0n ? toPool : -toPool,
    );
  return amount;
}

/** Fails when the AMM's or the oracle's price is too far from the oracle's five-minute average. */
function requireBand(session: Session, state: Struct, { amm }: Struct, price: bigint): void {
  const average: bigint = amm.historicalOracleData.lastOraclePriceTwap5min;
  const off = (of: bigint): bigint => size(((of - average) * PERCENT) / of);
  const worst = most(off(reservePrice(amm)), off(price));
  const allowed: bigint = state.oracleGuardRails.priceDivergence.markOraclePercentDivergence;
  if (worst > most(allowed, PERCENT / 10n)) fail(session, 'PriceBandsBreached');
}

/**
 * The error for a market with a moving curve whose price moves too much to settle; null when it may
 * be settled.
 */
function unsettled(session: Session, state: Struct, market: Struct, quote: Quote): string | null {
  const { amm } = market;
  const recent = amm.lastOracleValid && amm.lastUpdateSlot === session.slot;
  if (amm.curveUpdateIntensity === 0 || recent) return null;
  const validity = validityOf(state, market, quote);
  const average: bigint = amm.historicalOracleData.lastOraclePriceTwap5min;
  const low = least(average, quote.price);
  const { off, moved } = CALM[market.contractTier] ?? CALM_OTHERS;
  const calm =
    size(((quote.price - average) * PERCENT) / low) < off &&
    most(amm.oracleStd, amm.markStd) < low / moved;
  if (allowsFunding(validity) && calm) return null;
  if (!amm.lastOracleValid) return ORACLE_ERRORS[validity];
  return amm.lastUpdateSlot === session.slot ? null : 'AMMNotUpdatedInSameSlot';
}

function settleMarket(
  session: Session,
  state: Struct,
  user: Struct,
  marketIndex: number,
  must: boolean,
  healthy: () => boolean,
): void {
  const refuse = (name: string): void => {
    if (must) fail(session, name);
    session.log(`Program log: ${name}: skipped`);
  };
  if (user.status & BANKRUPT) fail(session, 'UserBankrupt');
  const quote = session.spotMarket(0, true);
  accrue(session, quote, null);
  const market = session.perpMarket(marketIndex, true);
  const said = session.quote(market.amm.oracle, market.amm.oracleSource);
  const { price } = said;
  requireBand(session, state, market, price);
  settleFunding(session, user, session.at('user'), market);
  const position = (user.perpPositions as Struct[]).find(
    (each) => each.marketIndex === marketIndex && perpIsUsed(each),
  );
  if (position === undefined) {
    refuse('UserHasNoPositionInMarket');
    return;
  }
  const pnl = unrealisedPnl(position, price);
  if (pnl < 0n && !healthy()) {
    refuse('InsufficientCollateralForSettlingPNL');
    return;
  }
  const wrong = unsettled(session, state, market, said);
  if (wrong !== null) {
    refuse(wrong);
    return;
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
  const excess = poolExcess(market, quote, price);
  const wanted = claimable(position, excess, pnl);
  const amount = settlePools(session, market, quote, wanted);
  if (wanted === 0n) {
    refuse('NoUnsettledPnl');
    return;
  }
  if (amount === 0n) {
    refuse('PnlPoolCantSettleUser');
    return;
  }
  const signer = session.at('authority');
  if (amount >= 0n && excess <= 0n && signer !== user.authority && signer !== user.delegate) {
    refuse('UserMustSettleTheirOwnPositiveUnsettledPNL');
    return;
  }
  movePosition(
    spotPosition(session, user, 0, true),
    quote,
    amount > 0n ? 'deposit' : 'borrow',
    amount > 0n ? amount : -amount,
    false,
  );
  creditQuote(position, market, -amount);
  position.settledPnl += amount;
  user.settledPerpPnl += amount;
  if (session.venue.protocolFees) sweepFees(market, quote, netUserPnl(market, price));
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

/** The vault must hold what depositors have beyond what was lent out. */
function requireVault(session: Session): void {
  const quote = session.spotMarket(0, true);
  const vault = session.context.get(session.at('spotMarketVault'));
  const tokens = vault === null ? 0n : Buffer.from(vault.data).readBigUInt64LE(64);
  const deposits = tokensOf(quote.depositBalance, quote, 'deposit');
  if (tokens < deposits - tokensOf(quote.borrowBalance, quote, 'borrow'))
    fail(session, 'SpotMarketVaultInvariantViolated');
}

function begin(session: Session): { user: Struct; state: Struct } {
  const state = session.load('State', session.at('state'));
  if (state.exchangeStatus & SETTLE_PAUSED) fail(session, 'ExchangePaused');
  const user = session.load('User', session.at('user'));
  user.lastActiveSlot = session.slot;
  return { user, state };
}

/** settle_pnl: settles one market. */
export function settlePnl(session: Session, args: Struct): void {
  const { user, state } = begin(session);
  if (user.poolId !== 0) fail(session, 'InvalidPoolId');
  updateAmm(session, session.perpMarket(args.marketIndex, true), state);
  settleMarket(session, state, user, args.marketIndex, true, () =>
    meets(session, user, 'maintenance', true),
  );
  requireVault(session);
}

/**
 * settle_multiple_pnls: settles several markets; the mode says whether one that cannot be settled
 * fails it.
 */
export function settleMultiplePnls(session: Session, args: Struct): void {
  const { user, state } = begin(session);
  const healthy = meets(session, user, 'maintenance', true);
  for (const marketIndex of args.marketIndexes as number[]) {
    updateAmm(session, session.perpMarket(marketIndex, true), state);
    settleMarket(session, state, user, marketIndex, args.mode === 'mustSettle', () => healthy);
  }
  requireVault(session);
}
