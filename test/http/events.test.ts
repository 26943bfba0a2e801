// Events over HTTP: each kind is described as it is sent; endpoints are changed, tested and sent
// one event again; and events are pulled in order.

import { Ajv } from 'ajv';
import type { Static } from 'typebox';
import { expect, test } from 'vitest';
import { createVault } from '../../src/chain/vault.ts';
import { endpointBinding } from '../../src/core/bindings.ts';
import { EVENT_KINDS, type EventBodies, type EventKind } from '../../src/core/event.ts';
import type { Address, Signature } from '../../src/core/ids.ts';
import { USDC } from '../../src/core/token.ts';
import type { EVENT_SHAPES } from '../../src/http/event-shapes.ts';
import { tell } from '../../src/ledger/outbox.ts';
import { createEventSender } from '../../src/system/event-sender.ts';
import { createBareServer } from '../support/bare-server.ts';
import { ageEvents } from '../support/haste.ts';
import { addressOf } from '../support/ledger.ts';
import { dereferenced } from '../support/openapi-lint.ts';
import { withEndpoint } from '../support/receiver.ts';

/** A body as JSON tells it: amounts are decimal strings, addresses and codes any text. */
type Told<Value> = Value extends bigint | Address | Signature
  ? string
  : Value extends readonly (infer Each)[]
    ? Told<Each>[]
    : Value extends object
      ? { -readonly [Name in keyof Value]: Name extends 'code' ? string : Told<Value[Name]> }
      : Value;
type Shape<Kind extends EventKind> = Static<(typeof EVENT_SHAPES)[Kind]>;
/** Every kind whose schema and whose body do not allow exactly the same. */
type Apart = {
  [Kind in EventKind]: [Told<EventBodies[Kind]>, Shape<Kind>] extends [
    Shape<Kind>,
    Told<EventBodies[Kind]>,
  ]
    ? never
    : Kind;
}[EventKind];
// Held by the compiler: this line does not compile while a kind is apart.
const apart: [Apart] extends [never] ? true : false = true;

type Webhooks = Record<
  string,
  {
    post: {
      summary: string;
      requestBody: { content: { 'application/json': { schema: object } } };
    };
  }
>;

test('the description has a webhook for every kind of event, with its body', async () => {
  await using app = createBareServer();
  const described = (await app.inject('/openapi.json')).json() as { webhooks: Webhooks };
  const document = dereferenced(described);
  expect(Object.keys(document.webhooks).toSorted()).toEqual(EVENT_KINDS.toSorted());
  expect(apart).toBe(true);
  const { schema } =
    document.webhooks['share.adopted']?.post.requestBody.content['application/json'] ?? {};
  const valid = new Ajv({ strict: false }).compile(schema ?? {});
  const token = { mint: USDC.mint, symbol: USDC.symbol };
  const told = { type: 'share.adopted', timestamp: '2026-01-01T00:00:00Z' };
  expect(valid({ ...told, data: { ...token, subscriber: 'ana', share: 'ps_1', left: '5' } })).toBe(
    true,
  );
  expect(valid({ ...told, data: { ...token, subscriber: 'ana', share: 'ps_1', left: 5 } })).toBe(
    false,
  );
  expect(valid({ ...told, data: { subscriber: 'ana', share: 'ps_1', left: '5' } })).toBe(false);
  expect(valid({ ...told, type: 'share.paid', data: { share: 'ps_1', left: '5' } })).toBe(false);
});

/** The server with an endpoint `e1` whose receiver is real. */
async function served() {
  const held = await withEndpoint();
  const vault = createVault({ masterKey: new Uint8Array(32).fill(7), nextMasterKey: null });
  const app = createBareServer({
    acts: held.ledger.acts,
    operator: { ledger: held.ledger } as never,
    endpoints: {
      endpoints: held.ledger.endpoints,
      listing: {} as never,
      sender: createEventSender({ allowPrivate: true, ports: [443] }),
      seal: (id, secret) => vault.seal(endpointBinding(id), Buffer.from(secret)),
      newId: () => 'e2',
      onDue: () => {},
    },
  });
  return { ...held, app };
}

test('an endpoint is changed, is sent a test event alone, and one event again', async () => {
  await using it = await served();
  const { app, ledger, receiver, run } = it;
  const ask = (method: 'POST' | 'PATCH' | 'GET', url: string, payload?: object) =>
    app.inject({ method, url, ...(payload === undefined ? {} : { payload }) });
  await ledger.endpoints.create({
    id: 'other',
    url: `${receiver.url}/other`,
    kinds: null,
    secret: new Uint8Array(),
  });
  const changed = await ask('PATCH', '/v1/endpoints/e1', { kinds: ['share.paid'] });
  expect(changed.json()).toMatchObject({ url: receiver.url, kinds: ['share.paid'] });
  const moved = await ask('PATCH', '/v1/endpoints/e1', { url: `${receiver.url}/moved` });
  expect(moved.json()).toMatchObject({ url: `${receiver.url}/moved`, kinds: ['share.paid'] });
  expect((await ask('PATCH', '/v1/endpoints/e1', {})).statusCode).toBe(400);
  expect((await ask('PATCH', '/v1/endpoints/none', { kinds: null })).statusCode).toBe(404);
  const refused = await ask('PATCH', '/v1/endpoints/e1', { url: 'http://user:secret@8.8.8.8/' });
  expect(refused.json()).toMatchObject({ title: 'endpoint_refused' });

  const tried = await ask('POST', '/v1/endpoints/e1/tests');
  expect(tried.statusCode).toBe(202);
  const { event } = tried.json() as { event: string };
  /** The endpoints that the test event is meant for. */
  const meant = async () => {
    const to: string[] = [];
    for (const id of ['e1', 'other'])
      for (const delivery of await ledger.endpoints.deliveries(id, { limit: 100 }))
        if (delivery.eventId === event) to.push(id);
    return to;
  };
  expect(await meant()).toEqual(['e1']);
  await run();
  expect(receiver.received.map((each) => each.headers['webhook-id'])).toContain(event);
  // A replay for an endpoint of every kind does not hand it the tests of another.
  await ledger.endpoints.replay('other', 0);
  expect(await meant()).toEqual(['e1']);

  receiver.received.length = 0;
  const again = await ask('POST', `/v1/endpoints/e1/deliveries/${event}/resend`);
  expect(again.json()).toEqual({ event });
  await run();
  expect(receiver.kinds()).toEqual(['endpoint.test']);
  const none = await ask('POST', '/v1/endpoints/e1/deliveries/evt_none/resend');
  expect(none.statusCode).toBe(404);
});

test('events are pulled in order, page by page, as they would be sent', async () => {
  await using it = await served();
  const { app, sql } = it;
  for (let n = 0; n < 3; n++)
    await tell(sql, 'share.adopted', `s${n}`, {
      mint: USDC.mint,
      symbol: USDC.symbol,
      share: `ps_${n}`,
      left: BigInt(n),
    });
  type Page = {
    events: { id: string; type: string; data: unknown }[];
    next: string;
    more: boolean;
  };
  const pull = async (query: string): Promise<Page> =>
    (await app.inject(`/v1/events?kind=share.adopted&${query}`)).json();
  const first = await pull('limit=2');
  expect(first).toMatchObject({
    events: [{ type: 'share.adopted', data: { subscriber: 's0', share: 'ps_0', left: '0' } }, {}],
    more: true,
    next: first.events[1]?.id,
  });
  const second = await pull(`after=${first.next}`);
  expect(second).toMatchObject({ events: [{ data: { share: 'ps_2' } }], more: false });
  // At the end the reader keeps its place.
  expect(await pull(`after=${second.next}`)).toEqual({
    events: [],
    next: second.next,
    more: false,
  });
  expect((await pull('subscriber=s1')).events).toHaveLength(1);
  const lost = await app.inject('/v1/events?after=evt_none');
  expect(lost.json()).toMatchObject({ title: 'query_invalid', status: 400 });
});

test('a reader of a rare kind goes on after its last event was forgotten', async () => {
  await using held = await served();
  const { app, ledger, sql } = held;
  const cleared = { outstanding: 0n, owed: [], revision: 1n };
  const pull = async (after: string | null) => {
    const from = after === null ? '' : `&after=${after}`;
    const answer = await app.inject(`/v1/events?kind=subscriber.registered${from}`);
    expect(answer.statusCode).toBe(200);
    return answer.json() as { events: { data: { subscriber: string } }[]; next: string };
  };
  const first = await pull(null);
  expect(first.events).toMatchObject([{ data: { subscriber: 'ana' } }]);
  await tell(sql, 'subscriber.cleared', 'ana', cleared);
  const quiet = await pull(first.next);
  expect(quiet.events).toEqual([]);
  // What the reader had pulled of its kind is too old and gone; events of other kinds are kept.
  await ageEvents(held, 'subscriber.registered', 100);
  await ledger.endpoints.forget(90 * 86_400_000);
  await tell(sql, 'subscriber.registered', 'bo', { agentWallet: addressOf(4) });
  const later = await pull(quiet.next);
  expect(later.events).toMatchObject([{ data: { subscriber: 'bo' } }]);
});
