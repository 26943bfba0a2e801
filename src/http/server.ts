// Server: puts Fastify together, one plugin for each group of routes. Dependencies are passed as
// options; nothing is attached to the Fastify instance.
import { createServer as createHttpServer, type OutgoingHttpHeaders } from 'node:http';
import rateLimit from '@fastify/rate-limit';
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify';
import type { Acts } from '../core/act.ts';
import { Fault } from '../core/fault.ts';
import type { Clock, Log } from '../core/ports.ts';
import type { Redaction } from '../core/redaction.ts';
import type { Listing } from '../flows/lists.ts';
import { type AccessOptions, createAccess, installAccess } from './access.ts';
import { auditRoutes, personIn, recordActs } from './acts.ts';
import { type Authority, CONFIGURED } from './auth.ts';
import { installBodies } from './bodies.ts';
import { type ClearanceOptions, clearanceRoutes } from './clearances.ts';
import { closeRoutes } from './closes.ts';
import { consoleRoutes } from './console.ts';
import { installDeadline } from './deadline.ts';
import { type EndpointOptions, endpointRoutes } from './endpoints.ts';
import { eventRoutes } from './events.ts';
import { createFastGate, type GateOptions, gateRoutes } from './gate.ts';
import { installHeaders } from './headers.ts';
import { type HealthOptions, healthRoutes } from './health.ts';
import { type HearingOptions, hearingRoutes } from './hearing.ts';
import { type ImportRouteOptions, importRoutes } from './imports.ts';
import { lostActRoutes } from './lost-acts.ts';
import { type MetricsOptions, metricsRoutes } from './metrics.ts';
import { minuteStore } from './minute-store.ts';
import { describeApi, describedRoutes } from './openapi.ts';
import { type OperatorOptions, operatorRoutes } from './operator.ts';
import { type OverviewOptions, overviewRoutes } from './overview.ts';
import { type PaymentOptions, paymentRoutes } from './payments.ts';
import { problemPages } from './problem-pages.ts';
import {
  clientProblem,
  expectationProblem,
  frameworkProblem,
  hostProblem,
  installProblems,
  tunnelProblem,
} from './problems.ts';
import { type ReceiptOptions, receiptRoutes } from './receipts.ts';
import { type RootOptions, rootRoutes } from './roots.ts';
import { enforceScopes } from './scopes.ts';
import { installSerializing } from './serializing.ts';
import { createSessions, installSessions, type SessionPorts } from './sessions.ts';
import { type ShareOptions, shareRoutes } from './shares.ts';
import { type StatementOptions, statementPages, statementRoutes } from './statements.ts';
import { type StreamOptions, streamRoutes } from './stream.ts';
import { type SubscriberOptions, subscriberRoutes } from './subscribers.ts';
import { subscriptionRoutes } from './subscriptions.ts';
import { installValidation } from './validation.ts';
import { type WebhookOptions, webhookRoutes } from './webhook.ts';

export type ServerOptions = {
  readonly log: Log;
  /** Judges API keys. While no key was ever made, every request is allowed every scope. */
  readonly authority: Authority;
  readonly webhook: WebhookOptions;
  readonly gate: GateOptions;
  readonly stream: StreamOptions;
  readonly subscribers: SubscriberOptions;
  readonly shares: ShareOptions;
  readonly sessions: SessionPorts['sessions'];
  readonly vault: SessionPorts['vault'];
  readonly receipts: ReceiptOptions;
  readonly roots: RootOptions;
  readonly imports: Omit<ImportRouteOptions, 'redaction'>;
  readonly overview: OverviewOptions;
  readonly statements: StatementOptions;
  readonly acts: Acts;
  readonly redaction: Redaction;
  readonly listing: Listing;
  readonly clock: Clock;
  /** The most requests a minute of one key. Requests to the gate are not counted. */
  readonly requestsPerMinuteMost: number;
  readonly bounds: Bounds;
  /**
   * The most requests a minute of one address to health, docs, console and pages, and as many again
   * to statements.
   */
  readonly publicRequestsPerMinuteMost: number;
  readonly clearances: ClearanceOptions;
  readonly hearing: HearingOptions;
  readonly operator: Omit<OperatorOptions, 'byWhom'>;
  readonly payments: Omit<PaymentOptions, 'byWhom'>;
  readonly endpoints: EndpointOptions;
  readonly health: HealthOptions;
  readonly metrics: MetricsOptions;
  readonly access: Omit<AccessOptions, 'log'>;
};

/**
 * Bounds that keep one client, or a hanging Postgres, from using up the daemon's time and memory.
 */
export type Bounds = {
  readonly connectionsMost: number;
  /** The most bytes of a body, except a webhook's. */
  readonly bodyBytesMost: number;
  /** The time in which the headers, and the whole request, must arrive. Milliseconds. */
  readonly headersMs: number;
  readonly bodyMs: number;
  /** The time after which a request is answered 503. Milliseconds. */
  readonly answerMs: number;
  /** When the ledger last took a write, milliseconds since 1970; null before the first. */
  readonly ledgerAtMs: () => number | null;
};

/** How often Node looks for requests that arrive too slowly. */
const CHECK_EVERY_MS = 5_000;
/**
 * Longer than the idle limit of 60 s that load balancers have, so that they close idle connections
 * first.
 */
const KEEP_ALIVE_MS = 75_000;
const MINUTE_MS = 60_000;

const tooMany = (_request: FastifyRequest, { max, ttl }: { max: number; ttl: number }): Fault =>
  new Fault(
    'rate_limited',
    `More than ${max} requests in a minute. Ask again in ${Math.ceil(ttl / 1_000)} s.`,
  );

/** Creates the server. The caller makes it listen. */
export function createServer(options: ServerOptions): FastifyInstance {
  const { authority, bounds } = options;
  const access = createAccess({ ...options.access, log: options.log });
  const fastGate = createFastGate({
    ...options.gate,
    authorised: (header) => authority.permits(header, 'gate:read') === 'yes',
    bytesMost: bounds.bodyBytesMost,
    onTaken: access.routed,
    usual(request, payload, response) {
      const { method, url = '/', headers } = request;
      void app.inject({ method: method as 'POST', url, headers, payload }).then(
        ({ statusCode, headers: answered, rawPayload }) => {
          response.writeHead(statusCode, answered as OutgoingHttpHeaders).end(rawPayload);
        },
        () => response.destroy(),
      );
    },
  });
  const app: FastifyInstance = Fastify({
    logger: false,
    serverFactory: (handler) => {
      const server = createHttpServer(
        {
          headersTimeout: bounds.headersMs,
          requestTimeout: bounds.bodyMs,
          connectionsCheckingInterval: Math.min(CHECK_EVERY_MS, bounds.headersMs),
          keepAliveTimeout: KEEP_ALIVE_MS,
          requireHostHeader: false,
        },
        (request, response) => {
          access.take(request, response);
          if (hostProblem(request, response)) return;
          if (!fastGate.take(request, response)) handler(request, response);
        },
      );
      server.on('checkExpectation', (request, response) => {
        access.take(request, response);
        expectationProblem(request, response);
      });
      server.on('connect', (_request, socket) => tunnelProblem(socket, access.unreadable));
      server.maxConnections = bounds.connectionsMost;
      return server;
    },
    bodyLimit: bounds.bodyBytesMost,
    forceCloseConnections: 'idle',
    // refuseOddText refuses such members by their name.
    onProtoPoisoning: 'ignore',
    onConstructorPoisoning: 'ignore',
    frameworkErrors: frameworkProblem,
    clientErrorHandler: (thrown, socket) => clientProblem(thrown, socket, access.unreadable),
  });
  installAccess(app, access, {
    begin: options.access.begin,
    actorOf: (authorization) => authority.actor(authorization),
  });
  installDeadline(app, { clock: options.clock, ...bounds });
  installProblems(app, options.log, options.clock, access.idOf);
  installHeaders(app);
  installBodies(app, options.clock);
  installValidation(app);
  installSerializing(app);
  const sessions = createSessions(options);
  installSessions(app, sessions);
  enforceScopes(app, authority);
  describeApi(app);
  const minutes = {
    timeWindow: MINUTE_MS,
    store: minuteStore(options.clock.elapsedMs),
    errorResponseBuilder: tooMany,
  };
  const byAddress = {
    ...minutes,
    max: options.publicRequestsPerMinuteMost,
    keyGenerator: (request: FastifyRequest) => request.ip,
  };
  app.register(async (open) => {
    await open.register(rateLimit, byAddress);
    await open.register(healthRoutes, { ...options.health, authority });
    await open.register(problemPages);
    await open.register(describedRoutes);
    await open.register(consoleRoutes, { authority, sessions, log: options.log });
  });
  // Behind a proxy all readers have its address, and statements are for the internet: they are
  // counted by themselves, so that their readers use up no request of health or of the console.
  app.register(async (links) => {
    await links.register(rateLimit, byAddress);
    await links.register(statementPages, options.statements);
  });
  app.register(webhookRoutes, options.webhook);
  app.register(async (api) => {
    const actorOf = (request: FastifyRequest): string =>
      authority.actor(request.headers.authorization);
    const byWhom = (request: FastifyRequest) => ({
      actor: actorOf(request),
      person: personIn(request, options.redaction),
    });
    const keyAmong = (request: FastifyRequest): string | null =>
      actorOf(request) === CONFIGURED ? authority.budget(request.headers.authorization) : null;
    recordActs(api, { ...options, byWhom, keyAmong });
    // The gate answers from memory and is not limited.
    await api.register(streamRoutes, options.stream);
    await api.register(gateRoutes, options.gate);
    await api.register(rateLimit, {
      ...minutes,
      max: options.requestsPerMinuteMost,
      // A key has one budget for all addresses. Requests without a known key are counted by
      // address.
      keyGenerator: (request) =>
        authority.budget(request.headers.authorization) ?? `anyone ${request.ip}`,
    });
    await api.register(subscriberRoutes, options.subscribers);
    await api.register(closeRoutes, options.subscribers);
    await api.register(subscriptionRoutes, options.subscribers);
    await api.register(shareRoutes, options.shares);
    await api.register(receiptRoutes, options.receipts);
    await api.register(rootRoutes, options.roots);
    await api.register(importRoutes, { ...options.imports, redaction: options.redaction });
    await api.register(clearanceRoutes, options.clearances);
    await api.register(hearingRoutes, options.hearing);
    await api.register(overviewRoutes, options.overview);
    await api.register(statementRoutes, options.statements);
    await api.register(operatorRoutes, { ...options.operator, byWhom });
    await api.register(paymentRoutes, { ...options.payments, byWhom });
    await api.register(endpointRoutes, options.endpoints);
    await api.register(eventRoutes, options.operator);
    await api.register(auditRoutes, { listing: options.listing });
    await api.register(lostActRoutes, options);
    await api.register(metricsRoutes, options.metrics);
  });
  return app;
}

/** The time in which requests under way may finish when the daemon stops. */
const CLOSE_MS = 2_000;

/**
 * Stops listening, ends streams, lets requests under way finish for two seconds, and then closes
 * every connection.
 */
export async function closeServer(app: FastifyInstance, clock: Clock): Promise<void> {
  const ended = new AbortController();
  const closing = app.close().finally(() => ended.abort());
  await Promise.race([closing, clock.sleep(CLOSE_MS, ended.signal)]);
  app.server.closeAllConnections();
  await closing;
}
