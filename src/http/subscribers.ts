// Subscribers: the routes that register subscribers and show their accounts and facts. An agent key
// can be given but is never returned.
import type { FastifyPluginAsync } from 'fastify';
import Type, { type Static } from 'typebox';
import { Fault } from '../core/fault.ts';
import type { Ledger, Subscriber } from '../core/ports.ts';
import { isoTime } from '../core/time.ts';
import type { Listing } from '../flows/lists.ts';
import type { Register } from '../flows/register.ts';
import type { Retire } from '../flows/retire.ts';
import { NewKey } from './key-shapes.ts';
import { periodOf } from './periods.ts';
import { IdText, LIMIT_USUAL } from './shapes.ts';
import {
  AccountList,
  FactList,
  FactQuery,
  NewSubscriber,
  SubscriberList,
  SubscriberQuery,
  SubscriberView,
} from './subscriber-shapes.ts';

export type SubscriberOptions = {
  readonly ledger: Ledger;
  readonly listing: Listing;
  readonly register: Register;
  readonly retire: Retire;
};

const Id = Type.Object({ id: IdText });

const subscriberView = ({
  retiredAtMs,
  driftAccounts,
  ...subscriber
}: Subscriber): Static<typeof SubscriberView> => ({
  ...subscriber,
  driftAccounts: driftAccounts.map((each) => ({ ...each })),
  retiredAt: retiredAtMs === null ? null : isoTime(retiredAtMs),
});

/** The body of a fact with amounts as text. */
const plain = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (_, each: unknown) => (typeof each === 'bigint' ? String(each) : each)),
  );

/** The routes of subscribers. */
export const subscriberRoutes: FastifyPluginAsync<SubscriberOptions> = async (
  app,
  { ledger, listing, register, retire },
) => {
  const known = async (id: string): Promise<Subscriber> => {
    const found = await ledger.subscribers.find(id);
    if (found === null) throw new Fault('not_found', `Subscriber ${id} is not registered.`);
    return found;
  };
  app.post<{ Body: Static<typeof NewSubscriber> }>(
    '/v1/subscribers',
    {
      config: { scope: 'platform:write' },
      schema: { body: NewSubscriber, response: { 201: SubscriberView } },
    },
    async (request, reply) =>
      reply.code(201).send(subscriberView(await register.subscriber(request.body))),
  );
  app.get<{ Querystring: Static<typeof SubscriberQuery> }>(
    '/v1/subscribers',
    {
      config: { scope: 'platform:write' },
      schema: { querystring: SubscriberQuery, response: { 200: SubscriberList } },
    },
    async ({ query }) => {
      const { limit = LIMIT_USUAL, after } = query;
      const { rows, ...paged } = await listing.page('subscribers', periodOf(query), {
        limit,
        cursor: after,
      });
      return { subscribers: rows.map(subscriberView), ...paged };
    },
  );
  app.get<{ Params: Static<typeof Id> }>(
    '/v1/subscribers/:id',
    {
      config: { scope: 'platform:write' },
      schema: { params: Id, response: { 200: SubscriberView } },
    },
    async ({ params }) => subscriberView(await known(params.id)),
  );
  app.delete<{ Params: Static<typeof Id> }>(
    '/v1/subscribers/:id',
    { config: { scope: 'platform:write' }, schema: { params: Id } },
    async ({ params }, reply) => {
      await retire(params.id);
      return reply.code(204).send();
    },
  );
  app.put<{ Params: Static<typeof Id>; Body: Static<typeof NewKey> }>(
    '/v1/subscribers/:id/key',
    { config: { scope: 'platform:write' }, schema: { params: Id, body: NewKey } },
    async ({ params, body }, reply) => {
      await register.key(await known(params.id), body);
      return reply.code(204).send();
    },
  );
  app.delete<{ Params: Static<typeof Id> }>(
    '/v1/subscribers/:id/key',
    { config: { scope: 'platform:write' }, schema: { params: Id } },
    async ({ params }, reply) => {
      if (!(await ledger.subscribers.dropKey(params.id)))
        throw new Fault('not_found', `No key of subscriber ${params.id} is kept.`);
      return reply.code(204).send();
    },
  );
  app.get<{ Params: Static<typeof Id> }>(
    '/v1/subscribers/:id/accounts',
    { config: { scope: 'platform:write' }, schema: { params: Id, response: { 200: AccountList } } },
    async ({ params }) => {
      await known(params.id);
      const found = await ledger.watchList.ofSubscriber(params.id);
      return { accounts: found.map(({ subscriberId, ...each }) => each) };
    },
  );
  app.get<{ Params: Static<typeof Id>; Querystring: Static<typeof FactQuery> }>(
    '/v1/subscribers/:id/facts',
    {
      config: { scope: 'platform:write' },
      schema: { params: Id, querystring: FactQuery, response: { 200: FactList } },
    },
    async ({ params, query }) => {
      const { limit = LIMIT_USUAL, before, kind } = query;
      const { rows, ...paged } = await listing.page(
        'facts',
        { subscriberId: params.id, kind },
        { limit, cursor: before },
      );
      return {
        facts: rows.map(({ body: { kind, ...body }, account, signature, position, finality }) => ({
          kind,
          account,
          signature,
          ...position,
          finality,
          body: plain(body),
        })),
        ...paged,
      };
    },
  );
};
