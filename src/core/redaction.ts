// Redaction: removes secrets from texts and URLs before they are shown or kept. A client may put a
// key into a reason or a token into a URL; neither may reach a log line, the audit, an event or an
// answer.

/** Patterns of secrets in a text, each with the text that replaces it. */
const SECRET_TEXTS: readonly (readonly [RegExp, string])[] = [
  [/([?&](?:api-key|api_key|apikey|token|key|secret)=)[^&\s"']+/gi, '$1…'],
  [/(\w+:\/\/[^:@/\s]+:)[^@\s]+@/g, '$1…@'],
  [/\b(Bearer|Basic)\s+[\w.~+/=-]+/gi, '$1 …'],
  [/\bwhsec_[\w+/=-]+/g, 'whsec_…'],
  [/\b(bailiff_[a-z0-9]+_)[\w-]{16,}/g, '$1…'],
  // A keypair in the form that the Solana CLI writes.
  [/\[\s*(?:\d{1,3}\s*,\s*){31,}\d{1,3}\s*\]/g, '[…]'],
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
