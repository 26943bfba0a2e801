// Server: Fastify with one plugin a surface. Dependencies come in as options; nothing hangs on the instance.
import { createServer as createHttpServer, type OutgoingHttpHeaders } from 'node:http';
import rateLimit from '@fastify/rate-limit';
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify';
import type { Acts } from '../core/act.ts';
import { scopeOf } from '../core/api-key.ts';
import { Fault } from '../core/fault.ts';
import type { Clock, Log } from '../core/ports.ts';
import { auditRoutes, recordActs } from './acts.ts';
import type { Authority } from './auth.ts';
import { type ClearanceOptions, clearanceRoutes } from './clearances.ts';
import { type EndpointOptions, endpointRoutes } from './endpoints.ts';
import { createFastGate, type GateOptions, gateRoutes } from './gate.ts';
import { type HealthOptions, healthRoutes } from './health.ts';
import { type HearingOptions, hearingRoutes } from './hearing.ts';
import { type MetricsOptions, metricsRoutes } from './metrics.ts';
import { describeApi } from './openapi.ts';
import { type OperatorOptions, operatorRoutes } from './operator.ts';
import { problemPages } from './problem-pages.ts';
import { installProblems } from './problems.ts';
import { type ShareOptions, shareRoutes } from './shares.ts';
import { type StreamOptions, streamRoutes } from './stream.ts';
import { type SubscriberOptions, subscriberRoutes } from './subscribers.ts';
import { subscriptionRoutes } from './subscriptions.ts';
import { type WebhookOptions, webhookRoutes } from './webhook.ts';

export type ServerOptions = {
  readonly log: Log;
  /** Who may do what; without any key, everybody who reaches the socket may do everything. */
  readonly authority: Authority;
  readonly webhook: WebhookOptions;
  readonly gate: GateOptions;
  readonly stream: StreamOptions;
  readonly subscribers: SubscriberOptions;
  readonly shares: ShareOptions;
  readonly acts: Acts;
  readonly clock: Clock;
  /** Requests a minute that one key may make, the gate's left out. */
  readonly requestsPerMinuteMost: number;
  readonly clearances: ClearanceOptions;
  readonly hearing: HearingOptions;
  readonly operator: OperatorOptions;
  readonly endpoints: EndpointOptions;
  readonly health: HealthOptions;
  readonly metrics: MetricsOptions;
};

const API_BODY_BYTES_MOST = 65_536;
const MINUTE_MS = 60_000;

export function createServer(options: ServerOptions): FastifyInstance {
  const { authority } = options;
  const fastGate = createFastGate({
    ...options.gate,
    authorised: (header) => authority.judge(header, '/v1/gate') === 'yes',
    bytesMost: API_BODY_BYTES_MOST,
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
    serverFactory: (handler) =>
      createHttpServer((request, response) => {
        if (!fastGate.take(request, response)) handler(request, response);
      }),
    bodyLimit: API_BODY_BYTES_MOST,
    forceCloseConnections: 'idle',
    ajv: { customOptions: { removeAdditional: false, coerceTypes: 'array' } },
  });
  installProblems(app, options.log);
  describeApi(app);
  app.register(healthRoutes, options.health);
  app.register(problemPages);
  app.register(webhookRoutes, options.webhook);
  app.register(async (api) => {
    api.addHook('onRequest', async (request) => {
      const { authorization } = request.headers;
      const path = request.url;
      if (authority.judge(authorization, path) === 'yes') return;
      // A key that was just made, or just lost its scope, is not known here yet.
      await authority.refresh();
      const judged = authority.judge(authorization, path);
      if (judged === 'no')
        throw new Fault(
          'forbidden',
          `This key may not do that; it takes the scope ${scopeOf(path)}.`,
        );
      if (judged === 'unknown')
        throw new Fault('unauthorised', 'Send a live API key as Authorization: Bearer.');
    });
    const actorOf = (request: FastifyRequest): string =>
      authority.actor(request.headers.authorization);
    recordActs(api, { acts: options.acts, clock: options.clock, actorOf });
    // The gate is answered from memory, as often as an engine asks.
    await api.register(streamRoutes, options.stream);
    await api.register(gateRoutes, options.gate);
    await api.register(rateLimit, {
      max: options.requestsPerMinuteMost,
      timeWindow: MINUTE_MS,
      keyGenerator: (request) => `${actorOf(request)} ${request.ip}`,
      errorResponseBuilder: (_, { max, ttl }) =>
        new Fault(
          'rate_limited',
          `More than ${max} requests in a minute. Ask again in ${Math.ceil(ttl / 1_000)} s.`,
        ),
    });
    await api.register(subscriberRoutes, options.subscribers);
    await api.register(subscriptionRoutes, options.subscribers);
    await api.register(shareRoutes, options.shares);
    await api.register(clearanceRoutes, options.clearances);
    await api.register(hearingRoutes, options.hearing);
    await api.register(operatorRoutes, options.operator);
    await api.register(endpointRoutes, options.endpoints);
    await api.register(auditRoutes, options);
    await api.register(metricsRoutes, options.metrics);
  });
  return app;
}
