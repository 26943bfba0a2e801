// Routes: every route of the API over real HTTP, with every problem that it may answer with, and
// every example of its description. The list is the one that the description is made of, so a route
// or a problem that no request here causes fails the test.
import { Keypair } from '@solana/web3.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FAULTS, type FaultCode } from '../../src/core/fault.ts';
import { ROUTES } from '../../src/http/routes.ts';
import { asking } from '../support/ask.ts';
import { examplesOf, type OpenApi } from '../support/openapi-lint.ts';
import { GOOD, met, PROBLEMS, type Request, split, terms } from '../support/route-requests.ts';
import { openStreet, profitableClose, type ShareView, type Street } from '../support/street.ts';

let street: Street;

const ask = asking(() => street.app().url);
beforeAll(async () => {
  street = await openStreet({
    settings: (given) => ({ ...given, clearances: { ...given.clearances, patienceMs: 0 } }),
  });
  const { driver, database } = street;
  met.ana = driver.createTrader({ deposit: 1_000_000_000n, lamports: 1_000_000_000n });
  const bo = driver.createTrader({ deposit: 1_000_000_000n });
  await street.subscribe('ann', met.ana, Keypair.fromSeed(Buffer.alloc(32, 1)).publicKey);
  await street.subscribe('bo', bo, Keypair.generate().publicKey);
  for (const id of ['leaving', 'unheard']) {
    const trader = driver.createTrader({ deposit: 1_000_000_000n });
    await street.subscribe(id, trader, Keypair.generate().publicKey);
  }
  await street.post('/v1/subscribers/ann/subscriptions', terms());
  profitableClose(driver, met.ana);
  profitableClose(driver, bo);
  const seen = async (id: string, ready: (each: ShareView) => boolean): Promise<ShareView> => {
    for (;;) {
      const found = (await street.shares(id)).find(ready);
      if (found !== undefined) return found;
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  met.share = await seen('ann', (each) => each.status === 'paid');
  met.waiting = await seen('bo', (each) => each.reason?.code === 'agent_needs_sol');
  const { payments } = (await ask('GET', '/v1/payments')).body as { payments: { id: string }[] };
  met.payment = payments[0]?.id ?? '';
  const endpoint = await ask('POST', '/v1/endpoints', { url: 'http://127.0.0.1:9/x' });
  met.endpoint = String(endpoint.body.id);
  met.event = String((await ask('POST', `/v1/endpoints/${met.endpoint}/tests`)).body.event);
  const wanted = { purpose: 'withdraw', amount: '1' };
  const cleared = await ask('POST', '/v1/subscribers/ann/clearances', wanted);
  met.clearance = String(cleared.body.id);
  // A gap that no fact explains, at an account whose transactions are not all heard.
  const [row] = await database.sql<
    { address: string }[]
  >`update account_check set baseline = jsonb_set(baseline, '{counters,realised}', '"77"')
    where address = (select address from account where subscriber_id = 'unheard' and role = 'drift_user') returning address`;
  await database.sql`
    update account_check set difference = '{"realised":"1","funding":"0","deposits":"0","withdraws":"0","tokens":"0"}', unexplained_since = now() where address = ${row?.address ?? ''}`;
  met.gapped = row?.address ?? '';
  await database.sql`
    insert into fact (subscriber_id, account, signature, slot, ordinal, kind, finality, body)
    select 'ann', address, 'x', 300000000, 0, 'notice', 'finalized', '{"what":"swap_loss","amount":"900000000"}' from account where subscriber_id = 'ann' limit 1`;
  while ((await database.sql`select 1 from suspicion`).length === 0)
    await new Promise((resolve) => setImmediate(resolve));
});
afterAll(() => street[Symbol.asyncDispose]());

test('every route and every problem of its own is driven here', () => {
  for (const [name, { problems }] of Object.entries(ROUTES))
    expect(Object.keys(PROBLEMS[name] ?? {}).sort(), name).toEqual([...problems].sort());
  expect(Object.keys(PROBLEMS).filter((name) => !(name in ROUTES))).toEqual([]);
});

const pairs = Object.entries(PROBLEMS).flatMap(([name, problems]) =>
  Object.entries(problems).map(
    ([code, make]) => [name, code as FaultCode, make as () => Request] as const,
  ),
);
test.each(pairs)('%s says %s', async (name, code, make) => {
  const [method, path] = split(name);
  const [route, body] = make();
  const answer = await ask(method, route === '' ? path : route, body);
  expect(answer, JSON.stringify(answer.body)).toMatchObject({
    status: FAULTS[code].status,
    type: expect.stringContaining('application/problem+json'),
    body: { type: `urn:bailiff:problem:${code}`, title: code, detail: expect.stringMatching(/\w/) },
  });
});

describe('what every route has', () => {
  test('input that is none is refused by all that take any, and changes nothing', async () => {
    for (const name of Object.keys(ROUTES)) {
      const [method, path] = split(name);
      if (!path.includes('{') && method === 'GET') continue;
      const bad = path.replace(/\{\w+\}/, encodeURIComponent('no id of ours '.repeat(6)));
      const answer = await ask(
        method,
        bad,
        method === 'GET' || method === 'DELETE' ? undefined : { nonsense: true },
      );
      expect(answer.status, `${name} ${JSON.stringify(answer.body)}`).toBe(400);
      expect(['query_invalid', 'body_invalid'], name).toContain(answer.body.title);
    }
  });

  test('all is well: each answers as its description says', async () => {
    const document = (await ask('GET', '/openapi.json')).body as never as OpenApi;
    for (const name of Object.keys(ROUTES)) {
      const [method, path] = split(name);
      const operation = document.paths[path]?.[method.toLowerCase()];
      const [route, body] = GOOD[name]?.() ?? [''];
      const given = body ?? examplesOf(operation?.requestBody?.content['application/json'])[0];
      const answer = await ask(method, route === '' ? path : route, given);
      expect(answer.status, `${name} ${JSON.stringify(answer.body)}`).toBeLessThan(300);
      expect(Object.keys(operation?.responses ?? {}), name).toContain(String(answer.status));
    }
  });

  test('the examples of the description are accepted, one after the other', async () => {
    const document = (await ask('GET', '/openapi.json')).body as never as OpenApi;
    let driven = 0;
    for (const name of Object.keys(ROUTES)) {
      const [method, path] = split(name);
      const body = document.paths[path]?.[method.toLowerCase()]?.requestBody;
      for (const example of examplesOf(body?.content['application/json'])) {
        driven++;
        const route = path
          .replace('/shares/{id}', `/shares/${met.waiting.id}`)
          .replace('{id}', path.includes('endpoints') ? met.endpoint : 'ana');
        const answer = await ask(method, route, example);
        // Voided before, no gap, or an endpoint that is gone by now: its form was right all the
        // same.
        expect([200, 201, 202, 204, 404, 409], `${name} ${JSON.stringify(answer.body)}`).toContain(
          answer.status,
        );
      }
    }
    expect(driven).toBeGreaterThanOrEqual(12);
  });
});
