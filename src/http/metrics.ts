// Metrics: the route of the page that Prometheus reads.
import type { FastifyPluginAsync } from 'fastify';

export type MetricsOptions = {
  readonly text: () => Promise<string>;
  readonly contentType: string;
};

/** The route of metrics. */
export const metricsRoutes: FastifyPluginAsync<MetricsOptions> = async (app, options) => {
  app.get('/metrics', { config: { scope: 'operator' } }, async (_request, reply) =>
    reply.type(options.contentType).send(await options.text()),
  );
};
