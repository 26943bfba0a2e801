// Liquidation math: how much of an account's liabilities a liquidator may take over, and what is
// given for it (math/liquidation.rs). Everything is rounded as the program does.
import { least, most, mulDivCeil } from '../../core/money.ts';

const FEE = 1_000_000n;
const PRICE = 1_000_000n;
const QUOTE = 1_000_000n;
const BASE = 1_000_000_000n;
const WEIGHT = 10_000n;
/** Ratios are kept in ten-thousandths, fees in millionths. */
const RATIO_TO_FEE = 100n;
const UNBOUNDED = 2n ** 128n - 1n;
/** The whole, in parts of what may be taken over at once. */
const PART_WHOLE = 10_000n;
const floor = (value: bigint): bigint => most(value, 0n);

/** One side of a takeover: tokens of a market, or the profit or loss of a perp position. */
export type Side = {
  readonly amount: bigint;
  readonly decimals: number;
  /** PRICE precision. */
  readonly price: bigint;
  /** In ten-thousandths; of a liability with the State's buffer. */
  readonly weight: bigint;
  /**
   * The part of the price that the liquidator pays or gets, in millionths: 1,000,000 is the price.
   */
  readonly multiplier: bigint;
};

/**
 * Millionths that the insurance fund gets of a perp position: what the shortage leaves, at most.
 */
export function perpInsuranceFee(
  shortage: bigint,
  base: bigint,
  ratio: bigint,
  liquidatorFee: bigint,
  price: bigint,
  quotePrice: bigint,
  highest: bigint,
): bigint {
  const whole = ratio * RATIO_TO_FEE;
  if (price === 0n || whole <= liquidatorFee || base === 0n) return 0n;
  const lacking = (((shortage * BASE) / base) * PRICE) / ((price * quotePrice) / PRICE);
  return least(highest, (floor(whole - liquidatorFee - lacking) * 19n) / 20n);
}

/** Base that brings an account back to its margin; null where no amount does. */
export function baseToCover(
  shortage: bigint,
  ratio: bigint,
  liquidatorFee: bigint,
  insuranceFee: bigint,
  price: bigint,
  quotePrice: bigint,
): bigint | null {
  const whole = ratio * RATIO_TO_FEE;
  if (price === 0n || whole <= liquidatorFee) return null;
  const valued = (price * quotePrice) / PRICE;
  const freed = (valued * (whole - liquidatorFee)) / FEE - (price * insuranceFee) / FEE;
  return (shortage * BASE) / freed;
}

/** Millionths that the insurance fund gets of a borrow. */
export function spotInsuranceFee(
  shortage: bigint,
  asset: Side,
  liability: Side,
  highest: bigint,
): bigint {
  const none = liability.price === 0n || liability.amount === 0n || liability.multiplier === 0n;
  if (asset.weight >= liability.weight || none) return 0n;
  const [given, owed] = [asset.weight * RATIO_TO_FEE, liability.weight * RATIO_TO_FEE];
  const unit = 10n ** BigInt(liability.decimals);
  const lacking = (shortage * FEE * unit) / liability.amount / liability.price;
  const left = floor(floor(owed - (given * asset.multiplier) / liability.multiplier) - lacking);
  return least(highest, (left * FEE) / owed);
}

/** Liability that brings an account back to its margin. */
export function liabilityToCover(
  shortage: bigint,
  asset: Side,
  liability: Side,
  insuranceFee: bigint,
): bigint {
  const owed = liability.weight * 10n;
  const given = (asset.weight * 10n * asset.multiplier) / liability.multiplier;
  if (asset.weight >= liability.weight || given >= owed) return UNBOUNDED;
  const { decimals, price } = liability;
  const scale = decimals > 6 ? 10n ** BigInt(decimals - 6) : 1n;
  const divisor = decimals > 6 ? 1n : 10n ** BigInt(6 - decimals);
  const fee = ((price * insuranceFee) / FEE) * liability.weight * 10n;
  return (shortage * scale * PRICE * WEIGHT * 10n) / (price * (owed - given) - fee) / divisor;
}

/** The part of a shortage, in ten-thousandths, that may be covered now: it grows with time. */
export function partAllowed(
  shortage: bigint,
  freed: bigint,
  slots: bigint,
  initial: bigint,
  duration: bigint,
): bigint {
  if (shortage < 50n * QUOTE) return PART_WHOLE;
  const byTime = duration === 0n ? PART_WHOLE : (slots * PART_WHOLE) / duration;
  const part = least(byTime + initial, PART_WHOLE);
  const freeable = floor(((shortage + freed) * part) / PART_WHOLE - freed);
  return (freeable * PART_WHOLE) / shortage;
}

/** A part of an amount, which may be unbounded. */
export const partOf = (amount: bigint, part: bigint): bigint =>
  least(amount * part, UNBOUNDED) / PART_WHOLE;

/** Liability that all of the asset would pay for. */
function impliedByAsset(asset: Side, liability: Side): bigint {
  const more = liability.decimals - asset.decimals;
  const scale = more > 0 ? 10n ** BigInt(more) : 1n;
  const divisor = more > 0 ? 1n : 10n ** BigInt(-more);
  const value = asset.amount * scale * asset.price * liability.multiplier;
  return mulDivCeil(mulDivCeil(value, 1n, liability.price * asset.multiplier), 1n, divisor);
}

/** Asset that is given for a liability; all of it where less than a unit of quote would be left. */
function assetFor(asset: Side, liability: Side, transfer: bigint): bigint {
  const more = asset.decimals - liability.decimals;
  const scale = more > 0 ? 10n ** BigInt(more) : 1n;
  const divisor = more > 0 ? 1n : 10n ** BigInt(-more);
  const value = transfer * scale * liability.price * asset.multiplier;
  const given = most(1n, value / (asset.price * liability.multiplier) / divisor);
  const left = given > asset.amount ? given - asset.amount : asset.amount - given;
  const unit = asset.decimals > 6 ? 10n ** BigInt(asset.decimals - 6) : 1n;
  return ((left * asset.price) / PRICE) * unit < QUOTE ? asset.amount : given;
}

/** The amounts of a liability that is taken over, and of the asset that is given for it. */
export function takeover(
  asset: Side,
  liability: Side,
  allowed: bigint,
  wanted: bigint,
): { liability: bigint; asset: bigint } {
  const value = (liability.amount * liability.price) / 10n ** BigInt(liability.decimals);
  const dust = value > 10n * QUOTE ? 0n : liability.amount;
  const transfer = [liability.amount, most(allowed, dust), impliedByAsset(asset, liability)].reduce(
    least,
    wanted,
  );
  return { liability: transfer, asset: assetFor(asset, liability, transfer) };
}
