// Redaction: removes secrets from texts and URLs before they are shown or kept. A client may put a
// key into a reason or a token into a URL; neither may reach a log line, the audit, an event or an
// answer.
import { base58Bytes } from './ids.ts';

/** A keypair in the form that the Solana CLI writes. */
const NUMBERS = /\[\s*(?:\d{1,3}\s*,\s*){31,}\d{1,3}\s*\]/;
/** Patterns of secrets in a text, each with the text that replaces it. */
const SECRET_TEXTS: readonly (readonly [RegExp, string])[] = [
  [/([?&](?:api-key|api_key|apikey|token|key|secret)=)[^&\s"']+/gi, '$1…'],
  [/(\w+:\/\/[^:@/\s]+:)[^@\s]+@/g, '$1…@'],
  [/\b(Bearer|Basic)\s+[\w.~+/=-]+/gi, '$1 …'],
  [/\bwhsec_[\w+/=-]+/g, 'whsec_…'],
  [/\b(bailiff_[a-z0-9]+_)[\w-]{16,}/g, '$1…'],
  [new RegExp(NUMBERS, 'g'), '[…]'],
];
/** Texts of 64 bytes, each with the function that reads their bytes. */
const SIXTY_FOUR_BYTES: readonly (readonly [RegExp, (text: string) => Uint8Array | null])[] = [
  [/[1-9A-HJ-NP-Za-km-z]{80,90}/g, base58Bytes],
  [/(?<![\da-f])[\da-f]{128}(?![\da-f])/gi, (text) => Buffer.from(text, 'hex')],
  [/(?<![\w+/-])[\w+/-]{86}(?![\w+/-])/g, (text) => Buffer.from(text, 'base64')],
];
/** A path segment long enough to be a token, as chat services put into their URLs. */
const TOKEN_SEGMENT = /^[\w-]{20,}$/;
const SHOWN_OF_A_TOKEN = 4;

/**
 * The text with API keys, bearer values, signing secrets, passwords in URLs and keypairs replaced
 * by `…`.
 */
export function withoutSecretText(text: string): string {
  return SECRET_TEXTS.reduce((left, [pattern, shown]) => left.replace(pattern, shown), text);
}

/** Removes secrets from what a client or an operator gives. */
export type Redaction = {
  /**
   * The text as `withoutSecretText` gives it, and without keypairs in base58, base64 or hex.
   * Signatures stay.
   */
  text(text: string): string;
  /** Whether the text holds a keypair, in one of these forms or as an array of numbers. */
  holdsKeypair(text: string): boolean;
};

/** Creates the redaction. `isKeypair` tells whether 64 bytes are a keypair. */
export function createRedaction(isKeypair: (bytes: Uint8Array) => boolean): Redaction {
  const withoutKeypairs = (text: string): string =>
    SIXTY_FOUR_BYTES.reduce(
      (left, [pattern, read]) =>
        left.replace(pattern, (each) => {
          const bytes = read(each);
          return bytes !== null && isKeypair(bytes) ? '…' : each;
        }),
      text,
    );
  return {
    text: (text) => withoutKeypairs(withoutSecretText(text)),
    holdsKeypair: (text) => NUMBERS.test(text) || withoutKeypairs(text) !== text,
  };
}

/**
 * A URL as it may be shown: without user name and password, without the values of its query, and
 * with path segments of 20 characters and more cut to their first 4. A text that is no URL is
 * treated as text.
 */
export function withoutSecretUrl(text: string): string {
  const url = URL.parse(text);
  if (url === null) return withoutSecretText(text);
  const path = url.pathname
    .split('/')
    .map((each) => (TOKEN_SEGMENT.test(each) ? `${each.slice(0, SHOWN_OF_A_TOKEN)}…` : each))
    .join('/');
  const query = [...url.searchParams.keys()].map((name) => `${name}=…`).join('&');
  return `${url.protocol}//${url.host}${path}${query === '' ? '' : `?${query}`}`;
}
