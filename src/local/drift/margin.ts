// Margin: collateral and requirement of a cross-margined user, as far as this world's markets go: spot deposits at
// asset weight, borrows at liability weight, perps at their margin ratio, positive unrealised PnL at its own weight.
// Prices are the oracle's. The strict variant, which a withdrawal must pass, takes the worse of price and five-minute average;
// the program's average of a price that never moves ends one unit above it.
import { mulDivCeil, mulDivFloor } from '../../core/money.ts';
import type { Struct } from './layout.ts';
import type { Session } from './session.ts';
import { signedTokens } from './spot.ts';

const WEIGHT = 10_000n;
const BASE = 1_000_000_000n;
const PRICE = 1_000_000n;

export type MarginKind = 'initial' | 'maintenance';
export type Margin = {
  readonly collateral: bigint;
  readonly requirement: bigint;
  readonly hasLiability: boolean;
};

export function perpIsUsed(position: Struct): boolean {
  return (
    position.baseAssetAmount !== 0n ||
    position.quoteAssetAmount !== 0n ||
    position.openOrders !== 0 ||
    position.isolatedPositionScaledBalance !== 0n
  );
}

/** Value of a perp position at a price plus what it has in quote: its PnL, QUOTE precision. */
export function unrealisedPnl(position: Struct, price: bigint): bigint {
  return mulDivFloor(position.baseAssetAmount * price, 1n, BASE) + position.quoteAssetAmount;
}

/** Quote units at the strict price. */
const strictly = (value: bigint): bigint => mulDivCeil(value, PRICE + 1n, PRICE);

export function marginOf(session: Session, user: Struct, kind: MarginKind, strict = false): Margin {
  let collateral = 0n;
  let requirement = 0n;
  let hasLiability = false;
  for (const position of user.spotPositions as Struct[]) {
    if (position.scaledBalance === 0n) continue;
    const market = session.spotMarket(position.marketIndex);
    const price = session.price(market.oracle, market.oracleSource);
    const tokens = signedTokens(position, market);
    const value = mulDivFloor(tokens * price, 1n, 10n ** BigInt(market.decimals));
    if (tokens >= 0n) collateral += (value * BigInt(market[`${kind}AssetWeight`])) / WEIGHT;
    else {
      requirement += (-value * BigInt(market[`${kind}LiabilityWeight`])) / WEIGHT;
      hasLiability = true;
    }
  }
  for (const position of user.perpPositions as Struct[]) {
    if (!perpIsUsed(position)) continue;
    const market = session.perpMarket(position.marketIndex);
    const price = session.price(market.amm.oracle, market.amm.oracleSource);
    const ratio = kind === 'initial' ? market.marginRatioInitial : market.marginRatioMaintenance;
    const base =
      position.baseAssetAmount < 0n ? -position.baseAssetAmount : position.baseAssetAmount;
    const notional = (base * price) / BASE;
    requirement += ((strict ? strictly(notional) : notional) * BigInt(ratio)) / WEIGHT;
    const flat = unrealisedPnl(position, price);
    const pnl = strict && flat < 0n ? -strictly(-flat) : flat;
    const weight =
      kind === 'initial'
        ? market.unrealizedPnlInitialAssetWeight
        : market.unrealizedPnlMaintenanceAssetWeight;
    collateral += pnl > 0n ? (pnl * BigInt(weight)) / WEIGHT : pnl;
    hasLiability ||= base > 0n || position.quoteAssetAmount < 0n;
  }
  return { collateral, requirement, hasLiability };
}

/** The most that can be withdrawn of a deposit without failing the initial margin check. */
export function maxWithdrawable(
  session: Session,
  user: Struct,
  position: Struct,
  market: Struct,
): bigint {
  const tokens = signedTokens(position, market);
  if (tokens <= 0n) return 0n;
  const { collateral, requirement, hasLiability } = marginOf(session, user, 'initial');
  if (!hasLiability) return tokens;
  const free = collateral - requirement - 1n;
  if (free <= 0n) return 0n;
  const weight = BigInt(market.initialAssetWeight);
  if (weight === 0n) return tokens;
  const price = session.price(market.oracle, market.oracleSource);
  const scale = 10n ** BigInt(market.decimals);
  return (((free * WEIGHT) / weight) * PRICE * scale) / (price * 1_000_000n);
}
