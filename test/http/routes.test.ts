// Routes: every route of the API over real HTTP, with every problem that it may answer with, and
// every example of its description. The list is the one that the description is made of, so a route
// or a problem that no request here causes fails the test.
import { Keypair, PublicKey } from '@solana/web3.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FAULTS, type FaultCode } from '../../src/core/fault.ts';
import type { Address } from '../../src/core/ids.ts';
import { USDC } from '../../src/core/token.ts';
import { ROUTES } from '../../src/http/routes.ts';
import { createLedger } from '../../src/ledger/ledger.ts';
import { userAddress } from '../../src/local/drift/addresses.ts';
import { asking } from '../support/ask.ts';
import { recordFact, signatureOf } from '../support/ledger.ts';
import { sentUnderNonce } from '../support/nonce-rows.ts';
import { examplesOf, type OpenApi } from '../support/openapi-lint.ts';
import { GOOD, met, PROBLEMS, type Request, split, terms } from '../support/route-requests.ts';
import { openStreet, profitableClose, type ShareView, type Street } from '../support/street.ts';
import { bendAccount } from '../support/venue-world.ts';

let street: Street;

const ask = asking(() => street.app().url);
/** Asks until there is an answer. Hooks may not use `expect.poll`. */
const until = async <T>(look: () => Promise<T | undefined>): Promise<T> => {
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setImmediate(resolve));
  }
};
beforeAll(async () => {
  street = await openStreet({
    settings: (given) => ({ ...given, clearances: { ...given.clearances, patienceMs: 0 } }),
  });
  const { driver, database } = street;
  met.ana = driver.createTrader({ deposit: 1_000_000_000n, lamports: 1_000_000_000n });
  const bo = driver.createTrader({ deposit: 1_000_000_000n, lamports: 0n });
  await street.subscribe('ann', met.ana, Keypair.fromSeed(Buffer.alloc(32, 1)).publicKey);
  await street.subscribe('bo', bo, Keypair.generate().publicKey);
  const [leaving, unheard] = [1, 2].map(() => driver.createTrader({ deposit: 1_000_000_000n }));
  if (leaving === undefined || unheard === undefined) throw new Error('unreachable');
  await street.subscribe('leaving', leaving, Keypair.generate().publicKey);
  const unheardCreator = Keypair.generate().publicKey.toBase58() as Address;
  await street.subscribe('unheard', unheard, new PublicKey(unheardCreator));
  await street.post('/v1/subscribers/ann/subscriptions', terms());
  profitableClose(driver, met.ana);
  profitableClose(driver, bo);
  const seen = async (id: string, ready: (each: ShareView) => boolean): Promise<ShareView> =>
    until(async () => (await street.shares(id)).find(ready));
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
  met.underNonce = 'under-nonce';
  await sentUnderNonce(database, met.underNonce, met.payment);
  met.unexplained = 'unexplained';
  const { payments: found } = createLedger(database.sql);
  await found.restore(
    'unheard',
    {
      id: met.unexplained,
      signature: signatureOf(8),
      slot: 300_000_000,
      creatorWallet: unheardCreator,
      token: USDC,
      amount: 5n,
    },
    [],
  );
  // A gap that no fact explains, so that not everything of the subscriber is heard.
  met.gapped = userAddress(unheard.agent.publicKey, 0).toBase58();
  bendAccount(street.world, 'User', met.gapped, (user) => {
    user.totalWithdraws += 1n;
  });
  await until(async () => {
    const { gaps } = (await ask('GET', '/v1/hearing')).body as { gaps: { address: string }[] };
    return gaps.find(({ address }) => address === met.gapped);
  });
  // A swap of ann's that lost 900 USDC.
  await recordFact(
    createLedger(database.sql),
    {
      subscriberId: 'ann',
      account: userAddress(met.ana.agent.publicKey, 0).toBase58() as Address,
      signature: signatureOf(1),
      position: { slot: 300_000_000, blockIndex: 0, ordinal: 0 },
      body: { kind: 'notice', what: 'swap_loss', who: null, amount: 900_000_000n, detail: '' },
    },
    'finalized',
  );
  await until(async () => {
    const { body } = await ask('GET', '/v1/hearing/suspicions');
    return (body.suspicions as unknown[])[0];
  });
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
        // The route voided this debt, has no gap, or removed this endpoint before: the request's
        // form was right.
        expect([200, 201, 202, 204, 404, 409], `${name} ${JSON.stringify(answer.body)}`).toContain(
          answer.status,
        );
      }
    }
    expect(driven).toBeGreaterThanOrEqual(12);
  });
});
