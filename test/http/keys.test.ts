// Keys: a running daemon when keys are revoked, names collide, and clients misplace secrets.
import { createHash } from 'node:crypto';
import { request } from 'node:http';
import { Keypair } from '@solana/web3.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { base58Text } from '../../src/core/ids.ts';
import { createApiKeys } from '../../src/ledger/api-keys.ts';
import { createHalts } from '../../src/ledger/halts.ts';
import { elapsedMs } from '../../src/system/clock.ts';
import { openStreet, type Street } from '../support/street.ts';

const MASTER = 'k'.repeat(32);
const OTHER = 'o'.repeat(32);
let street: Street;
beforeAll(async () => {
  street = await openStreet({
    settings: (given) => ({ ...given, secrets: { ...given.secrets, apiKeys: [MASTER] } }),
  });
});
afterAll(() => street[Symbol.asyncDispose]());

const ask = async (method: string, path: string, body?: unknown, key = MASTER) => {
  const answer = await fetch(street.app().url + path, {
    method,
    headers: {
      authorization: `Bearer ${key}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return { status: answer.status, text };
};

test('a stream ends within a second after its key is revoked', async () => {
  const keys = createApiKeys(street.database.sql);
  const endedAfterMs = async (name: string): Promise<number> => {
    const hash = createHash('sha256').update(name).digest();
    await keys.add({ id: name, name, hash, scopes: ['gate:read'] });
    const stream = await fetch(`${street.app().url}/v1/gate/stream`, {
      headers: { authorization: `Bearer ${name}` },
    });
    expect(stream.status).toBe(200);
    const reader = stream.body!.getReader();
    await reader.read();
    const sinceMs = elapsedMs();
    expect(await keys.revoke(name)).toBe(true);
    while (!(await reader.read()).done);
    return elapsedMs() - sinceMs;
  };
  // Every request ends. The fastest of several shows how long one takes, because a busy machine
  // only adds to the time.
  let fastestMs = Number.POSITIVE_INFINITY;
  for (let n = 0; n < 5 && fastestMs >= 1_000; n++)
    fastestMs = Math.min(fastestMs, await endedAfterMs(`engineno${n}`));
  expect(fastestMs).toBeLessThan(1_000);
});

test('an id may not be the wallet of another subscriber, nor a wallet the id of another', async () => {
  const [first, second] = [Keypair.generate(), Keypair.generate()].map((each) =>
    each.publicKey.toBase58(),
  );
  const register = (id: string, agentWallet: string) =>
    ask('POST', '/v1/subscribers', { id, agentWallet, subAccountIds: [0] });
  expect((await register('one', first!)).status).toBe(201);
  expect((await register(first!, second!)).status).toBe(409);
  expect((await register(second!, Keypair.generate().publicKey.toBase58())).status).toBe(201);
  expect((await register('two', second!)).status).toBe(409);
  // A subscriber may be called by its own wallet.
  const own = Keypair.generate().publicKey.toBase58();
  expect((await register(own, own)).status).toBe(201);
  // Of two that would shadow each other and come at once, one is refused.
  const [a, b] = [Keypair.generate(), Keypair.generate()].map((each) => each.publicKey.toBase58());
  const both = await Promise.all([register(a!, b!), register('x', a!)]);
  expect(both.map((each) => each.status).sort()).toEqual([201, 409]);
});

test('secrets in a reason or in the URL of an endpoint are shown nowhere', async () => {
  const keypair = Keypair.generate();
  const secrets = {
    keypair: base58Text(keypair.secretKey),
    cli: JSON.stringify([...keypair.secretKey]),
    bearer: 'Bearer abcdefgh12345678',
    query: 'q-token-0123456789',
    path: 'T0KEN0123456789abcdefgh',
  };
  const signature = base58Text(new Uint8Array(64).fill(7));
  const reason = `see ${signature} ${secrets.keypair} ${secrets.cli} ${secrets.bearer}`;
  expect((await ask('PUT', '/v1/halts', { scope: 'all', reason })).status).toBe(204);
  const url = `http://127.0.0.1:9/hooks/${secrets.path}?token=${secrets.query}&q=${secrets.query}`;
  expect((await ask('POST', '/v1/endpoints', { url })).status).toBe(201);
  const shown = await Promise.all(
    ['/v1/halts', '/v1/audit', '/v1/endpoints'].map((path) => ask('GET', path)),
  );
  const halts = await createHalts(street.database.sql).list();
  const all = [...shown.map((each) => each.text), JSON.stringify(halts)].join('\n');
  expect(all).toContain(signature);
  for (const [name, secret] of Object.entries(secrets)) expect(all, name).not.toContain(secret);
  expect(all).toContain('http://127.0.0.1:9/hooks/T0KE…?token=…&q=…');
});

test('one key has one budget, from whatever address', async () => {
  await using limited = await openStreet({
    settings: (given) => ({
      ...given,
      http: {
        ...given.http,
        host: '0.0.0.0',
        requestsPerMinuteMost: 3,
        publicRequestsPerMinuteMost: 4,
      },
      secrets: { ...given.secrets, apiKeys: [MASTER, OTHER] },
    }),
  });
  const { port } = new URL(limited.app().url);
  /** Asks from a given local address; without one, Linux would connect from 127.0.0.1. */
  const get = (localAddress: string, path: string, key = MASTER) =>
    new Promise<number | undefined>((resolve, reject) => {
      const headers = { authorization: `Bearer ${key}` };
      const asked = request({ host: '127.0.0.1', port, path, headers, localAddress }, (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      });
      asked.on('error', reject).end();
    });
  const answers: (number | undefined)[] = [];
  for (const host of ['127.0.0.1', '127.0.0.2', '127.0.0.1', '127.0.0.2'])
    answers.push(await get(host, '/v1/halts'));
  expect(answers).toEqual([200, 200, 200, 429]);
  // Keys of the environment are told apart, too.
  expect(await get('127.0.0.1', '/v1/halts', OTHER)).toBe(200);
  // Routes without a key have a budget by address, shared by health, docs and problem pages.
  const open: (number | undefined)[] = [];
  for (const path of ['/health/live', '/docs', '/openapi.json', '/problems/conflict', '/docs'])
    open.push(await get('127.0.0.1', path));
  expect(open).toEqual([200, 200, 200, 200, 429]);
  expect(await get('127.0.0.2', '/docs')).toBe(200);
});
