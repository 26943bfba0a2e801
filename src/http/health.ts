// Health: `live` means that this process makes progress, `ready` that the gate can vouch for its
// answers. Every reason against is named. A fault that a person should mend although the gate can
// vouch, such as a wrong clock, is a finding. Both are answered from memory: ledger and chain are
// told as the last heartbeat saw them. Neither needs a key; without a key of scope `operator` the
// texts that people typed, ids of subscribers and messages of errors are left out.
import type { FastifyPluginAsync } from 'fastify';
import type { Finding } from '../core/doctor-finding.ts';
import type { Clock } from '../core/ports.ts';
import type { Roster } from '../core/roster.ts';
import type { Pulse } from '../flows/heartbeat.ts';
import type { Authority } from './auth.ts';

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

/**
 * The sentence in the place of a doubt for a caller without a key of scope `operator`: the text of
 * the doubt may be the message of an error.
 */
const DOUBT = 'the gate cannot vouch for its answers; a key of scope operator is told why';

/**
 * Why the gate cannot vouch for its answers now; empty when it can. `whole`: with the text of the
 * doubt.
 */
function reasonsOf(
  { roster, pulse, clock, staleAfterMs }: HealthOptions,
  whole: boolean,
): string[] {
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
  if (roster.doubts.all !== null) reasons.push(whole ? roster.doubts.all : DOUBT);
  return reasons;
}

/** The kind of a halt (`all`, `creator` or `subscriber`), without the wallet or the id. */
const kindOf = (scope: string): string => scope.replace(/:.*$/s, '');

/** The routes of health. */
export const healthRoutes: FastifyPluginAsync<
  HealthOptions & { readonly authority: Pick<Authority, 'permits'> }
> = async (app, options) => {
  const { roster, pulse, venue, venues, network, mode, stuck, authority } = options;
  app.get('/health/live', { config: { scope: 'public' } }, async (_request, reply) => {
    const hanging = stuck();
    const live = hanging.length === 0;
    const reasons = hanging.map((each) => `one run of ${each} does not end`);
    return reply.code(live ? 200 : 503).send({ live, reasons });
  });
  app.get('/health/ready', { config: { scope: 'public' } }, async (request, reply) => {
    // From memory: a key that was made since the daemon last read the keys counts as none.
    const whole = authority.permits(request.headers.authorization, 'operator') === 'yes';
    const reasons = reasonsOf(options, whole);
    return reply.code(reasons.length === 0 ? 200 : 503).send({
      ready: reasons.length === 0,
      reasons,
      asOfSlot: roster.freshness().asOfSlot,
      backlog: pulse().backlog,
      halts: pulse().halts.map(({ scope, reason }) =>
        whole ? { scope, reason } : { scope: kindOf(scope), reason: null },
      ),
      findings: options
        .findings()
        .map(({ what, says, mend }) =>
          whole ? { what, says, mend } : { what, says: null, mend: null },
        ),
      subscribers: roster.size,
      venue,
      venues: [...venues],
      network,
      mode,
    });
  });
};
