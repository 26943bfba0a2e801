// Gate server: the production server with a roster of so many subscribers, or a Fastify that answers a constant.
import type { AddressInfo } from 'node:net';
import Fastify from 'fastify';
import { createRoster, type RosterEntry } from '../../src/core/roster.ts';
import { gateView } from '../../src/http/answers.ts';
import { createServer } from '../../src/http/server.ts';
import { GateAnswer } from '../../src/http/shapes.ts';
import { systemClock as clock } from '../../src/system/clock.ts';
import { silentLog as log } from '../../src/system/log.ts';

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
const gate = { roster, clock, onVerdict: () => {} };
/** What this bench never asks for. */
const unasked = {} as never;

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
const app =
  mode === 'constant'
    ? constant()
    : createServer({
        log,
        authority: { judge: () => 'yes', actor: () => 'anyone', refresh: async () => {} },
        webhook: { receive: unasked, secrets: ['x'], bytesMost: 1_000, onDelivery: () => {} },
        gate,
        stream: unasked,
        subscribers: unasked,
        shares: unasked,
        acts: unasked,
        clock,
        requestsPerMinuteMost: 1_000_000,
        clearances: unasked,
        hearing: unasked,
        operator: unasked,
        endpoints: unasked,
        health: unasked,
        metrics: unasked,
      });
await app.listen({ port: 0, host: '127.0.0.1' });
process.stdout.write(`${(app.server.address() as AddressInfo).port}\n`);
