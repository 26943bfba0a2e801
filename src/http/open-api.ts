// Open API: while no API key was ever made, every program of the machine may use the API. A web
// page that a browser on that machine shows may not: it sends requests to loopback as well, under
// its own origin or under a name of its own that its DNS server resolves to loopback.
import type { IncomingHttpHeaders } from 'node:http';
import { Fault } from '../core/fault.ts';
import { isLoopback } from '../core/loopback.ts';

const REMEDY =
  'Until an API key is made, the API serves only programs of this machine. Make one (`bailiff api-keys create`), and send it as Authorization: Bearer.';

/** The host of an origin or of a Host header, with its port; null when there is none. */
const hostOf = (text: string): string | null => URL.parse(text)?.host ?? null;

/**
 * Throws `unauthorised` unless the request names loopback as its host, and no page of another
 * origin as its sender. Browsers send `Origin` with each request to another origin that can change
 * something, and let no page read the answer to the others.
 */
export function refuseElsewhere({ host = '', origin }: IncomingHttpHeaders): void {
  const named = URL.parse(`http://${host}`);
  if (named === null || !isLoopback(named.hostname))
    throw new Fault('unauthorised', `The request names ${host} as its host. ${REMEDY}`);
  if (origin !== undefined && hostOf(origin) !== named.host)
    throw new Fault('unauthorised', `A page of ${origin} sent the request. ${REMEDY}`);
}
