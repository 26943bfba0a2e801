// Server: Fastify with one plugin a surface. Dependencies come in as options; nothing hangs on the instance.
import { createServer as createHttpServer } from 'node:http';
import Fastify, { type FastifyInstance } from 'fastify';
import { scopeOf } from '../core/api-key.ts';
import { Fault } from '../core/fault.ts';
import type { Log } from '../core/ports.ts';
import type { Authority } from './auth.ts';
import { type ClearanceOptions, clearanceRoutes } from './clearances.ts';
import { createFastGate, type GateOptions, gateRoutes } from './gate.ts';
import { type HealthOptions, healthRoutes } from './health.ts';
import { type HearingOptions, hearingRoutes } from './hearing.ts';
import { type MetricsOptions, metricsRoutes } from './metrics.ts';
import { describeApi } from './openapi.ts';
import { type OperatorOptions, operatorRoutes } from './operator.ts';
import { type PlatformOptions, platformRoutes } from './platform.ts';
import { installProblems } from './problems.ts';
import { type StreamOptions, streamRoutes } from './stream.ts';
import { type WebhookOptions, webhookRoutes } from './webhook.ts';

export type ServerOptions = {
  readonly log: Log;
  /** Who may do what; without any key, everybody who reaches the socket may do everything. */
  readonly authority: Authority;
  readonly webhook: WebhookOptions;
  readonly gate: GateOptions;
  readonly stream: StreamOptions;
  readonly platform: PlatformOptions;
  readonly clearances: ClearanceOptions;
  readonly hearing: HearingOptions;
  readonly operator: OperatorOptions;
  readonly health: HealthOptions;
  readonly metrics: MetricsOptions;
};

const API_BODY_BYTES_MOST = 65_536;

export function createServer(options: ServerOptions): FastifyInstance {
  const { authority } = options;
  const fastGate = createFastGate({
    ...options.gate,
    authorised: (header) => authority.judge(header, '/v1/gate') === 'yes',
  });
  const app = Fastify({
    logger: false,
    serverFactory: (handler) =>
      createHttpServer((request, response) => {
        if (!fastGate(request, response)) handler(request, response);
      }),
    bodyLimit: API_BODY_BYTES_MOST,
    forceCloseConnections: 'idle',
    ajv: { customOptions: { removeAdditional: false, coerceTypes: 'array' } },
  });
  installProblems(app, options.log);
  describeApi(app);
  app.register(healthRoutes, options.health);
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
    await api.register(streamRoutes, options.stream);
    await api.register(gateRoutes, options.gate);
    await api.register(platformRoutes, options.platform);
    await api.register(clearanceRoutes, options.clearances);
    await api.register(hearingRoutes, options.hearing);
    await api.register(operatorRoutes, options.operator);
    await api.register(metricsRoutes, options.metrics);
  });
  return app;
}
