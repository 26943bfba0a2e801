// Money: amounts are whole base units in a bigint; a decimal point exists only in text. Every
// division names its rounding. No function here uses floating point.

/** An amount in the smallest unit of a token: 1 USDC is 1,000,000 base units. */
export type BaseUnits = bigint;
/** An amount of SOL: 1 SOL is 1,000,000,000 lamports. */
export type Lamports = bigint;
/** A share in hundredths of a percent: 10 % is 1,000 basis points, the whole is 10,000. */
export type BasisPoints = number;

export const BPS_WHOLE = 10_000n;
const USDC_DECIMALS = 6;

/** `a * b / c`, rounded towards minus infinity. Throws a RangeError unless `c` is positive. */
export function mulDivFloor(a: bigint, b: bigint, c: bigint): bigint {
  if (c <= 0n) throw new RangeError('mulDivFloor: the divisor must be positive');
  const product = a * b;
  const quotient = product / c;
  return product < 0n && quotient * c !== product ? quotient - 1n : quotient;
}

/** `a * b / c`, rounded towards plus infinity. Throws a RangeError unless `c` is positive. */
export function mulDivCeil(a: bigint, b: bigint, c: bigint): bigint {
  return -mulDivFloor(-a, b, c);
}

/** The smaller of two amounts. */
export function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

/** The larger of two amounts. */
export function most(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

/** Base units as decimal text: `12345678n` with 6 decimals is `12.345678`. Trailing zeros stay. */
export function formatUnits(amount: bigint, decimals: number = USDC_DECIMALS): string {
  const sign = amount < 0n ? '-' : '';
  const digits = (amount < 0n ? -amount : amount).toString().padStart(decimals + 1, '0');
  if (decimals === 0) return sign + digits;
  return `${sign}${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
}

/**
 * Base units of decimal text, the inverse of `formatUnits`: `12.5` with 6 decimals is `12500000n`.
 * Null for any other text: a sign, more decimals, or more than 12 digits before the point.
 */
export function parseUnits(text: string, decimals: number): bigint | null {
  const [, whole, part = ''] = /^(\d{1,12})(?:\.(\d+))?$/.exec(text) ?? [];
  if (whole === undefined || part.length > decimals) return null;
  return BigInt(whole + part.padEnd(decimals, '0'));
}

/** Base units of a decimal string of at most 19 digits, as JSON carries them; null for others. */
export function parseBaseUnits(text: string): BaseUnits | null {
  return /^(0|[1-9][0-9]{0,18})$/.test(text) ? BigInt(text) : null;
}
