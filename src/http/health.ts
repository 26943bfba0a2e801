// Health: `live` means that this process makes progress, `ready` that the gate can vouch for its
// answers. Every reason against is named. What a person should mend although the gate can vouch,
// such as a wrong clock, is a finding. Both are answered from memory, from the ledger and chain as
// the last heartbeat saw them.
import type { FastifyPluginAsync } from 'fastify';
import type { Finding } from '../core/doctor-finding.ts';
import type { Clock } from '../core/ports.ts';
import type { Roster } from '../core/roster.ts';
import type { Pulse } from '../flows/heartbeat.ts';

export type HealthOptions = {
  readonly roster: Roster;
  /** The result of the last heartbeat. */
  readonly pulse: () => Pulse;
  /** Findings that a person should mend although the gate can vouch. */
  readonly findings: () => readonly Finding[];
  readonly clock: Clock;
  readonly staleAfterMs: number;
  /** The usual venue, and all that are served. */
  readonly venue: string;
  readonly venues: readonly string[];
  readonly network: string;
  readonly mode: string;
  /** The names of loops of which one run has lasted too long. */
  readonly stuck: () => string[];
};

/** Why the gate cannot vouch for its answers now; empty when it can. */
function reasonsOf({ roster, pulse, clock, staleAfterMs }: HealthOptions): string[] {
  const reasons: string[] = [];
  const nowMs = clock.nowMs();
  const { observedAtMs } = roster.freshness();
  const { ledgerAtMs } = pulse();
  if (!roster.hydrated) reasons.push('the roster is not hydrated');
  if (observedAtMs === null) reasons.push('the chain has not been seen yet');
  else if (Math.abs(nowMs - observedAtMs) > staleAfterMs)
    reasons.push(`the chain was last seen ${nowMs - observedAtMs} ms ago`);
  if (ledgerAtMs === null) reasons.push('Postgres has taken no write yet');
  else if (Math.abs(nowMs - ledgerAtMs) > staleAfterMs)
    reasons.push(`Postgres last took a write ${nowMs - ledgerAtMs} ms ago`);
  if (roster.doubts.all !== null) reasons.push(roster.doubts.all);
  return reasons;
}

/** The routes of health. */
export const healthRoutes: FastifyPluginAsync<HealthOptions> = async (app, options) => {
  const { roster, pulse, venue, venues, network, mode, stuck } = options;
  app.get('/health/live', { config: { scope: 'public' } }, async (_request, reply) => {
    const hanging = stuck();
    const live = hanging.length === 0;
    const reasons = hanging.map((each) => `one run of ${each} does not end`);
    return reply.code(live ? 200 : 503).send({ live, reasons });
  });
  app.get('/health/ready', { config: { scope: 'public' } }, async (_request, reply) => {
    const reasons = reasonsOf(options);
    return reply.code(reasons.length === 0 ? 200 : 503).send({
      ready: reasons.length === 0,
      reasons,
      asOfSlot: roster.freshness().asOfSlot,
      backlog: pulse().backlog,
      halts: pulse().halts.map(({ scope, reason }) => ({ scope, reason })),
      findings: options.findings().map(({ what, says, mend }) => ({ what, says, mend })),
      subscribers: roster.size,
      venue,
      venues: [...venues],
      network,
      mode,
    });
  });
};
