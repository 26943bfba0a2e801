// Import secrets: an agent's key that a platform puts into a field of another name, or into another
// column's place, is in no answer, in no record and in no table, however the row is refused.
import { Keypair } from '@solana/web3.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { base58Text } from '../../src/core/ids.ts';
import { everythingIn } from '../support/rows.ts';
import { openStreet, type Street } from '../support/street.ts';

let street: Street;
beforeAll(async () => {
  street = await openStreet();
});
afterAll(() => street[Symbol.asyncDispose]());

const debt = { kind: 'debt', subscriber: 'ana', subscription: 'ana-1', amount: '5' };

test.each<[string, (key: string, bytes: number[]) => Record<string, unknown>]>([
  ['a misnamed field', (key) => ({ agentPrivateKey: key })],
  ['another misnamed field', (key) => ({ keypair: key })],
  ['a field of no name that is known', (key) => ({ agentKey: key, seed: key })],
  ['an array of numbers', (_, bytes) => ({ walletBytes: bytes })],
  ['an array of numbers as text', (_, bytes) => ({ walletBytes: JSON.stringify(bytes) })],
  ['the id', (key) => ({ id: key })],
  ['a field’s name', (key) => ({ [key]: 'zz' })],
  ['the id of a debt', (key) => ({ ...debt, id: key })],
  ['the origin of a debt', (key) => ({ ...debt, id: 'd1', origin: `the key is ${key}` })],
  [
    'numbers in the origin of a debt',
    (_, bytes) => ({ ...debt, id: 'd2', origin: `the key is ${JSON.stringify(bytes)}` }),
  ],
])('the key of a refused row is kept nowhere: %s', async (_, fields) => {
  const agent = Keypair.generate();
  const key = base58Text(agent.secretKey);
  const bytes = [...agent.secretKey];
  const agentWallet = String(agent.publicKey);
  const row = { kind: 'subscriber', id: 'zz', agentWallet, subAccountIds: [0] };
  const given = fields(key, bytes);
  const rows = [given.kind === 'debt' ? given : { ...row, ...given }];
  for (const dryRun of [true, false]) {
    const answer = await fetch(`${street.app().url}/v1/imports`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': `${agentWallet}${dryRun}` },
      body: JSON.stringify({ dryRun, rows }),
    });
    const told = await answer.text();
    expect(answer.status, told).toBe(200);
    expect((JSON.parse(told) as { refused: unknown[] }).refused).toHaveLength(1);
    const audit = await (await fetch(`${street.app().url}/v1/audit?limit=1`)).text();
    expect(audit).toContain('POST /v1/imports');
    for (const text of [told, audit, await everythingIn(street.database)]) {
      expect(text).not.toContain(key);
      // The first bytes of the array, written without or with spaces.
      expect(text.replaceAll(' ', '')).not.toContain(bytes.slice(0, 12).join(','));
    }
  }
});

test('the record of an import tells how many rows of each kind it had, and their hash', async () => {
  const rows = [{ ...debt, id: 'd3' }, { ...debt, id: 'd4' }, { kind: 'subscription' }];
  await street.post('/v1/imports', { dryRun: true, rows });
  const audit = (await (await fetch(`${street.app().url}/v1/audit?limit=1`)).json()) as {
    acts: { asked: { body: unknown } }[];
  };
  expect(audit.acts[0]?.asked.body).toEqual({
    dryRun: true,
    rows: {
      subscriber: 0,
      subscription: 1,
      debt: 2,
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    },
  });
});

test('a key in the name of a person or in a reason is kept nowhere', async () => {
  const key = base58Text(Keypair.generate().secretKey);
  const answer = await fetch(`${street.app().url}/v1/halts`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json', 'x-bailiff-person': key },
    body: JSON.stringify({ scope: 'all', reason: `because of ${key}` }),
  });
  expect(answer.ok).toBe(true);
  const everything = await everythingIn(street.database);
  expect(everything).toContain('because of …');
  expect(everything).not.toContain(key);
});
