// Endpoints: events are written with what they tell, signed so that the library of any receiver can
// verify them, handed over again on demand, and never sent where a stranger's URL should not lead.
import { Keypair } from '@solana/web3.js';
import { Webhook } from 'standardwebhooks';
import { expect, test } from 'vitest';
import { tell } from '../../src/ledger/outbox.ts';
import { createEventSender, isPrivate } from '../../src/system/event-sender.ts';
import { createTestLedger } from '../support/ledger.ts';
import { openReceiver } from '../support/receiver.ts';
import { eventsIn, everythingIn } from '../support/rows.ts';
import { openStreet, profitableClose } from '../support/street.ts';

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
  const trader = driver.createTrader({ deposit: 1_000_000_000n, lamports: 0n });
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
  await expect.poll(() => wanted.filter((each) => !receiver.kinds().includes(each))).toEqual([]);
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
  // Each event is sent once, although the debt was tried several times in between.
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
    )
    .toBe(events);
  // The daemon notes a delivery after the receiver has answered.
  const listed = async () =>
    (await fetch(`${street.app().url}/v1/endpoints/${id}/deliveries?limit=1`)).json();
  await expect.poll(listed).toMatchObject({
    deliveries: [{ state: 'delivered', attempts: 1, outcome: 'answered 200' }],
  });
  const stored = await everythingIn(street.database);
  expect(stored).not.toContain(secret);
  expect(stored).not.toContain(Buffer.from(secret).toString('hex'));
  const all = await fetch(`${street.app().url}/v1/endpoints`);
  expect(await all.text()).not.toContain('whsec_');
  for (const [method, route, status] of [
    ['POST', `/v1/endpoints/${id}/replays`, 400],
    ['GET', '/v1/endpoints/none', 404],
    ['DELETE', `/v1/endpoints/${id}`, 204],
    ['DELETE', `/v1/endpoints/${id}`, 404],
  ] as const)
    expect((await fetch(street.app().url + route, { method })).status, route).toBe(status);
});

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

test('an event is there exactly if what it tells is', async () => {
  await using held = await createTestLedger();
  await expect(
    held.sql.begin(async (tx) => {
      await tell(tx, 'subscriber.cleared', 'ana', { outstanding: 0n, owed: [], revision: 1n });
      throw new Error('it did not happen after all');
    }),
  ).rejects.toThrow('after all');
  expect((await eventsIn(held)).map(({ kind }) => kind)).toEqual(['subscriber.registered']);
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
  ['192.0.2.1', true],
  ['198.51.100.1', true],
  ['203.0.113.1', true],
  ['2001:db8::1', true],
  ['2001:10::1', true],
  ['3fff::1', true],
  ['100:0:0:1::1', true],
  ['2001:4860:4860::8888', false],
  ['8.8.8.8', false],
  ['2606:4700::1111', false],
])('%s is private: %s', (address, wanted) => expect(isPrivate(address)).toBe(wanted));

test('no URL leads into our own network, by name or by number', async () => {
  const sender = createEventSender({ allowPrivate: false, ports: [443] });
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
    await expect(sender.check(url), url).rejects.toMatchObject({ code: 'endpoint_refused' });
  await expect(sender.check('https://8.8.8.8/')).resolves.toBeUndefined();
  // A refusal does not tell which internal names exist, nor what they resolve to.
  const told = async (url: string): Promise<string> =>
    sender.check(url).then(
      () => '',
      (thrown: Error) =>
        thrown.message
          .replace(new URL(url).hostname, 'NAME')
          .replace(new URL(url).hostname, 'NAME'),
    );
  expect(await told('https://localhost/')).toBe(await told('https://no-such-name.invalid/'));
  expect(await told('https://localhost/')).not.toMatch(/127|::1/);
  // The look-up that connects refuses, too: a name may have led elsewhere when it was checked.
  const request = { id: 'e', atMs: 0, body: '{}', secrets: [] };
  await expect(sender.send({ ...request, url: 'https://localhost/' })).rejects.toThrow(
    /does not lead to a public address/,
  );
});

test('an answer that asks for another protocol fails a delivery at once', async () => {
  await using receiver = await openReceiver();
  receiver.state.status = 101;
  const { send } = createEventSender({ allowPrivate: true, ports: [443] });
  const event = { id: 'e', atMs: 0, body: '{}', secrets: [] };
  await expect(send({ ...event, url: receiver.url })).rejects.toThrow('it answered 101');
  receiver.state.status = 204;
  expect(await send({ ...event, url: receiver.url })).toBe(204);
});

test('a URL whose name cannot be resolved is refused in words', async () => {
  const { check } = createEventSender({ allowPrivate: true, ports: [443] });
  await expect(check('http://nowhere.invalid/')).rejects.toThrow(
    /^http:\/\/nowhere\.invalid is refused: nowhere\.invalid cannot be resolved \(E\w+\)$/,
  );
});
