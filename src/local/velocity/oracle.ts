// Oracle: the price accounts of Velocity, which are Pyth Lazer feeds: the price with its exponent,
// the time of its publication, the slot in which it was posted, and its confidence.
import type { Account } from '../chain/account.ts';
import type { Quote } from '../drift/stand-in.ts';

/** The exponent of PRICE precision. */
const PRICE_EXPONENT = -6;
const ONE = 1_000_000n;
/**
 * A stable coin at most this far from a dollar counts as one dollar. PRICE precision: 5 basis
 * points.
 */
const NEAR = 500n;

const least = (a: bigint, b: bigint): bigint => (a < b ? a : b);

/**
 * Reads a feed. A stable coin whose price lies within its confidence and five basis points of a
 * dollar counts as one.
 */
export function readLazer({ data }: Account, slot: bigint, source: string): Quote {
  const bytes = Buffer.from(data);
  const by = bytes.readInt32LE(32) - PRICE_EXPONENT;
  const scaled = (value: bigint): bigint =>
    by < 0 ? value / 10n ** BigInt(-by) : value * 10n ** BigInt(by);
  const said = scaled(bytes.readBigInt64LE(8));
  const confidence = scaled(bytes.readBigUInt64LE(40));
  const off = said > ONE ? said - ONE : ONE - said;
  const stable = source === 'pythLazerStableCoin' && off <= least(confidence, NEAR);
  return { price: stable ? ONE : said, confidence, delay: slot - bytes.readBigUInt64LE(24) };
}
