// Health: live means that work comes to an end, ready that the gate can vouch; every reason why not
// is named. And a daemon that observes does everything but pay.

import { Keypair } from '@solana/web3.js';
import Fastify from 'fastify';
import { expect, test } from 'vitest';
import { BLOCKS_UNTIL_DEAD } from '../../src/core/continuity.ts';
import { wrong } from '../../src/core/doctor-finding.ts';
import { createRoster } from '../../src/core/roster.ts';
import type { Pulse } from '../../src/flows/heartbeat.ts';
import { healthRoutes } from '../../src/http/health.ts';
import { createManualClock } from '../support/clock.ts';
import { backUpBooks } from '../support/damage.ts';
import { retryNow } from '../support/haste.ts';
import { LONG } from '../support/long.ts';
import { eventsIn, paymentsIn } from '../support/rows.ts';
import { openStreet, profitableClose } from '../support/street.ts';

test('work that hangs, a view that is old, doubts and a missing Postgres are each named', async () => {
  const clock = createManualClock(1_000_000);
  const roster = createRoster({
    staleAfterMs: 5_000,
    failOpen: false,
    outstandingMost: null,
    owedForMsMost: null,
  });
  let hanging: string[] = [];
  const backlog = { wanted: 0, confirmed: 0, oldestMs: null };
  let pulse: Pulse = { ledgerAtMs: null, backlog: null, skewMs: null, halts: [] };
  const app = Fastify();
  app.register(healthRoutes, {
    roster,
    pulse: () => pulse,
    findings: () => [],
    clock,
    staleAfterMs: 5_000,
    venue: 'v',
    venues: ['v'],
    network: 'local',
    mode: 'observe',
    stuck: () => hanging,
    authority: { permits: () => 'yes' },
  });
  const ask = async (route: string) => {
    const answer = await app.inject(route);
    const body = answer.json<Record<string, unknown>>();
    return { ...body, status: answer.statusCode, reasons: body.reasons };
  };
  expect(await ask('/health/live')).toMatchObject({ status: 200, live: true, reasons: [] });
  hanging = ['inspect'];
  expect(await ask('/health/live')).toMatchObject({
    status: 503,
    reasons: ['one run of inspect does not end'],
  });
  expect(await ask('/health/ready')).toMatchObject({
    status: 503,
    reasons: [
      'the roster is not hydrated',
      'the chain has not been seen yet',
      'Postgres has taken no write yet',
    ],
  });
  pulse = { ledgerAtMs: clock.nowMs(), backlog, skewMs: 7_000, halts: [] };
  roster.hydrate([]);
  roster.observe(7, clock.nowMs());
  clock.advance(6_000);
  roster.doubtAll('No source has told of the chain.');
  expect((await ask('/health/ready')).reasons).toEqual([
    'the chain was last seen 6000 ms ago',
    'Postgres last took a write 6000 ms ago',
    'No source has told of the chain.',
  ]);
  roster.doubtAll(null);
  roster.observe(8, clock.nowMs());
  // The daemon goes by the clock of Postgres: that of the machine may be off.
  pulse = { ledgerAtMs: clock.nowMs(), backlog, skewMs: 3_600_000, halts: [] };
  expect(await ask('/health/ready')).toMatchObject({ status: 200, ready: true, mode: 'observe' });
});

test('without a key no text of a person, no id and no message of an error is told', async () => {
  const clock = createManualClock(1_000_000);
  const rules = { staleAfterMs: 5_000, failOpen: false, outstandingMost: null };
  const roster = createRoster({ ...rules, owedForMsMost: null });
  const halts = ['all', 'creator:wallet', 'subscriber:ana:b'].map((scope) => ({
    scope,
    reason: 'Jane saw a theft',
    sinceMs: 0,
  }));
  const backlog = { wanted: 3, confirmed: 0, oldestMs: null };
  const app = Fastify();
  const operator = { authorization: 'Bearer operator' };
  app.register(healthRoutes, {
    roster,
    pulse: () => ({ ledgerAtMs: clock.nowMs(), backlog, skewMs: 0, halts }),
    findings: () => [wrong('keys', 'the key of ana does not open', 'Import the key of ana.')],
    clock,
    staleAfterMs: 5_000,
    venue: 'v',
    venues: ['v'],
    network: 'local',
    mode: 'settle',
    stuck: () => [],
    authority: { permits: (given) => (given === operator.authorization ? 'yes' : 'unknown') },
  });
  roster.hydrate([]);
  roster.observe(7, clock.nowMs());
  roster.doubtAll('connect ECONNREFUSED db.internal:5432');
  const ask = (headers: Record<string, string>) => app.inject({ url: '/health/ready', headers });
  const strange = await ask({ authorization: 'Bearer other' });
  expect((await ask({})).json()).toEqual(strange.json());
  expect(strange.statusCode).toBe(503);
  expect(strange.body).not.toMatch(/Jane|ana|wallet|db\.internal/);
  expect(strange.json()).toMatchObject({
    reasons: [expect.stringContaining('a key of scope operator is told why')],
    backlog,
    halts: ['all', 'creator', 'subscriber'].map((scope) => ({ scope, reason: null })),
    findings: [{ what: 'keys', says: null, mend: null }],
  });
  const whole = await ask(operator);
  expect(whole.statusCode).toBe(503);
  expect(whole.json()).toMatchObject({
    reasons: ['connect ECONNREFUSED db.internal:5432'],
    halts: halts.map(({ scope, reason }) => ({ scope, reason })),
    findings: [{ what: 'keys', says: 'the key of ana does not open' }],
  });
});

test.runIf(LONG)(
  'while signing waits after the database went back, a finding says until which block height',
  async () => {
    await using street = await openStreet();
    const { world, database } = street;
    const findings = async () => {
      const answer = await fetch(`${street.app().url}/health/ready`);
      const body = (await answer.json()) as { findings: { what: string }[] };
      return { status: answer.status, findings: body.findings };
    };
    const shown = async (): Promise<string | undefined> => {
      const text = await (await fetch(`${street.app().url}/metrics`)).text();
      return /^bailiff_findings\{[^}]*what="signing"[^}]*\} (\d)$/m.exec(text)?.[1];
    };
    await expect.poll(findings).toEqual({ status: 200, findings: [] });
    const restore = await backUpBooks(database);
    await restore();
    await expect.poll(findings).toEqual({
      status: 200,
      findings: [
        {
          what: 'signing',
          says: expect.stringMatching(
            /was replaced .* nothing is signed from finalized block height (\d+) to (\d+); the last one read is (\d+)$/,
          ),
          mend: expect.stringContaining('BailiffBooksWentBack'),
        },
      ],
    });
    await expect.poll(shown).toBe('1');
    world.cluster.advance(BLOCKS_UNTIL_DEAD + 100);
    await expect.poll(findings).toEqual({ status: 200, findings: [] });
    await expect.poll(shown).toBe('0');
  },
);

test('in observe mode debts are reckoned, served and judged, and nothing is signed', async () => {
  await using street = await openStreet({ settings: (given) => ({ ...given, mode: 'observe' }) });
  const { driver, database } = street;
  const trader = driver.createTrader({ deposit: 1_000_000_000n, lamports: 1_000_000_000n });
  await street.subscribe('ana', trader, Keypair.generate().publicKey);
  profitableClose(driver, trader);
  const share = await street.share('ana', (each) => each.status === 'pending');
  driver.withdrawTo(trader, Keypair.generate().publicKey, 10_000_000n);
  await street.standing('ana', 'delinquent');
  // The schedule has come round by now.
  await expect
    .poll(async () => (await eventsIn(database)).map(({ kind }) => kind))
    .toContain('subscriber.delinquent');
  expect(await paymentsIn(database)).toEqual([]);
  await retryNow(database);
  const health = (await (await fetch(`${street.app().url}/health/ready`)).json()) as {
    mode: string;
  };
  expect(health.mode).toBe('observe');
  // A debt that was booked while only observing is not payable before an operator adopts it.
  expect((await street.post(`/v1/shares/${share.id}/retry`, {})).status).toBe(409);
  expect(await paymentsIn(database)).toEqual([]);
});
