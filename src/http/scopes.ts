// Scopes: checks the scope that a route requires. A route declares its scope in its options, beside
// its schema; a route without one stops the daemon at start, so that no route is open by default.
// The scope is taken from the route that the router matched, never from the text of the URL.
import type { FastifyInstance } from 'fastify';
import { SCOPES, type Scope } from '../core/api-key.ts';
import { Fault } from '../core/fault.ts';
import type { Authority } from './auth.ts';
import { refuseElsewhere } from './open-api.ts';

/**
 * `public` needs no key. `webhook` checks the webhook secrets itself. The others need an API key
 * whose scopes cover them.
 */
const ROUTE_SCOPES = ['public', 'webhook', ...SCOPES] as const;
export type RouteScope = (typeof ROUTE_SCOPES)[number];

declare module 'fastify' {
  interface FastifyContextConfig {
    scope?: RouteScope;
  }
}

const needsKey = (scope: RouteScope): scope is Scope => scope !== 'public' && scope !== 'webhook';

/**
 * Checks that every route declares a scope, and checks every request against the scope of its
 * route. Must be called before any route is registered. Throws a TypeError at registration for a
 * route without a scope. Answers `unauthorised` without a live key, and `forbidden` when the key's
 * scopes do not cover the route. While the API is open, a request from elsewhere is `unauthorised`.
 */
export function enforceScopes(app: FastifyInstance, authority: Authority): void {
  app.addHook('onRoute', ({ method, url, config }) => {
    if (!ROUTE_SCOPES.includes(config?.scope as RouteScope))
      throw new TypeError(`${String(method)} ${url} declares no scope: add config.scope`);
  });
  app.addHook('onRequest', async (request) => {
    const { scope } = request.routeOptions.config;
    // The handler of unknown routes has no scope; it only answers that the route does not exist.
    if (scope === undefined || !needsKey(scope)) return;
    const { authorization } = request.headers;
    if (authority.permits(undefined, scope) === 'yes') refuseElsewhere(request.headers);
    if (authority.permits(authorization, scope) === 'yes') return;
    // The key may have been made since the daemon last read the keys.
    await authority.refresh();
    const judged = authority.permits(authorization, scope);
    if (judged === 'no')
      throw new Fault('forbidden', `This key may not do that; it needs the scope ${scope}.`);
    if (judged === 'unknown')
      throw new Fault('unauthorised', 'Send a live API key as Authorization: Bearer.');
  });
}
