// Health: live means that this process makes progress, ready that the gate can vouch for its answers. Every reason
// why not is named.
import type { FastifyPluginAsync } from 'fastify';
import type { Clock, Ledger } from '../core/ports.ts';
import type { Roster } from '../core/roster.ts';

export type HealthOptions = {
  readonly roster: Roster;
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly staleAfterMs: number;
  readonly venue: string;
  readonly network: string;
  readonly mode: string;
  /** Work that does not come to an end, by name. */
  readonly stuck: () => string[];
};

export const healthRoutes: FastifyPluginAsync<HealthOptions> = async (app, options) => {
  const { roster, ledger, clock, staleAfterMs, venue, network, mode, stuck } = options;
  app.get('/health/live', { config: { scope: 'public' } }, async (_request, reply) => {
    const hanging = stuck();
    const live = hanging.length === 0;
    const reasons = hanging.map((each) => `${each} does not come to an end`);
    return reply.code(live ? 200 : 503).send({ live, reasons });
  });
  app.get('/health/ready', { config: { scope: 'public' } }, async (_request, reply) => {
    const reasons: string[] = [];
    const { asOfSlot, observedAtMs } = roster.freshness();
    if (!roster.hydrated) reasons.push('the roster is not hydrated');
    if (observedAtMs === null) reasons.push('the chain has not been seen yet');
    else if (clock.nowMs() - observedAtMs > staleAfterMs)
      reasons.push(`the chain was last seen ${clock.nowMs() - observedAtMs} ms ago`);
    if (roster.doubts.all !== null) reasons.push(roster.doubts.all);
    const backlog = await ledger.sightings.backlog().catch(() => null);
    if (backlog === null) reasons.push('Postgres does not answer');
    return reply.code(reasons.length === 0 ? 200 : 503).send({
      ready: reasons.length === 0,
      reasons,
      asOfSlot,
      backlog,
      subscribers: roster.size,
      venue,
      network,
      mode,
    });
  });
};
