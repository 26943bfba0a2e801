// Ids: identities on chain as base58 text. Each has a brand, so that an address cannot be used
// where a signature is expected.

declare const brand: unique symbol;
/** A Solana account address: 32 bytes in base58. */
export type Address = string & { readonly [brand]: 'address' };
/** A transaction signature: 64 bytes in base58. */
export type Signature = string & { readonly [brand]: 'signature' };
/** A slot number. Slots stay far below 2^53, so a number holds them exactly. */
export type Slot = number;

const ALPHABET = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
/** The value of each character code; -1 for a character that base58 does not have. */
const DIGITS = new Int8Array(128).fill(-1);
for (const [value, character] of [...ALPHABET].entries()) DIGITS[character.charCodeAt(0)] = value;

/**
 * Five base58 digits or two bytes are converted at a time: 58^5 lies below 2^30, so each product
 * with 2^16 stays below 2^46, which a number holds exactly.
 */
const GROUP = 5;
const GROUP_VALUE = 58 ** GROUP;
const PAIR_VALUE = 2 ** 16;
/** The character that stands for a byte 0 at the front. */
const ONE = ALPHABET.charCodeAt(0);

/** The bytes of base58 text; null when the text is not base58. */
export function base58Bytes(text: string): Uint8Array | null {
  let zeros = 0;
  while (zeros < text.length && text[zeros] === '1') zeros++;
  /** The number so far, in pairs of bytes, the lowest first. */
  const pairs: number[] = [];
  // The first group is the short one, so that all others have five digits.
  for (let from = zeros; from < text.length; ) {
    const upto = from + ((text.length - from) % GROUP || GROUP);
    let carry = 0;
    for (; from < upto; from++) {
      const digit = DIGITS[text.charCodeAt(from)] ?? -1;
      if (digit < 0) return null;
      carry = carry * ALPHABET.length + digit;
    }
    for (let i = 0; i < pairs.length; i++) {
      const value = pairs[i]! * GROUP_VALUE + carry;
      carry = Math.floor(value / PAIR_VALUE);
      pairs[i] = value - carry * PAIR_VALUE;
    }
    for (; carry > 0; carry = Math.floor(carry / PAIR_VALUE)) pairs.push(carry % PAIR_VALUE);
  }
  const highest = pairs.at(-1) ?? 0;
  const length = 2 * pairs.length - (pairs.length > 0 && highest < 256 ? 1 : 0);
  const bytes = new Uint8Array(zeros + length);
  for (let i = 0; i < length; i++) {
    const pair = pairs[i >> 1]!;
    bytes[bytes.length - 1 - i] = i % 2 === 0 ? pair & 0xff : pair >> 8;
  }
  return bytes;
}

/** The base58 text of bytes. */
export function base58Text(bytes: Uint8Array): string {
  let zeros = 0;
  while (zeros < bytes.length && bytes[zeros] === 0) zeros++;
  /** The number so far, in groups of five digits, the lowest first. */
  const groups: number[] = [];
  for (let at = zeros; at < bytes.length; ) {
    // The first step takes one byte where their number is odd.
    const isOdd = (bytes.length - at) % 2 === 1;
    let carry = isOdd ? bytes[at]! : bytes[at]! * 256 + bytes[at + 1]!;
    at += isOdd ? 1 : 2;
    for (let i = 0; i < groups.length; i++) {
      const value = groups[i]! * PAIR_VALUE + carry;
      carry = Math.floor(value / GROUP_VALUE);
      groups[i] = value - carry * GROUP_VALUE;
    }
    for (; carry > 0; carry = Math.floor(carry / GROUP_VALUE)) groups.push(carry % GROUP_VALUE);
  }
  // The characters are collected as bytes. A text that grew by one character at a time would stay a
  // chain of some 30 strings and 1,100 bytes in memory for as long as something keeps it.
  const characters = Buffer.allocUnsafe(zeros + groups.length * GROUP);
  let first = characters.length;
  for (let place = 0; place < groups.length; place++) {
    const isHighest = place === groups.length - 1;
    let rest = groups[place]!;
    for (let digit = 0; isHighest ? rest > 0 : digit < GROUP; digit++) {
      characters[--first] = ALPHABET.charCodeAt(rest % ALPHABET.length);
      rest = Math.floor(rest / ALPHABET.length);
    }
  }
  for (let zero = 0; zero < zeros; zero++) characters[--first] = ONE;
  return characters.toString('latin1', first);
}

/** Whether the text is the base58 form of exactly 32 bytes. */
export function isAddress(text: string): text is Address {
  return text.length >= 32 && text.length <= 44 && base58Bytes(text)?.length === 32;
}

/** Whether the text is the base58 form of exactly 64 bytes. */
export function isSignature(text: string): text is Signature {
  return text.length >= 64 && text.length <= 88 && base58Bytes(text)?.length === 64;
}

/** Returns the text as an address. Throws a RangeError when it is not one. */
export function address(text: string): Address {
  if (!isAddress(text)) throw new RangeError(`not a Solana address: ${text.slice(0, 60)}`);
  return text;
}

/** Returns the text as a signature. Throws a RangeError when it is not one. */
export function signature(text: string): Signature {
  if (!isSignature(text))
    throw new RangeError(`not a transaction signature: ${text.slice(0, 100)}`);
  return text;
}
