// Options: checks the options of a gate client when it is created, because with a wrong URL or key
// every attempt to connect would fail.

export type GateClientErrorCode =
  | 'url_invalid'
  | 'api_key_invalid'
  | 'snapshot_invalid'
  | 'not_ready'
  | 'closed';

/** The error that the client throws or rejects with. Its message never contains the API key. */
export class GateClientError extends Error {
  override readonly name = 'GateClientError';
  readonly code: GateClientErrorCode;
  constructor(code: GateClientErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * Returns the daemon's URL without a slash at its end. The path is kept, for a daemon behind a
 * proxy. Throws a GateClientError `url_invalid` for a text without http:// or https://, with
 * credentials, with a query or with a fragment.
 */
export function checkUrl(text: string): string {
  const wrong = (why: string): never => {
    throw new GateClientError('url_invalid', `The gate client's url ${why}.`);
  };
  if (typeof text !== 'string' || text.trim() === '') return wrong('is empty');
  const given = text.trim();
  if (!/^https?:\/\//i.test(given))
    return wrong(
      /^[a-z][a-z0-9+.-]*:\/\//i.test(given)
        ? 'must begin with http:// or https://'
        : `must begin with http:// or https://, such as http://${given.split('@').at(-1)}`,
    );
  if (!URL.canParse(given)) return wrong('cannot be read as a URL');
  const url = new URL(given);
  if (url.username !== '' || url.password !== '')
    return wrong('must not hold a user or password: give apiKey instead');
  if (url.search !== '' || url.hash !== '') return wrong('must not have a query or a fragment');
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '');
}

/**
 * Returns the key without blanks around it; null for no key or an empty one. Throws a
 * GateClientError `api_key_invalid` for a key with other characters than visible ASCII.
 */
export function checkApiKey(key: string | undefined): string | null {
  const given = key?.trim() ?? '';
  if (given === '') return null;
  if (!/^[\x21-\x7e]+$/.test(given))
    throw new GateClientError(
      'api_key_invalid',
      'The API key has a blank, a line break or a character outside ASCII in it.',
    );
  return given;
}
