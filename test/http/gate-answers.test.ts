// Gate answers: what many answers of one request share is shared only where it is alike. The routes
// of the gate over a real Fastify, with a roster that the test fills.
import Fastify from 'fastify';
import { expect, test } from 'vitest';
import { createRoster } from '../../src/core/roster.ts';
import { type GateOptions, gateRoutes } from '../../src/http/gate.ts';
import { streamRoutes } from '../../src/http/stream.ts';
import { createManualClock } from '../support/clock.ts';

const entry = (subscriberId: string, standing: string, revision: bigint) => ({
  subscriberId,
  agentWallet: `wallet of ${subscriberId}`,
  standing,
  revision,
  outstanding: 0n,
  owed: [],
  reason: null,
  evidence: null,
  owedSinceMs: null,
});

test.each(['close', 'reduce', 'open'])(
  'of many to %s each has its own standing, in every order',
  async (action) => {
    const roster = createRoster({
      staleAfterMs: 1e9,
      failOpen: false,
      outstandingMost: null,
      owedForMsMost: null,
    });
    roster.hydrate([entry('ana', 'good', 1n), entry('bo', 'retired', 2n)] as never);
    await using app = Fastify();
    const options = { roster, clock: createManualClock(), onVerdict() {} };
    app.register(gateRoutes, options as unknown as GateOptions);
    const alone = async (id: string) =>
      (await app.inject({ url: `/v1/gate/${id}?action=${action}` })).json().standing;
    const expected = { ana: await alone('ana'), bo: await alone('bo'), cy: await alone('cy') };
    for (const subscribers of [
      ['ana', 'bo', 'cy'],
      ['cy', 'bo', 'ana'],
      ['bo', 'ana', 'cy'],
    ]) {
      const payload = { subscribers, action };
      const { answers } = (await app.inject({ method: 'POST', url: '/v1/gate', payload })).json();
      const told = answers.map((each: Record<string, string>) => [each.subscriber, each.standing]);
      expect(Object.fromEntries(told)).toEqual(expected);
    }
  },
);

test('a reader of the stream that leaves before its first event is not kept', async () => {
  const readers = new Set<object>();
  const asked = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  const publisher = {
    revision: 5n,
    mark: { revision: 5n, nonce: null },
    pull() {
      asked.resolve();
      return goOn.promise;
    },
    subscribe(reader: object) {
      readers.add(reader);
      return () => readers.delete(reader);
    },
  };
  await using app = Fastify();
  app.register(streamRoutes as never, {
    publisher,
    roster: {
      freshness: () => ({ asOfSlot: 1, observedAtMs: 1 }),
      doubts: { all: null, of: [], why: [] },
      all: () => [],
    },
    ledger: { standings: { changesSince: async () => null } },
    clock: createManualClock(),
    log: { warn() {} },
    rules: { staleAfterMs: 1, failOpen: false, owedForMsMost: null },
    bounds: { streamsMost: 1, streamBytesMost: 1e6, streamsBytesMost: 1e7 },
    authority: { permits: () => 'yes', onRead: () => () => {} },
  });
  const url = `${await app.listen({ port: 0 })}/v1/gate/stream`;
  const closed = new Promise((done) =>
    app.server.once('connection', (each) => each.once('close', done)),
  );
  const leaving = new AbortController();
  // A mark of another daemon, which this one has not reached.
  const headers = { 'last-event-id': '99999:00000000-0000-0000-0000-000000000000' };
  const left = fetch(url, { headers, signal: leaving.signal }).catch(() => 'left');
  await asked.promise;
  leaving.abort();
  expect(await left).toBe('left');
  await closed;
  goOn.resolve();
  // The only place is free for the next reader.
  const next = await fetch(url, { signal: AbortSignal.timeout(10_000) });
  expect(next.status).toBe(200);
  expect(readers.size).toBe(1);
  await next.body?.cancel();
});
