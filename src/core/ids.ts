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
const DIGIT = new Map([...ALPHABET].map((character, value) => [character, value]));

/** The bytes of base58 text; null when the text is not base58. */
export function base58Bytes(text: string): Uint8Array | null {
  const bytes: number[] = [];
  for (const character of text) {
    let carry = DIGIT.get(character);
    if (carry === undefined) return null;
    for (let i = 0; i < bytes.length; i++) {
      carry += bytes[i]! * 58;
      bytes[i] = carry & 0xff;
      carry >>= 8;
    }
    for (; carry > 0; carry >>= 8) bytes.push(carry & 0xff);
  }
  for (let i = 0; i < text.length && text[i] === '1'; i++) bytes.push(0);
  return Uint8Array.from(bytes.reverse());
}

/** The base58 text of bytes. */
export function base58Text(bytes: Uint8Array): string {
  const digits: number[] = [];
  for (const byte of bytes) {
    let carry = byte;
    for (let i = 0; i < digits.length; i++) {
      carry += digits[i]! << 8;
      digits[i] = carry % 58;
      carry = (carry / 58) | 0;
    }
    for (; carry > 0; carry = (carry / 58) | 0) digits.push(carry % 58);
  }
  let text = '';
  for (let i = 0; i < bytes.length && bytes[i] === 0; i++) text += '1';
  for (let i = digits.length - 1; i >= 0; i--) text += ALPHABET[digits[i]!];
  return text;
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
