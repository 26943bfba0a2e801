// Operator: payments and earnings that add up, halts, debts that end unpaid, the numbers for
// Prometheus; over HTTP and by command.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Keypair, PublicKey, SYSVAR_CLOCK_PUBKEY, SystemProgram } from '@solana/web3.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { formatUnits } from '../../src/core/money.ts';
import { USDC } from '../../src/local/drift/addresses.ts';
import type { Trader } from '../../src/local/drift/instructions.ts';
import { runCommand } from '../support/command.ts';
import { everythingIn } from '../support/rows.ts';
import { openStreet, profitableClose, type Street } from '../support/street.ts';

const ROOT = path.join(import.meta.dirname, '../..');
const creator = Keypair.generate().publicKey;
let street: Street;
let ana: Trader;
let bo: Trader;
beforeAll(async () => {
  street = await openStreet();
  const { driver } = street;
  ana = driver.createTrader({ deposit: 1_000_000_000n, lamports: 1_000_000_000n });
  bo = driver.createTrader({ deposit: 1_000_000_000n });
  await street.subscribe('ana', ana, creator);
  await street.subscribe('bo', bo, creator);
});
afterAll(() => street[Symbol.asyncDispose]());

async function ask(method: string, route: string, body?: unknown, person?: string) {
  const response = await fetch(street.app().url + route, {
    method,
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      // A header carries bytes: each is one character here.
      ...(person === undefined
        ? {}
        : { 'x-bailiff-person': Buffer.from(person, 'utf8').toString('latin1') }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    body: (text.startsWith('{') ? JSON.parse(text) : text) as never,
  };
}
const bailiff = (...args: string[]) => runCommand(street, args);

test('payments and earnings add up; halts hold, and voiding ends a debt on record', async () => {
  profitableClose(street.driver, ana);
  const paid = await street.share('ana', (each) => each.status === 'paid');
  const { payments } = (await ask('GET', '/v1/payments?subscriber=ana')).body as {
    payments: Record<string, unknown>[];
  };
  expect(payments).toMatchObject([
    {
      state: 'landed',
      amount: paid.amount,
      signature: paid.paidBy[0],
      purpose: 'share',
      trouble: null,
    },
  ]);
  const { id } = payments[0] as { id: string };
  expect((await ask('GET', `/v1/payments?before=${id}`)).body).toMatchObject({ payments: [] });

  const scope = `creator:${creator.toBase58()}`;
  expect((await ask('PUT', '/v1/halts', { scope, reason: 'a drill' })).status).toBe(204);
  expect((await ask('GET', '/v1/halts')).body).toMatchObject({
    halts: [{ scope, reason: 'a drill' }],
  });
  profitableClose(street.driver, bo);
  const owed = await street.share('bo', (each) => each.status === 'pending');
  expect((await ask('POST', `/v1/shares/${owed.id}/void`, { reason: 'no' })).status).toBe(400);
  expect((await ask('POST', '/v1/shares/none/void', { reason: 'agreed' })).status).toBe(404);
  expect((await ask('POST', `/v1/shares/${paid.id}/void`, { reason: 'agreed' })).status).toBe(409);
  const voiding = [`/v1/shares/${owed.id}/void`, { reason: 'agreed' }] as const;
  expect(await ask('POST', ...voiding, 'x'.repeat(101))).toMatchObject({
    status: 400,
    body: { detail: expect.stringContaining('X-Bailiff-Person') },
  });
  expect((await ask('POST', ...voiding, 'Zoë Müller')).status).toBe(204);
  expect((await ask('GET', `/v1/shares/${owed.id}`)).body).toMatchObject({
    status: 'voided',
    reason: null,
    voided: {
      by: 'operator',
      actor: 'anyone',
      person: 'Zoë Müller',
      reason: 'agreed',
      at: expect.stringMatching(/^\d{4}-.+Z$/),
    },
  });
  expect((await ask('GET', '/v1/audit?limit=1')).body).toMatchObject({
    acts: [{ what: 'POST /v1/shares/:id/void', actor: 'anyone', person: 'Zoë Müller' }],
  });
  const earnings = (await ask('GET', `/v1/creators/${creator.toBase58()}/earnings`)).body;
  expect(earnings).toMatchObject({
    paid: paid.amount,
    voided: owed.amount,
    owed: '0',
    inFlight: '0',
    accrued: String(BigInt(paid.amount) + BigInt(owed.amount)),
  });
  expect((await ask('GET', '/v1/creators/nobody/earnings')).status).toBe(422);

  const told = (await ask('GET', `/v1/shares/${paid.id}/explanation`)).body as {
    sentence: string;
    steps: { name: string; value: string }[];
  };
  const number = Object.fromEntries(told.steps.map((each) => [each.name, BigInt(each.value)]));
  const of = (name: string): bigint => number[name] ?? 0n;
  expect(of('grossPnl')).toBe(of('proceeds') - of('entry'));
  expect(of('openingFee')).toBeGreaterThan(0n);
  expect(of('netPnl')).toBe(of('grossPnl') - of('fee') - of('openingFee'));
  expect(of('amount')).toBe((of('netPnl') * of('shareBps') + of('carryBefore')) / 10_000n);
  expect(of('amount')).toBe(BigInt(paid.amount));
  expect(told.sentence).toContain(paid.close.signature);
  expect(told.sentence).toContain(`10 % of that is ${formatUnits(BigInt(paid.amount))} USDC.`);
  expect((await ask('GET', '/v1/shares/none/explanation')).status).toBe(404);
  expect((await bailiff('shares', 'explain', paid.id)).out).toContain(told.sentence);
  expect((await ask('PUT', '/v1/halts', { scope: 'everything', reason: 'a drill' })).status).toBe(
    400,
  );
  for (const none of [`creator:${Keypair.generate().publicKey.toBase58()}`, 'subscriber:nobody'])
    expect(await ask('PUT', '/v1/halts', { scope: none, reason: 'a drill' })).toMatchObject({
      status: 404,
      body: { detail: expect.stringContaining('nothing was halted') },
    });
  const halted = async () => (await ask('GET', '/health/ready')).body;
  await expect.poll(halted).toMatchObject({ ready: true, halts: [{ scope, reason: 'a drill' }] });
  expect((await ask('DELETE', `/v1/halts/${scope}`)).status).toBe(204);
  await expect.poll(halted).toMatchObject({ halts: [] });
  expect((await ask('DELETE', `/v1/halts/${scope}`)).status).toBe(404);
});

test('an agent wallet that nobody can hold a key to, or that a program owns, is refused', async () => {
  const [derived] = PublicKey.findProgramAddressSync([Buffer.from('agent')], creator);
  // The mint is an account with a key on the curve; the rest are addresses written by hand.
  for (const agentWallet of [derived, USDC, SystemProgram.programId, SYSVAR_CLOCK_PUBKEY])
    expect(
      await ask('POST', '/v1/subscribers', {
        id: 'cy',
        agentWallet: agentWallet.toBase58(),
        subAccountIds: [0],
      }),
    ).toMatchObject({ status: 422, body: { title: 'address_invalid' } });
  expect((await ask('GET', '/v1/subscribers/cy')).status).toBe(404);
});

test('the same by command, with JSON and exit codes', async () => {
  const listed = await bailiff('--json', 'shares', 'list', '--subscriber', 'ana');
  expect(JSON.parse(listed.out)).toMatchObject({
    shares: [{ subscriberId: 'ana', status: 'paid' }],
  });
  expect((await bailiff('payments', 'list')).out).toMatch(/^PAYMENT +PLANNED +SUBSCRIBER/);
  expect((await bailiff('halt', 'subscriber:ana', '--reason', 'a drill')).code).toBe(0);
  expect((await ask('GET', '/v1/halts')).body).toMatchObject({
    halts: [{ scope: 'subscriber:ana' }],
  });
  expect((await bailiff('resume', 'subscriber:ana')).out).toContain('is lifted');
  expect((await bailiff('resume', 'subscriber:ana')).code).toBe(1);
  expect((await bailiff('shares', 'retry', 'none')).code).toBe(1);
  expect((await bailiff('halt', 'all')).code).toBe(2);
  expect((await bailiff('halt', 'subscriber:nobody', '--reason', 'a drill')).code).toBe(1);
  expect((await bailiff('halts', 'list')).out).toContain('Nothing is halted.');
  expect((await bailiff('shares', '--help')).out).toContain('end a debt unpaid');
});

test('every metric that alerts and dashboard ask for exists', async () => {
  await street.verdict('ana', 'allow');
  const metrics = async () => (await ask('GET', '/metrics')).body as string;
  const text = await metrics();
  const known = new Set([...text.matchAll(/^# TYPE (\w+)/gm)].map((match) => match[1]));
  for (const file of ['alerts.yaml', 'dashboard.json']) {
    const asked = readFileSync(path.join(ROOT, 'config/ops', file), 'utf8');
    const names = [...asked.matchAll(/\b(bailiff_\w+|nodejs_\w+)/g)].map((match) =>
      match[1]?.replace(/_bucket$/, ''),
    );
    expect(names.length).toBeGreaterThan(5);
    for (const name of names) expect(known.has(name), `${file}: ${name}`).toBe(true);
  }
  // What is counted in the database is sampled every few seconds.
  await expect.poll(metrics).toMatch(/bailiff_debts\{status="paid",token="USDC"\} 1/);
  await expect.poll(metrics).toMatch(/bailiff_gate_verdicts_total\{verdict="allow"\} [1-9]/);
  await expect
    .poll(metrics)
    .toMatch(
      /bailiff_rpc_calls_total\{method="getSlot",node="127\.0\.0\.1:\d+",outcome="answered"\} [1-9]/,
    );
  await expect
    .poll(metrics)
    .toMatch(
      /bailiff_http_requests_total\{route="\/v1\/shares",method="GET",outcome="2xx"\} [1-9]/,
    );
  await expect
    .poll(metrics)
    .toMatch(/bailiff_rpc_call_seconds_count\{method="getSlot",node="\S+"\} [1-9]/);
  await expect
    .poll(metrics)
    .toMatch(/bailiff_events_total\{event="payment.landed",level="info"\} 1/);
  await expect.poll(metrics).toMatch(/bailiff_facts_total\{kind="close"\} 2$/m);
  await expect.poll(metrics).toMatch(/bailiff_deliveries_total\{outcome="stored"\} [1-9]/);
  await expect.poll(metrics).toMatch(/bailiff_close_to_paid_seconds\{quantile="0\.5"\} \d/);
  await expect.poll(metrics).toMatch(/bailiff_payments\{state="landed",class=""\} 1/);
  await expect.poll(metrics).toMatch(/bailiff_payments_unknown 0/);
  await expect.poll(metrics).toMatch(/bailiff_debts_older\{seconds="300"\} 0/);
});

test('keys: what is made by command works within its scopes until it is revoked', async () => {
  const make = async (name: string, scopes: string) =>
    JSON.parse((await bailiff('--json', 'api-keys', 'create', name, '--scopes', scopes)).out) as {
      id: string;
      key: string;
    };
  expect((await bailiff('api-keys', 'create', 'x', '--scopes', 'root')).code).toBe(2);
  const gate = await make('engine', 'gate:read');
  const platform = await make('platform', 'platform:write');
  const operator = await make('ops', 'operator');
  expect(await everythingIn(street.database)).not.toContain(gate.key);
  const status = async (key: string | null, route: string) => {
    const response = await fetch(street.app().url + route, {
      headers: key === null ? {} : { authorization: `Bearer ${key}` },
    });
    await response.arrayBuffer();
    return response.status;
  };
  // Once the first key exists, no request is let in without one.
  await expect.poll(() => status(null, '/v1/gate/ana')).toBe(401);
  const table: [string, number[]][] = [
    ['/v1/gate/ana', [200, 200, 200]],
    ['/v1/shares', [403, 200, 200]],
    ['/v1/halts', [403, 403, 200]],
    ['/metrics', [403, 403, 200]],
  ];
  for (const [route, wanted] of table) {
    const got = [];
    for (const { key } of [gate, platform, operator]) got.push(await status(key, route));
    expect(got, route).toEqual(wanted);
  }
  expect(await status('bailiff_made_up', '/v1/gate/ana')).toBe(401);
  expect((await bailiff('api-keys', 'revoke', gate.id)).code).toBe(0);
  expect((await bailiff('api-keys', 'revoke', gate.id)).code).toBe(1);
  await expect.poll(() => status(gate.key, '/v1/gate/ana')).toBe(401);
  expect((await bailiff('api-keys', 'list')).out).toMatch(/engine +gate:read/);
  // No request is let in after the last key is revoked, either.
  for (const { id } of [platform, operator]) await bailiff('api-keys', 'revoke', id);
  await expect.poll(() => status(operator.key, '/v1/gate/ana')).toBe(401);
  expect(await status(null, '/v1/gate/ana')).toBe(401);
});
