// Endpoints: the routes of the URLs to which events are sent. A signing secret is shown once, when
// it is made.
import { randomBytes } from 'node:crypto';
import type { FastifyPluginAsync } from 'fastify';
import Type, { type Static } from 'typebox';
import { type Endpoint, EVENT_DELIVERY_STATES } from '../core/endpoint.ts';
import { EVENT_KINDS } from '../core/event.ts';
import type { EventSender } from '../core/event-sender.ts';
import { Fault } from '../core/fault.ts';
import type { Ledger } from '../core/ports.ts';
import { withoutSecretUrl } from '../core/redaction.ts';
import { isoTime } from '../core/time.ts';
import type { Listing } from '../flows/lists.ts';
import { IdText, LIMIT_USUAL, Limit, nullable, Paged } from './shapes.ts';

export type EndpointOptions = {
  readonly endpoints: Ledger['endpoints'];
  readonly listing: Listing;
  readonly sender: EventSender;
  readonly seal: (endpointId: string, secret: string) => Uint8Array;
  readonly newId: () => string;
  /** Called when deliveries have become due. */
  readonly onDue: () => void;
};
const Id = Type.Object({ id: IdText });
const Kinds = Type.Array(Type.Enum([...EVENT_KINDS]), { minItems: 1, uniqueItems: true });
const NewEndpoint = Type.Object(
  {
    url: Type.String({
      minLength: 8,
      maxLength: 500,
      pattern: '^https?://',
      description:
        'an http:// or https:// URL. Private addresses are refused, redirects are not followed.',
    }),
    kinds: Type.Optional(nullable(Kinds)),
  },
  {
    additionalProperties: false,
    examples: [
      { url: 'https://203.0.113.7/bailiff', kinds: ['share.paid', 'subscriber.delinquent'] },
    ],
  },
);
const EndpointChange = Type.Object(
  {
    url: Type.Optional(NewEndpoint.properties.url),
    kinds: Type.Optional(nullable(Kinds)),
  },
  { additionalProperties: false, minProperties: 1, examples: [{ kinds: ['share.paid'] }] },
);
const OneDelivery = Type.Object({
  id: IdText,
  event: Type.String({ pattern: '^[A-Za-z0-9_]{1,64}$', description: 'Id of an event.' }),
});
const EndpointView = Type.Object({
  id: IdText,
  url: Type.String({
    description:
      'Without the values of its query, and long path segments cut: they may be secrets.',
  }),
  kinds: nullable(Type.Array(Type.String(), { description: 'null is all.' })),
  createdAt: Type.String(),
  failingSince: nullable(Type.String()),
  disabled: nullable(Type.Object({ at: Type.String(), why: Type.String() })),
});
const Secret = {
  secret: Type.String({
    description: 'Signs what is sent, as Standard Webhooks; shown this once.',
  }),
};
const Made = Type.Object({ ...EndpointView.properties, ...Secret });
const EndpointList = Type.Object({ endpoints: Type.Array(EndpointView) });
const Replay = Type.Object(
  {
    since: Type.String({
      format: 'date-time',
      description: 'a time as in 2026-11-26T08:00:00Z (RFC 3339).',
    }),
  },
  { additionalProperties: false, examples: [{ since: '2026-01-01T00:00:00Z' }] },
);
const State = Type.Enum([...EVENT_DELIVERY_STATES]);
const DeliveryQuery = Type.Object({
  state: Type.Optional(State),
  limit: Limit,
  before: Type.Optional(IdText),
});
const DeliveryList = Type.Object({
  deliveries: Type.Array(
    Type.Object({
      event: Type.String(),
      kind: Type.String(),
      at: Type.String(),
      state: State,
      attempts: Type.Integer(),
      outcome: nullable(Type.String()),
      dueAt: nullable(Type.String()),
    }),
  ),
  ...Paged,
});
/** The number of older secrets that still sign beside the newest during a rotation. */
const OLDER_KEPT = 1;

const when = (ms: number | null): string | null => (ms === null ? null : isoTime(ms));
const view = (endpoint: Endpoint): Static<typeof EndpointView> => ({
  id: endpoint.id,
  url: withoutSecretUrl(endpoint.url),
  kinds: endpoint.kinds === null ? null : [...endpoint.kinds],
  createdAt: isoTime(endpoint.createdAtMs),
  failingSince: when(endpoint.failingSinceMs),
  disabled:
    endpoint.disabled === null
      ? null
      : { at: isoTime(endpoint.disabled.atMs), why: endpoint.disabled.why },
});
const newSecret = (): string => `whsec_${randomBytes(32).toString('base64')}`;

/** The routes of endpoints. */
export const endpointRoutes: FastifyPluginAsync<EndpointOptions> = async (app, options) => {
  const { endpoints, listing, sender, seal, newId, onDue } = options;
  const known = async (id: string): Promise<Endpoint> => {
    const found = await endpoints.find(id);
    if (found === null) throw new Fault('not_found', `There is no endpoint ${id}.`);
    return found;
  };
  app.post<{ Body: Static<typeof NewEndpoint> }>(
    '/v1/endpoints',
    {
      config: { scope: 'platform:write', secretAnswer: true },
      schema: { body: NewEndpoint, response: { 201: Made } },
    },
    async ({ body: { url, kinds = null } }, reply) => {
      await sender.check(url);
      const id = newId();
      const secret = newSecret();
      const made = await endpoints.create({ id, url, kinds, secret: seal(id, secret) });
      return reply.code(201).send({ ...view(made), secret });
    },
  );
  app.get(
    '/v1/endpoints',
    { config: { scope: 'platform:write' }, schema: { response: { 200: EndpointList } } },
    async () => ({
      endpoints: (await endpoints.list()).map(view),
    }),
  );
  app.get<{ Params: Static<typeof Id> }>(
    '/v1/endpoints/:id',
    {
      config: { scope: 'platform:write' },
      schema: { params: Id, response: { 200: EndpointView } },
    },
    async ({ params }) => view(await known(params.id)),
  );
  app.patch<{ Params: Static<typeof Id>; Body: Static<typeof EndpointChange> }>(
    '/v1/endpoints/:id',
    {
      config: { scope: 'platform:write' },
      schema: { params: Id, body: EndpointChange, response: { 200: EndpointView } },
    },
    async ({ params, body }) => {
      await known(params.id);
      if (body.url !== undefined) await sender.check(body.url);
      await endpoints.change(params.id, body);
      return view(await known(params.id));
    },
  );
  app.post<{ Params: Static<typeof Id> }>(
    '/v1/endpoints/:id/tests',
    {
      config: { scope: 'platform:write' },
      schema: { params: Id, response: { 202: Type.Object({ event: Type.String() }) } },
    },
    async ({ params }, reply) => {
      await known(params.id);
      const event = await endpoints.test(params.id);
      onDue();
      return reply.code(202).send({ event });
    },
  );
  app.post<{ Params: Static<typeof OneDelivery> }>(
    '/v1/endpoints/:id/deliveries/:event/resend',
    {
      config: { scope: 'platform:write' },
      schema: { params: OneDelivery, response: { 202: Type.Object({ event: Type.String() }) } },
    },
    async ({ params: { id, event } }, reply) => {
      await known(id);
      if (!(await endpoints.resend(id, event)))
        throw new Fault('not_found', `There is no event ${event}, or it is not kept any more.`);
      onDue();
      return reply.code(202).send({ event });
    },
  );
  app.delete<{ Params: Static<typeof Id> }>(
    '/v1/endpoints/:id',
    { config: { scope: 'platform:write' }, schema: { params: Id } },
    async ({ params }, reply) => {
      await known(params.id);
      await endpoints.remove(params.id);
      return reply.code(204).send();
    },
  );
  app.post<{ Params: Static<typeof Id> }>(
    '/v1/endpoints/:id/secrets',
    {
      config: { scope: 'platform:write', secretAnswer: true },
      schema: { params: Id, response: { 201: Type.Object(Secret) } },
    },
    async ({ params }, reply) => {
      const { id } = await known(params.id);
      const secret = newSecret();
      await endpoints.addSecret(id, seal(id, secret), OLDER_KEPT);
      return reply.code(201).send({ secret });
    },
  );
  app.post<{ Params: Static<typeof Id> }>(
    '/v1/endpoints/:id/enable',
    {
      config: { scope: 'platform:write' },
      schema: { params: Id, response: { 200: EndpointView } },
    },
    async ({ params }) => {
      await known(params.id);
      await endpoints.enable(params.id);
      onDue();
      return view(await known(params.id));
    },
  );
  app.post<{ Params: Static<typeof Id>; Body: Static<typeof Replay> }>(
    '/v1/endpoints/:id/replays',
    {
      config: { scope: 'platform:write' },
      schema: {
        params: Id,
        body: Replay,
        response: { 202: Type.Object({ events: Type.Integer() }) },
      },
    },
    async ({ params, body }, reply) => {
      await known(params.id);
      const sinceMs = Date.parse(body.since);
      if (Number.isNaN(sinceMs))
        throw new Fault('body_invalid', 'since must be a time as in 2026-11-26T08:00:00Z.');
      const events = await endpoints.replay(params.id, Math.max(0, sinceMs));
      onDue();
      return reply.code(202).send({ events });
    },
  );
  app.get<{ Params: Static<typeof Id>; Querystring: Static<typeof DeliveryQuery> }>(
    '/v1/endpoints/:id/deliveries',
    {
      config: { scope: 'platform:write' },
      schema: { params: Id, querystring: DeliveryQuery, response: { 200: DeliveryList } },
    },
    async ({ params, query }) => {
      await known(params.id);
      const { limit = LIMIT_USUAL, before, state } = query;
      const { rows, ...paged } = await listing.page(
        'deliveries',
        { endpointId: params.id, state },
        { limit, cursor: before },
      );
      return {
        deliveries: rows.map((each) => ({
          event: each.eventId,
          kind: each.kind,
          at: isoTime(each.atMs),
          state: each.state,
          attempts: each.attempts,
          outcome: each.outcome,
          dueAt: when(each.dueAtMs),
        })),
        ...paged,
      };
    },
  );
};
