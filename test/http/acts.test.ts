// Acts: every change is on record before it is made; with an idempotency key it is made once; no
// secret is kept; and the rate of each key is limited.
import { randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { Keypair } from '@solana/web3.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { redaction } from '../../src/chain/keypair.ts';
import { withoutSecrets } from '../../src/core/act.ts';
import { base58Text } from '../../src/core/ids.ts';
import { forgetOld } from '../../src/flows/forget.ts';
import { createActs } from '../../src/ledger/acts.ts';
import { createLedger } from '../../src/ledger/ledger.ts';
import type { Trader } from '../../src/local/drift/instructions.ts';
import { loseAnswer } from '../support/damage.ts';
import { ageAct } from '../support/haste.ts';
import { everythingIn } from '../support/rows.ts';
import { openStreet, type Street } from '../support/street.ts';

const DAY_S = 24 * 3_600;

let street: Street;
let ana: Trader;
beforeAll(async () => {
  street = await openStreet();
  ana = street.driver.createTrader({ deposit: 1_000_000_000n });
  await street.subscribe('ana', ana, Keypair.generate().publicKey);
});
afterAll(() => street[Symbol.asyncDispose]());

async function ask(method: string, route: string, body?: unknown, key?: string) {
  const response = await fetch(street.app().url + route, {
    method,
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(key === undefined ? {} : { 'idempotency-key': key }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    replayed: response.headers.get('idempotency-replayed') === 'true',
    link: response.headers.get('link'),
    text,
    body: (text.startsWith('{') ? JSON.parse(text) : {}) as Record<string, unknown>,
  };
}
const clearance = (amount = '1000000') => ({ purpose: 'withdraw', amount });
const CLEARANCES = '/v1/subscribers/ana/clearances';

test('the same request under one key is done once, to the byte; another under it is refused', async () => {
  const first = await ask('POST', CLEARANCES, clearance(), 'withdrawal-1');
  expect(first).toMatchObject({ status: 201, replayed: false });
  const again = await ask('POST', CLEARANCES, clearance(), 'withdrawal-1');
  expect(again).toMatchObject({ status: 201, replayed: true, text: first.text });
  const other = await ask('POST', CLEARANCES, clearance('2'), 'withdrawal-1');
  expect(other).toMatchObject({ status: 422, body: { title: 'idempotency_mismatch' } });
  expect((await ask('POST', CLEARANCES, clearance(), 'withdrawal-2')).text).not.toBe(first.text);
  expect((await ask('POST', CLEARANCES, clearance(), 'not a key')).status).toBe(400);
  const granted = (await ask('GET', CLEARANCES)).body.clearances as { id: string }[];
  expect(granted).toHaveLength(2);
  expect((await ask('DELETE', `${CLEARANCES}/${granted[0]?.id}`, undefined, 'back')).status).toBe(
    204,
  );
  expect(await ask('DELETE', `${CLEARANCES}/${granted[0]?.id}`, undefined, 'back')).toMatchObject({
    status: 204,
    replayed: true,
  });
  expect((await ask('DELETE', `${CLEARANCES}/${granted[0]?.id}`)).status).toBe(404);
});

test('many at once under one key: one is done, the others are told so or get its answer', async () => {
  const before = ((await ask('GET', CLEARANCES)).body.clearances as unknown[]).length;
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => ask('POST', CLEARANCES, clearance('7'), 'race')),
  );
  expect(answers.filter((each) => each.status === 201 && !each.replayed)).toHaveLength(1);
  for (const each of answers)
    expect(each.status === 201 || each.body.title === 'idempotency_running').toBe(true);
  expect((await ask('GET', CLEARANCES)).body.clearances).toHaveLength(before + 1);
});

test('keys of the environment share an actor, and no Idempotency-Key', async () => {
  const [one, two] = ['a'.repeat(32), 'b'.repeat(32)];
  await using held = await openStreet({
    settings: (given) => ({ ...given, secrets: { ...given.secrets, apiKeys: [one, two] } }),
  });
  const asked = async (key: string, path: string) => {
    const response = await fetch(`${held.app().url}/v1/endpoints`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${key}`,
        'content-type': 'application/json',
        'idempotency-key': 'endpoint-1',
      },
      body: JSON.stringify({ url: `http://127.0.0.1:9/${path}` }),
    });
    const { id } = (await response.json()) as { id: string };
    const replayed = response.headers.get('idempotency-replayed') === 'true';
    return { status: response.status, replayed, id };
  };
  const first = await asked(one, 'same');
  const second = await asked(two, 'same');
  expect([first, second]).toMatchObject([
    { status: 201, replayed: false },
    { status: 201, replayed: false },
  ]);
  expect(second.id).not.toBe(first.id);
  expect(await asked(one, 'same')).toEqual({ ...first, replayed: true });
  expect(await asked(two, 'same')).toEqual({ ...second, replayed: true });
  expect((await asked(two, 'other')).status).toBe(422);
});

test('a refused request changed nothing, so its key is free again', async () => {
  const share = await ask('POST', '/v1/shares/none/retry', undefined, 'retry-1');
  expect(share).toMatchObject({ status: 404, link: '</problems/not_found>; rel="help"' });
  expect(await ask('POST', '/v1/shares/none/retry', undefined, 'retry-1')).toMatchObject({
    status: 404,
    replayed: false,
  });
});

test('an act that a dying daemon broke off may be done again after a minute', async () => {
  const acts = createActs(street.database.sql);
  const act = (key: string) => ({
    actor: 'x',
    person: null,
    what: 'POST /v1/x',
    asked: {},
    once: { key, fingerprint: randomBytes(32) },
  });
  const one = act('k');
  const begun = await acts.begin(one);
  const aged = (seconds: number) => ageAct(street.database, 'k', seconds);
  expect(begun).toMatchObject({ kind: 'begun' });
  await aged(50);
  expect(await acts.begin(one)).toEqual({ kind: 'running' });
  await aged(61);
  expect(await acts.begin(act('k'))).toEqual({ kind: 'other' });
  expect(await acts.begin(one)).toEqual(begun);
  expect(await acts.begin(one)).toEqual({ kind: 'running' });
  await acts.forgetKeys(70_000);
  expect(await acts.begin(act('k'))).toEqual({ kind: 'other' });
  await aged(71);
  await acts.forgetKeys(70_000);
  expect(await acts.begin(act('k'))).toMatchObject({ kind: 'begun' });
});

test('a key is known for the days that the platform sets', async () => {
  const { sql } = street.database;
  const ledger = createLedger(sql);
  const acts = createActs(sql);
  const fingerprint = randomBytes(32);
  const once = { key: 'kept', fingerprint };
  const asked = { actor: 'x', person: null, what: 'POST /v1/x', asked: {} };
  const keep = { deliveriesDays: 30, eventsDays: 90, idempotencyDays: 7 };
  await acts.begin({ ...asked, once });
  await ageAct(street.database, 'kept', 6.9 * DAY_S);
  await forgetOld(ledger, keep);
  const other = { ...asked, once: { key: 'kept', fingerprint: randomBytes(32) } };
  expect(await acts.begin(other)).toEqual({ kind: 'other' });
  await ageAct(street.database, 'kept', 7.1 * DAY_S);
  await forgetOld(ledger, keep);
  expect(await acts.begin(other)).toMatchObject({ kind: 'begun' });
});

test('a clearance whose daemon died before it could say so is granted once', async () => {
  const first = await ask('POST', CLEARANCES, clearance('11'), 'dying');
  const before = (await ask('GET', CLEARANCES)).body.clearances;
  await loseAnswer(street.database, 'dying');
  const again = await ask('POST', CLEARANCES, clearance('11'), 'dying');
  expect(again).toMatchObject({ status: 201, replayed: false, text: first.text });
  expect((await ask('GET', CLEARANCES)).body.clearances).toEqual(before);
});

test('the audit tells who asked for what, with nothing secret in it, also of what was refused', async () => {
  const agentSecretKey = base58Text(ana.agent.secretKey);
  expect((await ask('PUT', '/v1/subscribers/ana/key', { agentSecretKey })).status).toBe(204);
  expect((await ask('DELETE', '/v1/subscribers/ana/key')).status).toBe(204);
  expect((await ask('DELETE', '/v1/subscribers/ana/key')).status).toBe(404);
  const told = (await ask('GET', '/v1/audit?subscriber=ana&limit=3')).body as {
    acts: Record<string, unknown>[];
    next: string;
  };
  expect(told.acts.map((each) => [each.what, each.status, each.actor])).toEqual([
    ['DELETE /v1/subscribers/:id/key', 404, 'anyone'],
    ['DELETE /v1/subscribers/:id/key', 204, 'anyone'],
    ['PUT /v1/subscribers/:id/key', 204, 'anyone'],
  ]);
  const older = (await ask('GET', `/v1/audit?subscriber=ana&before=${told.next}`)).body;
  expect(JSON.stringify(older)).toContain('POST /v1/subscribers');
  expect(await everythingIn(street.database)).not.toContain(agentSecretKey);
  expect(withoutSecrets({ a: [{ agentSecretKey: 'x', b: 1 }], secret: 's' }, redaction)).toEqual({
    a: [{ agentSecretKey: '…', b: 1 }],
    secret: '…',
  });
});

test('subscribers, accounts and facts can be read page by page', async () => {
  await street.subscribe(
    'bo',
    street.driver.createTrader({ deposit: 1_000_000_000n }),
    Keypair.generate().publicKey,
  );
  const one = (await ask('GET', '/v1/subscribers?limit=1')).body as {
    subscribers: unknown[];
    next: string;
  };
  expect(one).toMatchObject({ subscribers: [{ id: 'ana' }], next: 'ana' });
  expect((await ask('GET', `/v1/subscribers?after=${one.next}`)).body).toMatchObject({
    subscribers: [{ id: 'bo' }],
    next: null,
  });
  const { accounts } = (await ask('GET', '/v1/subscribers/ana/accounts')).body;
  expect(accounts).toMatchObject([
    { role: 'agent_token_account' },
    { role: 'agent_wallet' },
    { role: 'drift_user', subAccountId: 0, hasGap: false },
  ]);
  const { driver } = street;
  driver.trade(ana, 'long', 1_000_000_000n);
  driver.trade(ana, 'short', 1_000_000_000n, { reduceOnly: true });
  const facts = async (query: string) =>
    (await ask('GET', `/v1/subscribers/ana/facts?${query}`)).body as {
      facts: { kind: string; body: Record<string, unknown> }[];
      next: string;
    };
  await expect.poll(async () => (await facts('kind=close')).facts.length).toBe(1);
  const paged = async () => {
    const pages = [];
    for (let next = ''; ; ) {
      const page = await facts(`limit=1${next === '' ? '' : `&before=${next}`}`);
      pages.push(...page.facts);
      if (page.next === null) return pages;
      next = page.next;
    }
  };
  // Facts may still be coming, or becoming final: once none does, both ways show the same.
  await expect
    .poll(async () => isDeepStrictEqual(await paged(), (await facts('limit=500')).facts))
    .toBe(true);
  expect((await facts('kind=open')).facts[0]?.body).toMatchObject({ base: '1000000000' });
  expect(await ask('GET', '/v1/subscribers/ana/facts?before=nowhere')).toMatchObject({
    status: 400,
    body: { title: 'query_invalid', detail: expect.stringContaining('names no row') },
  });
  for (const route of ['accounts', 'facts']) {
    const answer = await ask('GET', `/v1/subscribers/nobody/${route}`);
    expect(answer.status, route).toBe(404);
  }
});

test('every problem that an answer names has its page', async () => {
  const page = await ask('GET', '/problems/idempotency_mismatch');
  expect(page.text).toContain('HTTP 422');
  expect(page.text).toContain('was used for another request');
  expect((await ask('GET', '/problems/nothing')).status).toBe(404);
});

test('a key may ask so often and no more; the gate is not counted', async () => {
  await using limited = await openStreet({
    settings: (given) => ({ ...given, http: { ...given.http, requestsPerMinuteMost: 3 } }),
  });
  const status = async (route: string) => (await fetch(limited.app().url + route)).status;
  const seen = [];
  for (let n = 0; n < 5; n++) seen.push(await status('/v1/shares'));
  expect(seen).toEqual([200, 200, 200, 429, 429]);
  const refused = await fetch(`${limited.app().url}/v1/shares`);
  expect(refused.headers.get('retry-after')).toMatch(/^\d+$/);
  expect(await refused.json()).toMatchObject({ title: 'rate_limited', status: 429 });
  expect(await status('/v1/gate/nobody?action=close&')).toBe(200);
});
