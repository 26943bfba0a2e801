// Access: gives every request an id, counts it by route, method and outcome with its duration, and
// logs one line when its answer has ended. Access wraps the server's handler, so it also sees
// answers of the fast gate, requests that match no route, and requests that the client aborted.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';
import type { Log } from '../core/ports.ts';
import { withoutSecretText } from '../core/redaction.ts';

export type AccessOptions = {
  readonly log: Log;
  /** Counts a request. `ms` is null when the duration says nothing, as of a stream. */
  readonly count: (route: string, method: string, outcome: string, ms: number | null) => void;
  /** Sets the counters of a route to 0. */
  readonly begin: (route: string, method: string) => void;
  /** A clock in milliseconds that never goes back. */
  readonly elapsedMs: () => number;
  /**
   * The level of a request's line. Routes that are requested many times a second log at `debug`.
   */
  readonly level: 'off' | 'debug' | 'info';
  /** Whether lines of level `debug` are written at all. */
  readonly debugging: boolean;
  /** The beginning of every id that this process makes. */
  readonly idPrefix: string;
};
export type Access = {
  /** Gives the request its id, and counts and logs it once its answer has ended. */
  take(request: IncomingMessage, response: ServerResponse): void;
  /** Notes the route that the router matched. Without this call the request counts as `unknown`. */
  routed(request: IncomingMessage, route: string): void;
  /** Adds the caller's names to the request's line in the log. */
  byWhom(request: IncomingMessage, whom: Readonly<Record<string, unknown>>): void;
  /** Counts bytes that Node could not read as a request, with the status that was answered. */
  unreadable(status: number): void;
  /** The id of a request; null for a request that did not come by socket. */
  idOf(request: IncomingMessage): string | null;
};

/** A caller's own id is kept when it matches; any other is replaced. */
const GIVEN_ID = /^[A-Za-z0-9_.:-]{1,64}$/;
const HEADER = 'x-request-id';
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
const FREQUENT = /^\/(v1\/gate|health|metrics|webhooks)(\/|$)/;
const STREAM = '/v1/gate/stream';
const UNKNOWN = 'unknown';
const SEGMENT_MOST = 64;

type Open = {
  readonly id: string;
  readonly sinceMs: number;
  route: string;
  whom: Readonly<Record<string, unknown>>;
};

const outcomeOf = (response: ServerResponse, route: string): string => {
  // The stream ends when its reader leaves, so an unfinished answer there is normal.
  if (!response.writableFinished && route !== STREAM) return 'aborted';
  return `${Math.floor(response.statusCode / 100)}xx`;
};

/** The path for the log: without the query, and with `…` for segments longer than any id. */
function shownPath(url: string): string {
  const [path = ''] = url.split('?');
  const short = path
    .split('/')
    .map((each) => (each.length > SEGMENT_MOST ? '…' : each))
    .join('/');
  return withoutSecretText(short).slice(0, 300);
}

/** Creates the access of a server. */
export function createAccess(options: AccessOptions): Access {
  const { log, count, elapsedMs, level, debugging, idPrefix } = options;
  const open = new WeakMap<IncomingMessage, Open>();
  let made = 0;
  const idFor = ({ headers }: IncomingMessage): string => {
    const given = headers[HEADER];
    if (typeof given === 'string' && GIVEN_ID.test(given)) return given;
    made++;
    return `${idPrefix}-${made.toString(36)}`;
  };
  const write = (request: IncomingMessage, response: ServerResponse, each: Open): void => {
    const { id, route, whom } = each;
    const at = level === 'info' && FREQUENT.test(route) ? 'debug' : level;
    if (at === 'off' || (at === 'debug' && !debugging)) return;
    log[at]('http.request', {
      request: id,
      method: request.method,
      route,
      path: shownPath(request.url ?? ''),
      status: response.statusCode,
      ended: response.writableFinished,
      ms: Math.round(elapsedMs() - each.sinceMs),
      ...whom,
    });
  };
  return {
    take(request, response) {
      const each: Open = { id: idFor(request), sinceMs: elapsedMs(), route: UNKNOWN, whom: {} };
      open.set(request, each);
      response.setHeader(HEADER, each.id);
      response.once('close', () => {
        const { route } = each;
        const method = METHODS.has(request.method ?? '') ? (request.method ?? '') : 'OTHER';
        const ms = route === STREAM ? null : elapsedMs() - each.sinceMs;
        count(route, method, outcomeOf(response, route), ms);
        write(request, response, each);
      });
    },
    routed(request, route) {
      const each = open.get(request);
      if (each !== undefined) each.route = route;
    },
    byWhom(request, whom) {
      const each = open.get(request);
      if (each !== undefined) each.whom = whom;
    },
    unreadable: (status) => count('unreadable', 'OTHER', `${Math.floor(status / 100)}xx`, null),
    idOf: (request) => open.get(request)?.id ?? null,
  };
}

/**
 * Connects the access with Fastify: reports every route, the route of each request, and its caller.
 * Must be called before any route is registered.
 */
export function installAccess(
  app: FastifyInstance,
  access: Access,
  options: Pick<AccessOptions, 'begin'> & {
    readonly actorOf: (authorization: string | undefined) => string;
  },
): void {
  app.addHook('onRoute', ({ method, url }) => {
    for (const each of [method].flat()) if (each !== 'HEAD') options.begin(url, each);
  });
  options.begin(UNKNOWN, 'GET');
  app.addHook('onRequest', async (request) => {
    const { url } = request.routeOptions;
    if (url !== undefined && !request.is404) access.routed(request.raw, url);
    access.byWhom(request.raw, {
      actor: options.actorOf(request.headers.authorization),
      from: request.ip,
    });
  });
}
