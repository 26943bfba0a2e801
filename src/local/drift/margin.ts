// Margin: collateral and requirement of a cross-margined user (math/margin.rs): spot deposits at
// asset weight, borrows at liability weight, perps at their margin ratio as if every open order
// were filled, positive unrealised PnL at its own weight, all at oracle prices. The strict variant,
// which withdrawals and new orders must pass, takes the worse of the price and its five-minute
// average.
import { most, mulDivFloor } from '../../core/money.ts';
import { fundingOf } from './funding.ts';
import type { Struct } from './layout.ts';
import type { Session } from './session.ts';
import { signedTokens } from './spot.ts';

const WEIGHT = 10_000n;
const BASE = 1_000_000_000n;
const PRICE = 1_000_000n;
/** The amount in quote units that each open order adds to the requirement. */
const OPEN_ORDER = 10_000n;

export type MarginKind = 'initial' | 'fill' | 'maintenance';
export type Margin = {
  readonly collateral: bigint;
  readonly requirement: bigint;
  readonly hasLiability: boolean;
};

/** Whether a perp position's slot is in use. */
export function perpIsUsed(position: Struct): boolean {
  return (
    position.baseAssetAmount !== 0n ||
    position.quoteAssetAmount !== 0n ||
    position.openOrders !== 0 ||
    position.isolatedPositionScaledBalance !== 0n
  );
}

const size = (value: bigint): bigint => (value < 0n ? -value : value);

/**
 * The unrealised PnL of a perp position at a price: its base at that price plus its quote amount,
 * QUOTE precision.
 */
export const unrealisedPnl = (position: Struct, price: bigint): bigint =>
  (position.baseAssetAmount * price) / BASE + position.quoteAssetAmount;

/**
 * The base that a position would have if all its open bids, or all its asks, were filled: the
 * larger of the two.
 */
export function worstBase(position: Struct): bigint {
  const bids: bigint = position.baseAssetAmount + position.openBids;
  const asks: bigint = position.baseAssetAmount + position.openAsks;
  return size(bids) > size(asks) ? bids : asks;
}

/** A weight or ratio of a market; the one for fills is the mean of the other two. */
function between(initial: number, maintenance: number, kind: MarginKind): bigint {
  if (kind === 'initial') return BigInt(initial);
  if (kind === 'maintenance') return BigInt(maintenance);
  return (BigInt(initial) + BigInt(maintenance)) / 2n;
}

type Strict = { readonly least: bigint; readonly most: bigint; readonly now: bigint };
function strictPrice(session: Session, market: Struct, strict: boolean): Strict {
  const now = session.price(market.oracle, market.oracleSource);
  const average: bigint = market.historicalOracleData.lastOraclePriceTwap5min;
  return strict
    ? { now, least: now < average ? now : average, most: most(now, average) }
    : { now, least: now, most: now };
}

/** The collateral and requirement that one position adds, and the value of its debt. */
export type MarginPart = Margin & {
  readonly kind: 'spot' | 'perp';
  readonly market: number;
  readonly value: bigint;
};

function addSpot(
  session: Session,
  position: Struct,
  kind: MarginKind,
  strict: boolean,
): MarginPart {
  const market = session.spotMarket(position.marketIndex);
  const price = strictPrice(session, market, strict);
  const tokens = signedTokens(position, market);
  const value = mulDivFloor(
    tokens * (tokens > 0n ? price.least : price.most),
    1n,
    10n ** BigInt(market.decimals),
  );
  const part = { kind: 'spot', market: position.marketIndex as number } as const;
  if (value >= 0n) {
    const weight = between(market.initialAssetWeight, market.maintenanceAssetWeight, kind);
    const collateral = (value * weight) / WEIGHT;
    return { ...part, collateral, requirement: 0n, value: 0n, hasLiability: false };
  }
  const weight = between(market.initialLiabilityWeight, market.maintenanceLiabilityWeight, kind);
  const requirement = (-value * weight) / WEIGHT;
  return { ...part, collateral: 0n, requirement, value: -value, hasLiability: true };
}

function addPerp(
  session: Session,
  position: Struct,
  kind: MarginKind,
  strict: boolean,
): MarginPart {
  const market = session.perpMarket(position.marketIndex);
  const quote = strictPrice(session, session.spotMarket(0), strict);
  const price = session.price(market.amm.oracle, market.amm.oracleSource);
  const pnl = unrealisedPnl(position, price) + fundingOf(position, market);
  const value = (((size(worstBase(position)) * price) / BASE) * quote.most) / PRICE;
  const ratio = between(market.marginRatioInitial, market.marginRatioMaintenance, kind);
  const requirement = (value * ratio) / WEIGHT + BigInt(position.openOrders as number) * OPEN_ORDER;
  const weight =
    kind === 'maintenance'
      ? market.unrealizedPnlMaintenanceAssetWeight
      : market.unrealizedPnlInitialAssetWeight;
  const weighed = pnl > 0n ? (pnl * BigInt(weight)) / WEIGHT : pnl;
  return {
    kind: 'perp',
    market: position.marketIndex,
    value,
    collateral: (weighed * (pnl > 0n ? quote.least : quote.most)) / PRICE,
    requirement,
    hasLiability:
      position.baseAssetAmount !== 0n ||
      position.quoteAssetAmount < 0n ||
      position.openOrders !== 0,
  };
}

/** The collateral and the requirement that every position of an account adds. */
export function marginParts(
  session: Session,
  user: Struct,
  kind: MarginKind,
  strict = false,
): MarginPart[] {
  return [
    ...(user.spotPositions as Struct[])
      .filter((each) => each.scaledBalance !== 0n)
      .map((each) => addSpot(session, each, kind, strict)),
    ...(user.perpPositions as Struct[])
      .filter(perpIsUsed)
      .map((each) => addPerp(session, each, kind, strict)),
  ];
}

/** Collateral and requirement of an account. */
export function marginOf(session: Session, user: Struct, kind: MarginKind, strict = false): Margin {
  return marginParts(session, user, kind, strict).reduce<Margin>(
    (sum, each) => ({
      collateral: sum.collateral + each.collateral,
      requirement: sum.requirement + each.requirement,
      hasLiability: sum.hasLiability || each.hasLiability,
    }),
    { collateral: 0n, requirement: 0n, hasLiability: false },
  );
}

/** Whether the collateral covers the requirement. */
export function meets(session: Session, user: Struct, kind: MarginKind, strict = false): boolean {
  const { collateral, requirement } = marginOf(session, user, kind, strict);
  return collateral >= requirement;
}

/**
 * The most of a deposit that can be withdrawn at the plain price; the strict variant may still
 * refuse it.
 */
export function maxWithdrawable(
  session: Session,
  user: Struct,
  position: Struct,
  market: Struct,
): bigint {
  const tokens = size(signedTokens(position, market));
  const weight = BigInt(market.initialAssetWeight);
  if (weight === 0n) return 2n ** 64n - 1n;
  const { collateral, requirement, hasLiability } = marginOf(session, user, 'initial');
  if (!hasLiability) return tokens;
  const free = most(0n, collateral - requirement - session.venue.withdrawalBuffer);
  const price = session.price(market.oracle, market.oracleSource);
  const increase = 10n ** BigInt(market.decimals - 6);
  return ((((free * WEIGHT) / weight) * PRICE) / price) * increase;
}
