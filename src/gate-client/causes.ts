// Causes: why the daemon could not be heard, in words for the log of an engine.

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
 * Words for what `fetch` or the reading of its body threw. The code of the system is kept beside
 * them.
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

/** Words for an answer that is no stream. `detail` is the problem's own. */
export function refusalOf(status: number, detail: string | null, location: string | null): string {
  if (status === 401) return 'the API key was not accepted (401)';
  if (status === 403)
    return 'the API key may not read the gate: it needs the scope gate:read (403)';
  if (status === 404) return 'nothing is there (404): the url is not that of a Bailiff daemon';
  if (status >= 300 && status < 400)
    return `the url leads elsewhere (${status}): give ${location ?? 'the url it leads to'}`;
  return `the daemon answered ${status}${detail === null ? '' : `: ${detail}`}`;
}
