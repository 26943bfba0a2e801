// Event sender: sends events as HTTP requests to URLs that platforms chose. The connection uses the
// addresses of the very look-up that was checked, so a host name cannot lead to the daemon, its
// network or its cloud's metadata after the check. Redirects are not followed. A refusal does not
// say which address a name resolved to.
import { lookup as lookUp } from 'node:dns';
import { request as plainRequest } from 'node:http';
import { request as secureRequest } from 'node:https';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { Webhook } from 'standardwebhooks';
import type { EventRequest, EventSender } from '../core/event-sender.ts';
import { Fault } from '../core/fault.ts';

const TIMEOUT_MS = 15_000;

const closed = new BlockList();
for (const [net, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const)
  closed.addSubnet(net, bits, 'ipv4');
for (const [net, bits] of [
  ['::', 96],
  // Addresses that contain an IPv4 address: translated, NAT64 with both prefixes, 6to4; and those
  // for protocols, Teredo among them.
  ['::ffff:0:0:0', 96],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['2002::', 16],
  ['2001::', 23],
  // Documentation, discard-only and dummy prefixes, segment routing, and site-local addresses.
  ['2001:db8::', 32],
  ['3fff::', 20],
  ['100::', 63],
  ['5f00::', 16],
  ['fec0::', 10],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
] as const)
  closed.addSubnet(net, bits, 'ipv6');

/**
 * Whether an address is private or reserved, so that a platform's URL must not lead to it. An IPv4
 * address that is mapped to IPv6 counts as the IPv4 address.
 */
export function isPrivate(address: string): boolean {
  return closed.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}

const refused = (url: URL, why: string): Fault =>
  new Fault('endpoint_refused', `${url.origin} ${why}`);

export type EventSenderOptions = {
  /** Whether URLs may lead to private addresses, use http, and name any port. */
  readonly allowPrivate: boolean;
  /** The ports that URLs may name unless `allowPrivate` is set. */
  readonly ports: readonly number[];
};
const HTTPS_PORT = 443;

/**
 * Creates the sender of events. `check` and `send` throw `endpoint_refused` for a URL that is not
 * allowed.
 */
export function createEventSender({ allowPrivate, ports }: EventSenderOptions): EventSender {
  const lookup: LookupFunction = (hostname, options, done) =>
    lookUp(hostname, { ...options, all: true }, (error, found) => {
      if (error !== null && !allowPrivate)
        return done(new Error(`${hostname} does not lead to a public address`), '');
      if (error !== null)
        return done(new Error(`${hostname} cannot be resolved (${error.code})`), '');
      const bad = allowPrivate ? undefined : found.find((each) => isPrivate(each.address));
      if (bad !== undefined)
        return done(new Error(`${hostname} does not lead to a public address`), '');
      // Node asks for all addresses when it may try several.
      if (options.all === true) return done(null, found as never);
      return done(null, found[0]?.address ?? '', found[0]?.family ?? 4);
    });
  const urlOf = (text: string): URL => {
    let url: URL;
    try {
      url = new URL(text);
    } catch {
      throw new Fault(
        'endpoint_refused',
        'url is no URL. Give one such as https://example.com/events.',
      );
    }
    if (url.protocol !== 'https:' && !(allowPrivate && url.protocol === 'http:'))
      throw refused(url, 'must begin with https://');
    if (url.username !== '' || url.password !== '')
      throw refused(url, 'must not carry a user name or password; events are signed');
    const port = url.port === '' ? HTTPS_PORT : Number(url.port);
    if (!allowPrivate && !ports.includes(port))
      throw refused(url, `must use one of the ports ${ports.join(', ')} (events.ports)`);
    // A literal address is connected to without a look-up, so it is checked here.
    const host = url.hostname.replace(/^\[|\]$/g, '');
    if (!allowPrivate && isIP(host) !== 0 && isPrivate(host))
      throw refused(url, 'is a private address; events.allowPrivate would allow it');
    return url;
  };
  return {
    async check(text) {
      const url = urlOf(text);
      const host = url.hostname.replace(/^\[|\]$/g, '');
      if (isIP(host) !== 0) return;
      await new Promise<void>((resolve, reject) =>
        lookup(host, { all: true }, (error) =>
          error === null ? resolve() : reject(refused(url, `is refused: ${error.message}`)),
        ),
      );
    },
    async send({ url: text, id, atMs, body, secrets }: EventRequest) {
      const url = urlOf(text);
      const timestamp = new Date(atMs);
      const signature = secrets
        .map((each) => new Webhook(each).sign(id, timestamp, body))
        .join(' ');
      const request = url.protocol === 'https:' ? secureRequest : plainRequest;
      return new Promise((resolve, reject) => {
        const outgoing = request(
          url,
          {
            method: 'POST',
            lookup,
            signal: AbortSignal.timeout(TIMEOUT_MS),
            headers: {
              'content-type': 'application/json',
              'content-length': Buffer.byteLength(body),
              'user-agent': 'bailiff',
              'webhook-id': id,
              'webhook-timestamp': String(Math.floor(atMs / 1_000)),
              'webhook-signature': signature,
            },
          },
          (answer) => {
            // Only the status counts; the body of the answer is not read.
            answer.resume();
            answer.destroy();
            resolve(answer.statusCode ?? 0);
          },
        );
        outgoing.on('error', reject);
        // Without this listener Node ends the connection at a status 101 and reports no error, so
        // that the call would never settle.
        outgoing.on('upgrade', (_, socket) => {
          socket.destroy();
          reject(new Error('it answered 101, which asks for another protocol'));
        });
        outgoing.on('close', () => reject(new Error('the connection ended without an answer')));
        outgoing.end(body);
      });
    },
  };
}
