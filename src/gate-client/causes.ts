// Causes: puts the reason why the daemon could not be reached into words for the engine's log.

const CUT = 'the connection was cut';
const LATE = 'the connection could not be made in time';
const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: CUT,
  EPIPE: CUT,
  UND_ERR_SOCKET: CUT,
  ETIMEDOUT: LATE,
  UND_ERR_CONNECT_TIMEOUT: LATE,
  ENOTFOUND: 'the host name is not known',
  EAI_AGAIN: 'the host name could not be looked up',
  EHOSTUNREACH: 'the host cannot be reached',
  ENETUNREACH: 'the network cannot be reached',
};

const codeOf = (thrown: unknown): string | null =>
  thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string'
    ? thrown.code
    : null;

/**
 * Words for an error of `fetch` or of reading its body, with the system's error code in brackets.
 */
export function causeOf(thrown: unknown): string {
  const messages: string[] = [];
  let each: unknown = thrown;
  for (let depth = 0; each instanceof Error && depth < 5; depth++) {
    const code = codeOf(each);
    const words = code === null ? undefined : WORDS[code];
    if (words !== undefined) return `${words} (${code})`;
    if (code !== null && /CERT|SELF_SIGNED|TLS|SSL/.test(code))
      return `its TLS certificate is not accepted (${code})`;
    if (each.message !== '') messages.push(each.message);
    each = each.cause ?? (each instanceof AggregateError ? (each.errors[0] as unknown) : undefined);
  }
  return messages.length === 0 ? String(thrown) : messages.join(': ');
}

/** Words for an answer that is not a stream. `detail` is the `detail` of the problem document. */
export function refusalOf(status: number, detail: string | null, location: string | null): string {
  if (status === 401) return 'the API key was not accepted (401)';
  if (status === 403)
    return 'the API key may not read the gate: it needs the scope gate:read (403)';
  if (status === 404) return 'nothing is there (404): the url is not that of a Bailiff daemon';
  if (status >= 300 && status < 400)
    return `the url leads elsewhere (${status}): give ${location ?? 'the url it leads to'}`;
  return `the daemon answered ${status}${detail === null ? '' : `: ${detail}`}`;
}
