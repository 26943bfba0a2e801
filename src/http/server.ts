// Server: Fastify with one plugin a surface. Dependencies come in as options; nothing hangs on the instance.
import { createServer as createHttpServer } from 'node:http';
import Fastify, { type FastifyInstance } from 'fastify';
import { Fault } from '../core/fault.ts';
import type { Log } from '../core/ports.ts';
import { createSecretCheck } from './auth.ts';
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
  /** Bearer values that may use /v1; with none, everybody who reaches the socket may. */
  readonly apiKeys: readonly string[];
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
const BEARER = /^Bearer /i;

export function createServer(options: ServerOptions): FastifyInstance {
  const accepted = createSecretCheck(options.apiKeys);
  const authorised = (header: string | undefined): boolean =>
    options.apiKeys.length === 0 || accepted(header?.replace(BEARER, ''));
  const fastGate = createFastGate({ ...options.gate, authorised });
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
      if (!authorised(request.headers.authorization))
        throw new Fault(
          'unauthorised',
          'Send one of the configured API keys as Authorization: Bearer.',
        );
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
