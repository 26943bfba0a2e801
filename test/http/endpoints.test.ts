// Endpoints: events are written with what they tell, signed so that the library of any receiver can verify them, tried for days, handed
// over again on demand, and never sent where a stranger's URL should not lead.
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Keypair } from '@solana/web3.js';
import { Webhook } from 'standardwebhooks';
import { expect, test } from 'vitest';
import { createVault } from '../../src/chain/vault.ts';
import { endpointBinding } from '../../src/core/bindings.ts';
import { DEAD_AFTER_MS, RETRIES_MS } from '../../src/core/event.ts';
import type { MasterKeyTrouble } from '../../src/core/master-key.ts';
import { notifyEndpoints } from '../../src/flows/notify.ts';
import { tell } from '../../src/ledger/outbox.ts';
import { silentLog } from '../../src/system/log.ts';
import { createMail, isPrivate } from '../../src/system/mail.ts';
import { createManualClock } from '../support/clock.ts';
import { createTestLedger } from '../support/ledger.ts';
import { openStreet, profitableClose } from '../support/street.ts';

type Received = { headers: IncomingHttpHeaders; body: string };
/** A receiver on a real socket, which answers with whatever `status` says at the moment. */
async function openReceiver() {
  const received: Received[] = [];
  const state = { status: 200, location: '' };
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on('end', () => {
      received.push({ headers: request.headers, body });
      response.writeHead(state.status, state.location === '' ? {} : { location: state.location });
      response.end('what it says is nobody’s business');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/hooks`,
    received,
    state,
    kinds: () => received.map((each) => (JSON.parse(each.body) as { type: string }).type),
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

test('from a close to a paid creator every event arrives, verifiable, and again on demand', async () => {
  await using receiver = await openReceiver();
  await using street = await openStreet();
  const { driver } = street;
  const made = await street.post('/v1/endpoints', { url: receiver.url });
  expect(made.status).toBe(201);
  const { id, secret } = made.body as { id: string; secret: string };
  const only = await street.post('/v1/endpoints', {
    url: receiver.url.replace('hooks', 'paid'),
    kinds: ['share.paid'],
  });
  expect(only.body).toMatchObject({ kinds: ['share.paid'], disabled: null });
  const trader = driver.createTrader({ deposit: 1_000_000_000n });
  await street.subscribe('ana', trader, Keypair.generate().publicKey);
  profitableClose(driver, trader);
  const share = await street.share('ana', (each) => each.reason?.code === 'agent_needs_sol');
  driver.withdrawTo(trader, Keypair.generate().publicKey, 10_000_000n);
  await street.standing('ana', 'delinquent');
  street.sendSol(trader.agent.publicKey, 50_000_000n);
  await street.share('ana', (each) => each.status === 'paid');
  await street.standing('ana', 'good');
  const wanted = [
    'subscriber.registered',
    'share.accrued',
    'share.blocked',
    'agent.needs_sol',
    'subscriber.delinquent',
    'payment.landed',
    'share.paid',
    'subscriber.cleared',
  ];
  await expect
    .poll(() => wanted.filter((each) => !receiver.kinds().includes(each)), { timeout: 20_000 })
    .toEqual([]);
  const mine = receiver.received.filter((each) => {
    try {
      new Webhook(secret).verify(each.body, each.headers as Record<string, string>);
      return true;
    } catch {
      return false;
    }
  });
  const told = mine.map(
    (each) => JSON.parse(each.body) as { type: string; data: { share?: string } },
  );
  expect(told.filter((each) => each.type === 'share.paid').map((each) => each.data.share)).toEqual([
    share.id,
  ]);
  // Once each, however often the debt was tried in between.
  expect(told.filter((each) => each.type === 'agent.needs_sol')).toHaveLength(1);
  const before = mine.length;

  const rotated = await street.post(`/v1/endpoints/${id}/secrets`, {});
  const { secret: newer } = rotated.body as { secret: string };
  const replayed = await street.post(`/v1/endpoints/${id}/replays`, {
    since: '2020-01-01T00:00:00Z',
  });
  expect(replayed.status).toBe(202);
  const { events } = replayed.body as { events: number };
  expect(events).toBeGreaterThanOrEqual(before);
  await expect
    .poll(
      () =>
        receiver.received.filter((each) =>
          [secret, newer].every((one) => {
            try {
              return new Webhook(one).verify(each.body, each.headers as Record<string, string>);
            } catch {
              return false;
            }
          }),
        ).length,
      { timeout: 20_000 },
    )
    .toBe(events);
  const listed = await fetch(`${street.app().url}/v1/endpoints/${id}/deliveries?limit=1`);
  expect(await listed.json()).toMatchObject({
    deliveries: [{ state: 'delivered', attempts: 1, outcome: 'answered 200' }],
  });
  const rows = await street.database.sql`select secrets from endpoint`;
  expect(JSON.stringify(rows)).not.toContain(Buffer.from(secret).toString('hex'));
  const all = await fetch(`${street.app().url}/v1/endpoints`);
  expect(await all.text()).not.toContain('whsec_');
  for (const [method, route, status] of [
    ['POST', `/v1/endpoints/${id}/replays`, 400],
    ['GET', '/v1/endpoints/none', 404],
    ['DELETE', `/v1/endpoints/${id}`, 204],
    ['DELETE', `/v1/endpoints/${id}`, 404],
  ] as const)
    expect((await fetch(street.app().url + route, { method })).status, route).toBe(status);
}, 90_000);

test('a secret that was shown once is not shown again under its Idempotency-Key', async () => {
  await using street = await openStreet();
  const make = async () =>
    (
      await fetch(`${street.app().url}/v1/endpoints`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': 'one' },
        body: JSON.stringify({ url: 'http://127.0.0.1:9/x' }),
      })
    ).json() as Promise<{ id: string; secret: string }>;
  const first = await make();
  expect(first.secret).toMatch(/^whsec_/);
  expect(await make()).toEqual({ ...first, secret: '…' });
});

async function withEndpoint() {
  const held = await createTestLedger();
  const receiver = await openReceiver();
  const vault = createVault({ masterKey: new Uint8Array(32).fill(7), nextMasterKey: null });
  const { ledger, sql } = held;
  const seal = (secret: string) => vault.seal(endpointBinding('e1'), Buffer.from(secret));
  await ledger.endpoints.create({
    id: 'e1',
    url: receiver.url,
    kinds: null,
    secret: seal(`whsec_${Buffer.alloc(32, 1).toString('base64')}`),
  });
  // Postgres says when an event was written; our clock when it is tried.
  const [row] = await sql<{ now: Date }[]>`select now() + interval '1 second' as now`;
  const clock = createManualClock(row?.now.getTime() ?? 0);
  const mail = createMail({ allowPrivate: true, ports: [443] });
  const masterKey = { trouble: () => trouble };
  let trouble: MasterKeyTrouble | null = null;
  const run = () => notifyEndpoints({ ledger, vault, masterKey, mail, clock, log: silentLog });
  const isWrong = (wrong: MasterKeyTrouble | null): void => {
    trouble = wrong;
  };
  return { ...held, receiver, clock, run, isWrong };
}

test('an endpoint that is down is tried for days, then given up on record, and never holds another event up', async () => {
  const { ledger, sql, receiver, clock, run } = await withEndpoint();
  receiver.state.status = 500;
  await tell(sql, 'venue.resumed', null, { waiting: 1 });
  const attempts: number[] = [];
  for (const wait of [0, ...RETRIES_MS]) {
    clock.advance(Math.ceil(wait * 0.9));
    await run();
    attempts.push(receiver.received.length);
    clock.advance(Math.ceil(wait * 0.2));
    await run();
  }
  // Not before its time, and then once each.
  expect(receiver.received).toHaveLength(RETRIES_MS.length + 1);
  expect(await ledger.endpoints.deliveries('e1', { limit: 5 })).toMatchObject([
    { state: 'failed', attempts: RETRIES_MS.length + 1, outcome: 'answered 500', dueAtMs: null },
  ]);
  receiver.state.status = 200;
  await tell(sql, 'venue.resumed', null, { waiting: 2 });
  await run();
  expect(receiver.received.at(-1)?.body).toContain('"waiting":2');
  await ledger.endpoints.replay('e1', 0);
  await run();
  expect(receiver.received.at(-2)?.body).toContain('"waiting":1');
  await receiver[Symbol.asyncDispose]();
});

test('an endpoint that takes nothing for days is disabled and reported, and goes on where it was once enabled', async () => {
  const { ledger, sql, receiver, clock, run } = await withEndpoint();
  receiver.state.status = 302;
  receiver.state.location = 'http://127.0.0.1:1/elsewhere';
  for (let day = 0; day * 86_400_000 <= DEAD_AFTER_MS + 86_400_000; day++) {
    await tell(sql, 'venue.resumed', null, { waiting: day });
    await run();
    clock.advance(86_400_000);
  }
  const [dead] = await ledger.endpoints.list();
  expect(dead?.disabled?.why).toMatch(/nothing for days: answered 302/);
  const seen = receiver.received.length;
  clock.advance(86_400_000);
  await run();
  expect(receiver.received).toHaveLength(seen);
  expect(await sql`select body from event where kind = 'endpoint.disabled'`).toHaveLength(1);
  receiver.state.status = 200;
  await ledger.endpoints.enable('e1');
  while (await run());
  expect(receiver.kinds().at(-1)).toBe('endpoint.disabled');
  receiver.state.status = 410;
  await tell(sql, 'venue.resumed', null, { waiting: 0 });
  await run();
  expect((await ledger.endpoints.list())[0]?.disabled?.why).toContain('410');
  await receiver[Symbol.asyncDispose]();
});

test('a signing secret that does not open holds its events back, and says nothing against the endpoint', async () => {
  const { ledger, sql, receiver, clock, run, isWrong } = await withEndpoint();
  const [kept] = await sql<{ secrets: string[] }[]>`select secrets from endpoint`;
  await sql`update endpoint set secrets = ${sql.json(['00ff'])}`;
  await tell(sql, 'venue.resumed', null, { waiting: 1 });
  const endpoint = async () => (await ledger.endpoints.list())[0];
  for (let day = 0; day < 7; day++) {
    await run();
    clock.advance(86_400_000);
  }
  expect(receiver.received).toHaveLength(0);
  expect(await endpoint()).toMatchObject({ failingSinceMs: null, disabled: null });
  expect(await ledger.endpoints.deliveries('e1', { limit: 5 })).toMatchObject([
    { state: 'pending', attempts: 0, outcome: expect.stringContaining('does not open') },
  ]);
  await sql`update endpoint set secrets = ${sql.json(kept?.secrets ?? [])}`;
  // With a wrong master key nothing is even looked at.
  isWrong({ code: 'master_key_wrong', detail: '' });
  expect(await run()).toBe(false);
  expect(receiver.received).toHaveLength(0);
  isWrong(null);
  await run();
  expect(receiver.received).toHaveLength(1);
  await receiver[Symbol.asyncDispose]();
});

test('an event is there exactly if what it tells is', async () => {
  await using held = await createTestLedger();
  const { sql } = held;
  await expect(
    sql.begin(async (tx) => {
      await tell(tx, 'subscriber.cleared', 'ana', { outstanding: 0n, revision: 1n });
      throw new Error('it did not happen after all');
    }),
  ).rejects.toThrow('after all');
  expect(await sql`select kind from event`).toEqual([{ kind: 'subscriber.registered' }]);
});

test.each([
  ['127.0.0.1', true],
  ['10.1.2.3', true],
  ['169.254.169.254', true],
  ['192.168.0.1', true],
  ['100.64.0.1', true],
  ['::1', true],
  ['fd00::1', true],
  ['::ffff:127.0.0.1', true],
  ['64:ff9b::7f00:1', true],
  ['64:ff9b:1::7f00:1', true],
  ['::ffff:0:127.0.0.1', true],
  ['::127.0.0.1', true],
  ['2001::1', true],
  ['100::1', true],
  ['5f00::1', true],
  ['fec0::1', true],
  ['192.88.99.1', true],
  ['8.8.8.8', false],
  ['2606:4700::1111', false],
])('%s is private: %s', (address, wanted) => expect(isPrivate(address)).toBe(wanted));

test('no URL leads into our own network, by name or by number', async () => {
  const mail = createMail({ allowPrivate: false, ports: [443] });
  for (const url of [
    'https://127.0.0.1/',
    'https://[::1]/',
    'https://2130706433/',
    'https://localhost/',
    'http://8.8.8.8/',
    'https://user:pass@8.8.8.8/',
    'https://no-such-name.invalid/',
    'https://8.8.8.8:22/',
    'nonsense',
  ])
    await expect(mail.check(url), url).rejects.toMatchObject({ code: 'endpoint_refused' });
  await expect(mail.check('https://8.8.8.8/')).resolves.toBeUndefined();
  // A refusal does not tell which internal names exist, nor what they resolve to.
  const told = async (url: string): Promise<string> =>
    mail.check(url).then(
      () => '',
      (thrown: Error) =>
        thrown.message
          .replace(new URL(url).hostname, 'NAME')
          .replace(new URL(url).hostname, 'NAME'),
    );
  expect(await told('https://localhost/')).toBe(await told('https://no-such-name.invalid/'));
  expect(await told('https://localhost/')).not.toMatch(/127|::1/);
  // The look-up that connects refuses, too: a name may have led elsewhere when it was checked.
  const letter = { id: 'e', atMs: 0, body: '{}', secrets: [] };
  await expect(mail.send({ ...letter, url: 'https://localhost/' })).rejects.toThrow(
    /does not lead to a public address/,
  );
});
