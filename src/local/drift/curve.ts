// Curve: moves the AMM's curve with the oracle (controller/repeg.rs, math/repeg.rs,
// math/cp_curve.rs): the peg follows the oracle price as far as the AMM's fees pay for it, and the
// depth shrinks or grows with funding.
import { least, most } from '../../core/money.ts';
import type { Struct } from './layout.ts';
import { rememberOracle, reservePrice } from './marks.ts';
import { validityOf } from './oracle-validity.ts';
import { fail, type Session } from './session.ts';
import { openSides, updateSpreads } from './spread.ts';

const RESERVE = 1_000_000_000n;
const PERCENT = 1_000_000n;
const CONCENTRATION = 1_000_000n;
/** The largest depth of a curve. */
const DEPTH_MOST = 10n ** 21n;
/** One update changes the depth by a tenth of a percent at most, at full intensity. */
const DEPTH_STEP = 1_000n;
const size = (value: bigint): bigint => (value < 0n ? -value : value);

type Depth = { readonly sqrtK: bigint; readonly base: bigint; readonly quote: bigint };

/**
 * The amount that the AMM would receive for closing its position, at reserves that a change may
 * have moved.
 */
function closingValue(amm: Struct): bigint {
  const held: bigint = amm.baseAssetAmountWithAmm;
  if (held === 0n) return 0n;
  const invariant = (amm.sqrtK as bigint) * amm.sqrtK;
  const after = invariant / ((amm.baseAssetReserve as bigint) + held);
  if (held > 0n) return (((amm.quoteAssetReserve as bigint) - after) * amm.pegMultiplier) / RESERVE;
  const dearer: bigint = after - amm.quoteAssetReserve + 1n;
  return (dearer * amm.pegMultiplier) / RESERVE + 1n;
}

/** The reserves of a curve with another depth at the same price. */
function deepened(session: Session, market: Struct, sqrtK: bigint): Depth {
  const { amm } = market;
  const known: bigint = amm.sqrtK;
  let ratio = (sqrtK * RESERVE) / known;
  if (ratio < RESERVE / 2n) fail(session, 'InvalidUpdateK');
  if (ratio < RESERVE) ratio += 1n;
  else if (sqrtK > DEPTH_MOST) fail(session, 'InvalidUpdateK');
  const shallow = size(amm.baseAssetAmountWithAmm) > sqrtK;
  if (market.status !== 'reduceOnly' && sqrtK < known && shallow) fail(session, 'InvalidUpdateK');
  const base = ((amm.baseAssetReserve as bigint) * ratio) / RESERVE;
  return { sqrtK, base, quote: (sqrtK * sqrtK) / base };
}

/** Sets the AMM's depth, and the bounds and spreads that follow from it. */
function setDepth(amm: Struct, { sqrtK, base, quote }: Depth): void {
  const terminalBase: bigint = base + amm.baseAssetAmountWithAmm;
  Object.assign(amm, {
    sqrtK,
    baseAssetReserve: base,
    quoteAssetReserve: quote,
    terminalQuoteAssetReserve: (sqrtK * sqrtK) / terminalBase,
    minBaseAssetReserve: (terminalBase * CONCENTRATION) / (amm.concentrationCoef as bigint),
    maxBaseAssetReserve: (terminalBase * amm.concentrationCoef) / CONCENTRATION,
  });
  updateSpreads(amm, reservePrice(amm));
}

/** The cost of a change of the curve for the AMM; negative when it gains. */
function costOf(held: bigint, before: bigint, after: bigint): bigint {
  if (held === 0n) return 0n;
  return held > 0n ? after - before : before - after;
}

/** Fees that the protocol keeps: half of all that were charged. */
const feesKept = (amm: Struct): bigint => (amm.totalExchangeFee as bigint) / 2n;
const feesReserved = (amm: Struct): bigint =>
  feesKept(amm) + (amm.totalLiquidationFee as bigint) - (amm.totalFeeWithdrawn as bigint);

/** The part of its fees that the AMM may spend. */
export const feePool = ({ amm }: Struct): bigint =>
  most(0n, (amm.totalFeeMinusDistributions as bigint) - feesReserved(amm));

/** The fees that must remain after funding was paid out of them. */
export const feesLeast = ({ amm }: Struct): bigint => feesKept(amm);

/** Books a cost. False when the fees do not cover it and `bound` says that they must. */
function book(amm: Struct, cost: bigint, bound: boolean): boolean {
  const after: bigint = amm.totalFeeMinusDistributions - cost;
  if (cost > 0n && bound && after < feesReserved(amm)) return false;
  amm.totalFeeMinusDistributions = after;
  amm.netRevenueSinceLastFunding -= cost;
  return true;
}

const pegFor = (amm: Struct, price: bigint): bigint =>
  most(1n, (price * amm.baseAssetReserve) / amm.quoteAssetReserve);
const pegCost = (amm: Struct, peg: bigint): bigint =>
  (((amm.quoteAssetReserve as bigint) - amm.terminalQuoteAssetReserve) *
    (peg - (amm.pegMultiplier as bigint))) /
  RESERVE;

/** The peg that the oracle price asks for, the budget for it, and whether fees must cover it. */
function wanted(market: Struct, oracle: bigint): { peg: bigint; budget: bigint; bound: boolean } {
  const { amm } = market;
  const peg = pegFor(amm, oracle);
  const budget = feePool(market);
  if (budget >= most(0n, pegCost(amm, peg))) return { peg, budget, bound: true };
  const reserve = reservePrice(amm);
  const room = (oracle * BigInt(Math.trunc(amm.maxSpread / 2))) / PERCENT;
  const gap = reserve - oracle;
  if (size(gap) <= room) return { peg, budget, bound: budget !== 0n };
  // The AMM may not quote further from the oracle than its widest spread, at any cost.
  const by = size(gap) - room;
  const nearer = pegFor(amm, gap < 0n ? reserve + by : reserve - by);
  return { peg: nearer, budget: pegCost(amm, nearer), bound: false };
}

/** The cost of one unit of peg, rounded away from zero. */
function costPerPeg(amm: Struct): bigint {
  const off = (amm.quoteAssetReserve as bigint) - amm.terminalQuoteAssetReserve;
  if (off === 0n) return 0n;
  const thousandth = RESERVE / PERCENT;
  const cost = off / thousandth + (off % thousandth > 0n ? 1n : 0n);
  return cost > 0n ? cost + 1n : cost < 0n ? cost - 1n : cost;
}

/** Whether the AMM's position is small enough for its depth to shrink. */
function mayShrink(amm: Struct): boolean {
  const { bids, asks } = openSides(amm);
  const held = size(amm.baseAssetAmountWithAmm);
  return held < least(bids, asks) && held < (amm.sqrtK as bigint) - amm.userLpShares;
}

/** The curve after its peg moved as far toward the wanted one as the budget pays (adjust_amm). */
function adjusted(
  session: Session,
  market: Struct,
  peg: bigint,
  budget: bigint,
): { depth: Depth; peg: bigint; cost: bigint } {
  const { amm } = market;
  const held: bigint = amm.baseAssetAmountWithAmm;
  const same: Depth = {
    sqrtK: amm.sqrtK,
    base: amm.baseAssetReserve,
    quote: amm.quoteAssetReserve,
  };
  if (peg === amm.pegMultiplier) return { depth: same, peg, cost: 0n };
  const delta = peg - amm.pegMultiplier;
  let perPeg = costPerPeg(amm);
  const reach = perPeg === 0n ? 0n : size((budget * PERCENT) / perPeg);
  const earns = (perPeg > 0n && delta < 0n) || (perPeg < 0n && delta > 0n);
  if (perPeg === 0n || earns || reach > size(delta))
    return { depth: same, peg, cost: pegCost(amm, peg) };
  // A shallower curve frees money for moving the peg.
  const changed: Struct = { ...amm };
  let depth = same;
  let freed = 0n;
  if (mayShrink(amm)) {
    const shares: bigint = amm.userLpShares;
    const floor = most(most(shares + shares / 1_000n, amm.minOrderSize), size(held));
    const sqrtK = most(amm.sqrtK - amm.sqrtK / 1_000n, least(amm.sqrtK, floor));
    depth = deepened(session, market, sqrtK);
    const before = closingValue(changed);
    setDepth(changed, depth);
    freed = costOf(held, before, closingValue(changed));
    perPeg = costPerPeg(changed);
  }
  const by = ((budget + size(freed)) * PERCENT) / perPeg;
  const moved = most((amm.pegMultiplier as bigint) + by, 1n);
  return { depth, peg: moved, cost: pegCost(changed, moved) };
}

/**
 * Lets a market follow its oracle: the curve, if it may move, the averages and the spreads. Trades
 * and keepers do this first.
 */
export function updateAmm(session: Session, market: Struct, state: Struct): void {
  if (market.status === 'settlement' || market.status === 'delisted') return;
  const { amm } = market;
  const quote = session.quote(amm.oracle, amm.oracleSource);
  const validity = validityOf(state, market, quote);
  let paid = true;
  if (validity !== 'non_positive' && amm.curveUpdateIntensity > 0) {
    const { peg, budget, bound } = wanted(market, quote.price);
    const change = adjusted(session, market, peg, budget);
    paid = book(amm, change.cost, bound);
    if (paid) {
      setDepth(amm, change.depth);
      amm.pegMultiplier = change.peg;
    }
  }
  const reserve = reservePrice(amm);
  if (validity !== 'non_positive') rememberOracle(market, quote, reserve, session.now);
  amm.lastOracleValid = validity === 'valid';
  if (validity === 'valid' && paid) amm.lastUpdateSlot = session.slot;
  updateSpreads(amm, reserve);
}

/** The factor by which a budget scales the depth, in millionths (calculate_budgeted_k_scale). */
function depthScale(amm: Struct, budget: bigint, intensity: bigint): bigint {
  const [base, quote, peg] = [amm.baseAssetReserve, amm.quoteAssetReserve, amm.pegMultiplier];
  const held: bigint = amm.baseAssetAmountWithAmm;
  const step = (DEPTH_STEP * intensity) / 100n;
  const cost = -budget;
  const sign = cost > 0n ? 1n : -1n;
  const bias = sign * (held > 0n ? 1n : -1n);
  const terminal: bigint = base + held;
  const spread = (((base * terminal) / RESERVE) * size(cost)) / PERCENT;
  const moved = ((((size(cost) * size(terminal)) / PERCENT) * size(held)) / RESERVE) * bias;
  const risk = (((((quote * size(held)) / RESERVE) * size(held)) / RESERVE) * peg) / PERCENT;
  if (sign < 0n && spread > risk) return PERCENT + step;
  const above = (risk - moved) / 1_000n;
  const below = (spread * sign + risk) / 1_000n;
  const [numerator, denominator] = [size(above), size(below)];
  if (above * below <= 0n) throw new Error('the program panics at a scale of nothing');
  const scale = (numerator * PERCENT) / denominator;
  return numerator > denominator ? least(scale, PERCENT + step) : most(scale, PERCENT - step);
}

/**
 * Lets the depth grow with half of the AMM's funding income, or shrink by half of its funding cost
 * (formulaic_update_k). `revenue` is that income, negative for a cost.
 */
export function updateDepth(session: Session, market: Struct, revenue: bigint): void {
  const { amm } = market;
  const earned: bigint = amm.netRevenueSinceLastFunding;
  const wide = Math.max(amm.longSpread, amm.shortSpread) > amm.baseSpread;
  const cost = -revenue;
  const budget =
    cost < 0n ? (wide ? 0n : size(cost / 2n)) : earned < cost ? (most(0n, earned) - cost) / 2n : 0n;
  const grows = budget > 0n && amm.sqrtK < DEPTH_MOST;
  if (!grows && !(budget < 0n && mayShrink(amm))) return;
  const before = Object.fromEntries(
    ['pegMultiplier', 'baseAssetReserve', 'quoteAssetReserve', 'sqrtK'].map((name) => [
      `${name}Before`,
      amm[name] as bigint,
    ]),
  );
  const scale = depthScale(amm, budget, BigInt(amm.curveUpdateIntensity));
  const depth = deepened(
    session,
    market,
    most((amm.sqrtK * scale) / PERCENT, (amm.userLpShares as bigint) + 1n),
  );
  const changed: Struct = { ...amm };
  const value = closingValue(changed);
  setDepth(changed, depth);
  const adjustmentCost = costOf(amm.baseAssetAmountWithAmm, value, closingValue(changed));
  if (!book(amm, adjustmentCost, true)) return;
  setDepth(amm, depth);
  session.emitData('CurveRecord', {
    ...before,
    ts: session.now,
    recordId: market.nextCurveRecordId++,
    marketIndex: market.marketIndex,
    pegMultiplierAfter: amm.pegMultiplier,
    baseAssetReserveAfter: amm.baseAssetReserve,
    quoteAssetReserveAfter: amm.quoteAssetReserve,
    sqrtKAfter: amm.sqrtK,
    baseAssetAmountLong: size(amm.baseAssetAmountLong),
    baseAssetAmountShort: size(amm.baseAssetAmountShort),
    baseAssetAmountWithAmm: amm.baseAssetAmountWithAmm,
    numberOfUsers: market.numberOfUsers,
    adjustmentCost,
    totalFee: amm.totalFee,
    totalFeeMinusDistributions: amm.totalFeeMinusDistributions,
    oraclePrice: amm.historicalOracleData.lastOraclePrice,
    fillRecord: market.nextFillRecordId,
  });
}
