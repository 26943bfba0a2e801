// Routes: every route of the API over real HTTP, with every problem that it may answer with, and
// every example of its description. The list is the one the description is made of: a route or a
// problem that nobody drives here fails.
import { Keypair } from '@solana/web3.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FAULTS, type FaultCode } from '../../src/core/fault.ts';
import { base58Text } from '../../src/core/ids.ts';
import { ROUTES } from '../../src/http/routes.ts';
import { USDC, userAddress } from '../../src/local/drift/addresses.ts';
import type { Trader } from '../../src/local/drift/instructions.ts';
import { asking } from '../support/ask.ts';
import { examplesOf, type OpenApi } from '../support/openapi-lint.ts';
import { openStreet, profitableClose, type ShareView, type Street } from '../support/street.ts';

let street: Street;
let ana: Trader;
let share: ShareView;
let payment: string;
let endpoint: string;
let clearance: string;
const other = Keypair.generate();
const creator = Keypair.generate().publicKey.toBase58();
const wallet = () => ana.agent.publicKey.toBase58();

const ask = asking(() => street.app().url);

type Request = readonly [route: string, body?: unknown];
type Problems = Record<string, Partial<Record<FaultCode, () => Request>>>;
/** The lists of a subscriber, each with a request for it. */
const listsOf = <T>(id: string, made: (request: () => Request) => T): Record<string, T> =>
  Object.fromEntries(
    ['accounts', 'credits', 'facts', 'closes', 'clearances', 'subscriptions'].map((list) => [
      `GET /v1/subscribers/{id}/${list}`,
      made(() => [`/v1/subscribers/${id}/${list}`]),
    ]),
  );
/** What makes each route say each of its problems. */
const PROBLEMS: Problems = {
  ...listsOf('nobody', (not_found) => ({ not_found })),
  'POST /v1/subscribers': {
    conflict: () => [
      '',
      { id: 'ann', agentWallet: other.publicKey.toBase58(), subAccountIds: [0] },
    ],
    address_invalid: () => [
      '',
      { id: 'x', agentWallet: 'not-an-address-but-long-enough-0000', subAccountIds: [0] },
    ],
    key_mismatch: () => [
      '',
      {
        id: 'ann',
        agentWallet: wallet(),
        agentSecretKey: base58Text(other.secretKey),
        subAccountIds: [0],
      },
    ],
    agent_is_creator: () => ['', { id: 'x', agentWallet: creator, subAccountIds: [0] }],
  },
  'GET /v1/subscribers/{id}': { not_found: () => ['/v1/subscribers/nobody'] },
  'DELETE /v1/subscribers/{id}': {
    not_found: () => ['/v1/subscribers/nobody'],
    conflict: () => ['/v1/subscribers/bo'],
    not_ready: () => ['/v1/subscribers/unheard'],
  },
  'PUT /v1/subscribers/{id}/key': {
    not_found: () => [
      '/v1/subscribers/nobody/key',
      { agentSecretKey: base58Text(other.secretKey) },
    ],
    key_mismatch: () => [
      '/v1/subscribers/ann/key',
      { agentSecretKey: base58Text(other.secretKey) },
    ],
  },
  'DELETE /v1/subscribers/{id}/key': { not_found: () => ['/v1/subscribers/nobody/key'] },
  'GET /v1/shares': { not_found: () => ['/v1/shares?subscription=none'] },
  'GET /v1/payments': { not_found: () => ['/v1/payments?subscriber=nobody'] },
  'GET /v1/audit': { not_found: () => ['/v1/audit?actor=nokey'] },
  'POST /v1/subscribers/{id}/subscriptions': {
    not_found: () => ['/v1/subscribers/nobody/subscriptions', terms()],
    conflict: () => ['/v1/subscribers/ann/subscriptions', { ...terms(), id: 'a-second-one' }],
    address_invalid: () => [
      '/v1/subscribers/ann/subscriptions',
      { ...terms(), creatorWallet: 'not-an-address-but-long-enough-0000' },
    ],
    creator_off_curve: () => [
      '/v1/subscribers/ann/subscriptions',
      { ...terms(), creatorWallet: userAddress(ana.agent.publicKey, 0).toBase58() },
    ],
    creator_not_payable: () => [
      '/v1/subscribers/ann/subscriptions',
      { ...terms(), creatorWallet: USDC.toBase58() },
    ],
    creator_unproven: () => [
      '/v1/subscribers/ann/subscriptions',
      { ...terms(), creatorWallet: userAddress(USDC, 7).toBase58(), offCurve: true },
    ],
    creator_is_agent: () => [
      '/v1/subscribers/ann/subscriptions',
      { ...terms(), creatorWallet: wallet() },
    ],
  },
  'GET /v1/subscribers/{id}/subscriptions/{subscription}': {
    not_found: () => ['/v1/subscribers/bo/subscriptions/ann-sub'],
  },
  'DELETE /v1/subscribers/{id}/subscriptions/{subscription}': {
    not_found: () => ['/v1/subscribers/bo/subscriptions/ann-sub'],
  },
  'POST /v1/subscribers/{id}/clearances': {
    not_found: () => ['/v1/subscribers/nobody/clearances', { purpose: 'close' }],
  },
  'DELETE /v1/subscribers/{id}/clearances/{clearance}': {
    not_found: () => ['/v1/subscribers/ann/clearances/none'],
  },
  'GET /v1/shares/{id}': { not_found: () => ['/v1/shares/none'] },
  'GET /v1/shares/{id}/explanation': { not_found: () => ['/v1/shares/none/explanation'] },
  'POST /v1/shares/{id}/retry': {
    not_found: () => ['/v1/shares/none/retry'],
    conflict: () => [`/v1/shares/${share.id}/retry`],
  },
  'POST /v1/shares/{id}/void': {
    not_found: () => ['/v1/shares/none/void', { reason: 'a drill' }],
    conflict: () => [`/v1/shares/${share.id}/void`, { reason: 'a drill' }],
  },
  'GET /v1/payments/{id}': { not_found: () => ['/v1/payments/none'] },
  'GET /v1/creators/{wallet}/earnings': {
    address_invalid: () => ['/v1/creators/nobody/earnings'],
    not_found: () => [`/v1/creators/${other.publicKey.toBase58()}/earnings`],
  },
  'POST /v1/endpoints': { endpoint_refused: () => ['', { url: 'https://user:pass@203.0.113.7/' }] },
  'GET /v1/endpoints/{id}': { not_found: () => ['/v1/endpoints/none'] },
  'DELETE /v1/endpoints/{id}': { not_found: () => ['/v1/endpoints/none'] },
  'POST /v1/endpoints/{id}/secrets': { not_found: () => ['/v1/endpoints/none/secrets'] },
  'POST /v1/endpoints/{id}/enable': { not_found: () => ['/v1/endpoints/none/enable'] },
  'POST /v1/endpoints/{id}/replays': {
    not_found: () => ['/v1/endpoints/none/replays', { since: '2026-01-01T00:00:00Z' }],
  },
  'GET /v1/endpoints/{id}/deliveries': { not_found: () => ['/v1/endpoints/none/deliveries'] },
  'PUT /v1/halts': {
    not_found: () => ['', { scope: 'subscriber:nobody', reason: 'a drill' }],
  },
  'DELETE /v1/halts/{scope}': { not_found: () => ['/v1/halts/all'] },
  'POST /v1/hearing/rescans': { not_found: () => ['', { address: creator, fromSlot: 0 }] },
  'POST /v1/hearing/reviews': { not_found: () => ['', { subscriber: 'nobody', reason: 'drill' }] },
  'POST /v1/hearing/acceptances': {
    not_found: () => ['', { address: creator, reason: 'a drill' }],
    conflict: () => [
      '',
      { address: userAddress(ana.agent.publicKey, 0).toBase58(), reason: 'a drill' },
    ],
  },
};
/**
 * What every route answers when all is well; bodies are those of the description where nothing is
 * said here.
 */
const GOOD: Record<string, () => Request> = {
  ...listsOf('ann', (request) => request),
  'GET /v1/gate/{subscriber}': () => ['/v1/gate/ann'],
  'GET /v1/subscribers/{id}': () => ['/v1/subscribers/ann'],
  'PUT /v1/subscribers/{id}/key': () => [
    '/v1/subscribers/ann/key',
    { agentSecretKey: base58Text(ana.agent.secretKey) },
  ],
  'DELETE /v1/subscribers/{id}/key': () => ['/v1/subscribers/bo/key'],
  'DELETE /v1/subscribers/{id}': () => ['/v1/subscribers/leaving'],
  'POST /v1/subscribers/{id}/subscriptions': () => ['/v1/subscribers/ann/subscriptions', terms()],
  'GET /v1/subscribers/{id}/subscriptions/{subscription}': () => [
    '/v1/subscribers/ann/subscriptions/ann-sub',
  ],
  'DELETE /v1/subscribers/{id}/subscriptions/{subscription}': () => [
    '/v1/subscribers/bo/subscriptions/bo-sub',
  ],
  'POST /v1/subscribers/{id}/clearances': () => [
    '/v1/subscribers/ann/clearances',
    { purpose: 'close' },
  ],
  'DELETE /v1/subscribers/{id}/clearances/{clearance}': () => [
    `/v1/subscribers/ann/clearances/${clearance}`,
  ],
  'GET /v1/shares/{id}': () => [`/v1/shares/${share.id}`],
  'GET /v1/shares/{id}/explanation': () => [`/v1/shares/${share.id}/explanation`],
  'POST /v1/shares/{id}/retry': () => [`/v1/shares/${waiting.id}/retry`],
  'POST /v1/shares/{id}/void': () => [`/v1/shares/${waiting.id}/void`, { reason: 'a drill' }],
  'GET /v1/payments/{id}': () => [`/v1/payments/${payment}`],
  'GET /v1/creators/{wallet}/earnings': () => [`/v1/creators/${creator}/earnings`],
  'GET /v1/endpoints/{id}': () => [`/v1/endpoints/${endpoint}`],
  'POST /v1/endpoints/{id}/secrets': () => [`/v1/endpoints/${endpoint}/secrets`],
  'POST /v1/endpoints/{id}/enable': () => [`/v1/endpoints/${endpoint}/enable`],
  'POST /v1/endpoints/{id}/replays': () => [
    `/v1/endpoints/${endpoint}/replays`,
    { since: '2026-01-01T00:00:00Z' },
  ],
  'GET /v1/endpoints/{id}/deliveries': () => [`/v1/endpoints/${endpoint}/deliveries`],
  'DELETE /v1/endpoints/{id}': () => [`/v1/endpoints/${endpoint}`],
  'PUT /v1/halts': () => ['', { scope: 'subscriber:bo', reason: 'a drill' }],
  'DELETE /v1/halts/{scope}': () => ['/v1/halts/subscriber:bo'],
  'POST /v1/hearing/rescans': () => ['', { address: wallet(), fromSlot: 0 }],
  'POST /v1/hearing/reviews': () => ['', { subscriber: 'ann', reason: 'a drill' }],
  'POST /v1/hearing/acceptances': () => ['', { address: gapped, reason: 'a drill' }],
};
let waiting: ShareView;
let gapped = '';
const terms = () => ({ id: 'ann-sub', subAccountId: 0, creatorWallet: creator, shareBps: 1_000 });
const split = (name: string) => name.split(' ') as [string, string];
beforeAll(async () => {
  street = await openStreet({
    settings: (given) => ({ ...given, clearances: { ...given.clearances, patienceMs: 0 } }),
  });
  const { driver, database } = street;
  ana = driver.createTrader({ deposit: 1_000_000_000n, lamports: 1_000_000_000n });
  const bo = driver.createTrader({ deposit: 1_000_000_000n });
  await street.subscribe('ann', ana, Keypair.fromSeed(Buffer.alloc(32, 1)).publicKey);
  await street.subscribe('bo', bo, Keypair.generate().publicKey);
  for (const id of ['leaving', 'unheard']) {
    const trader = driver.createTrader({ deposit: 1_000_000_000n });
    await street.subscribe(id, trader, Keypair.generate().publicKey);
  }
  await street.post('/v1/subscribers/ann/subscriptions', terms());
  profitableClose(driver, ana);
  profitableClose(driver, bo);
  const seen = async (id: string, ready: (each: ShareView) => boolean): Promise<ShareView> => {
    for (;;) {
      const found = (await street.shares(id)).find(ready);
      if (found !== undefined) return found;
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  share = await seen('ann', (each) => each.status === 'paid');
  waiting = await seen('bo', (each) => each.reason?.code === 'agent_needs_sol');
  const { payments } = (await ask('GET', '/v1/payments')).body as { payments: { id: string }[] };
  payment = payments[0]?.id ?? '';
  endpoint = String((await ask('POST', '/v1/endpoints', { url: 'http://127.0.0.1:9/x' })).body.id);
  const wanted = { purpose: 'withdraw', amount: '1' };
  const cleared = await ask('POST', '/v1/subscribers/ann/clearances', wanted);
  clearance = String(cleared.body.id);
  // A gap that nobody can explain, at an account of which not everything is heard.
  const [row] = await database.sql<
    { address: string }[]
  >`update account_check set baseline = jsonb_set(baseline, '{counters,realised}', '"77"')
    where address = (select address from account where subscriber_id = 'unheard' and role = 'drift_user') returning address`;
  await database.sql`
    update account_check set difference = '{"realised":"1","funding":"0","deposits":"0","withdraws":"0","tokens":"0"}', unexplained_since = now() where address = ${row?.address ?? ''}`;
  gapped = row?.address ?? '';
  await database.sql`
    insert into fact (subscriber_id, account, signature, slot, ordinal, kind, finality, body)
    select 'ann', address, 'x', 1, 0, 'notice', 'finalized', '{"what":"swap_loss","amount":"900000000"}' from account where subscriber_id = 'ann' limit 1`;
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
          .replace('/shares/{id}', `/shares/${waiting.id}`)
          .replace('{id}', path.includes('endpoints') ? endpoint : 'ana');
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
