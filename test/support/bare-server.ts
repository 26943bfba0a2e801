// Bare server: the production server without a daemon behind its routes, for tests of the routes
// themselves.
import type { FastifyInstance } from 'fastify';
import { redaction } from '../../src/chain/keypair.ts';
import { createServer, type ServerOptions } from '../../src/http/server.ts';
import { systemClock as clock, elapsedMs } from '../../src/system/clock.ts';
import { silentLog as log } from '../../src/system/log.ts';

export const BOUNDS: ServerOptions['bounds'] = {
  connectionsMost: 1_000,
  bodyBytesMost: 65_536,
  headersMs: 10_000,
  bodyMs: 30_000,
  answerMs: 60_000,
  ledgerAtMs: () => null,
};

/** Creates the server. A port that is not given must not be used by the test. */
export function createBareServer(given: Partial<ServerOptions> = {}): FastifyInstance {
  const unasked = {} as never;
  return createServer({
    log,
    authority: {
      permits: () => 'yes',
      actor: () => 'anyone',
      budget: () => null,
      refresh: async () => {},
      onRead: () => () => {},
    },
    webhook: { receive: unasked, secrets: ['x'], bytesMost: 1_000, onDelivery: () => {} },
    gate: unasked,
    stream: { authority: { permits: () => 'yes', onRead: () => () => {} }, bounds: {} } as never,
    subscribers: unasked,
    shares: unasked,
    receipts: unasked,
    roots: unasked,
    sessions: unasked,
    vault: unasked,
    imports: unasked,
    overview: unasked,
    statements: unasked,
    listing: unasked,
    acts: unasked,
    redaction,
    clock,
    requestsPerMinuteMost: 1_000_000,
    publicRequestsPerMinuteMost: 1_000_000,
    bounds: BOUNDS,
    clearances: unasked,
    hearing: unasked,
    operator: unasked,
    payments: unasked,
    endpoints: unasked,
    health: unasked,
    metrics: unasked,
    access: {
      count: () => {},
      begin: () => {},
      elapsedMs,
      level: 'off',
      debugging: false,
      idPrefix: 'test',
    },
    ...given,
  });
}
