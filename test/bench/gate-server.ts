// Gate server: the production server with a roster of a given number of subscribers (`counted`:
// with the access log and counters that the daemon has), or a Fastify that answers a constant.
import type { AddressInfo } from 'node:net';
import Fastify from 'fastify';
import { createRoster } from '../../src/core/roster.ts';
import type { RosterEntry } from '../../src/core/roster-entry.ts';
import { gateView } from '../../src/http/answers.ts';
import { GateAnswer } from '../../src/http/shapes.ts';
import { systemClock as clock, elapsedMs } from '../../src/system/clock.ts';
import { createMetrics } from '../../src/system/metrics.ts';
import { createBareServer } from '../support/bare-server.ts';

const [mode, count] = process.argv.slice(2);
const roster = createRoster({
  staleAfterMs: 3_600_000,
  failOpen: false,
  outstandingMost: null,
  owedForMsMost: null,
});
const entries = Array.from(
  { length: Number(count) },
  (_, n): RosterEntry => ({
    subscriberId: `subscriber-${n}`,
    agentWallet: `wallet-${n}`,
    standing: 'good',
    outstanding: 0n,
    owedSinceMs: null,
    reason: null,
    evidence: null,
    revision: BigInt(n),
  }),
);
roster.hydrate(entries);
roster.observe(1, clock.nowMs());
const metrics = createMetrics(clock);
const gate = { roster, clock, onVerdict: metrics.verdict };
/** As the daemon has it: ids, counters and durations, and no line for a question to the gate. */
const access = {
  count: metrics.request,
  begin: metrics.beginRoute,
  elapsedMs,
  level: 'info',
  debugging: false,
  idPrefix: 'bench',
} as const;

function constant() {
  const app = Fastify({ logger: false });
  const answer = gateView(roster.decide('subscriber-1', 'open', clock.nowMs()));
  app.get(
    '/v1/gate/:subscriber',
    { schema: { response: { 200: GateAnswer } } },
    async () => answer,
  );
  return app;
}
const bailiff = () => createBareServer(mode === 'counted' ? { gate, access } : { gate });
const app = mode === 'constant' ? constant() : bailiff();
await app.listen({ port: 0, host: '127.0.0.1' });
process.stdout.write(`${(app.server.address() as AddressInfo).port}\n`);
