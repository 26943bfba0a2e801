// Subscriptions: the routes of subscriptions and their terms. Terms are added, never edited:
// positions that were opened under old terms keep them, and a request names only the fields that it
// changes.
import type { FastifyPluginAsync } from 'fastify';
import Type, { type Static } from 'typebox';
import { countedIn } from '../core/charge.ts';
import { Fault } from '../core/fault.ts';
import type { Ledger } from '../core/ports.ts';
import type { Subscription } from '../core/subscription.ts';
import type { Register } from '../flows/register.ts';
import { IdText } from './shapes.ts';
import { NewSubscription, SubscriptionList, SubscriptionView } from './terms-shapes.ts';

export type SubscriptionOptions = { readonly ledger: Ledger; readonly register: Register };

const Id = Type.Object({ id: IdText });
const Both = Type.Object({ id: IdText, subscription: IdText });

const subscriptionView = (subscription: Subscription): Static<typeof SubscriptionView> => ({
  id: subscription.id,
  subscriberId: subscription.subscriberId,
  driftAccount: subscription.driftAccount,
  terms: subscription.terms.map((each) => ({
    ...each,
    minimumPayment: each.minimumPayment.toString(),
    hurdle: each.hurdle.toString(),
    capPerClose: each.capPerClose?.toString() ?? null,
    capPerPeriod: each.capPerPeriod?.toString() ?? null,
    splits: each.splits.map((split) => ({
      ...split,
      minimumPayment: split.minimumPayment.toString(),
    })),
  })),
  tabs: Object.entries(subscription.tabs).map(([markSlot, tab]) => {
    const { since, hurdled, owed } = countedIn(tab);
    return {
      markSlot: Number(markSlot),
      carry: tab.carry.toString(),
      deficit: tab.deficit.toString(),
      countedSince: since,
      hurdled: hurdled.toString(),
      owed: owed.toString(),
    };
  }),
});

/** The routes of subscriptions. */
export const subscriptionRoutes: FastifyPluginAsync<SubscriptionOptions> = async (
  app,
  { ledger, register },
) => {
  app.post<{ Params: Static<typeof Id>; Body: Static<typeof NewSubscription> }>(
    '/v1/subscribers/:id/subscriptions',
    {
      config: { scope: 'platform:write' },
      schema: { params: Id, body: NewSubscription, response: { 201: SubscriptionView } },
    },
    async (request, reply) =>
      reply
        .code(201)
        .send(subscriptionView(await register.subscription(request.params.id, request.body))),
  );
  app.get<{ Params: Static<typeof Id> }>(
    '/v1/subscribers/:id/subscriptions',
    {
      config: { scope: 'platform:write' },
      schema: { params: Id, response: { 200: SubscriptionList } },
    },
    async ({ params }) => {
      if (!(await ledger.lists.knows('subscriber', params.id)))
        throw new Fault('not_found', `Subscriber ${params.id} is not registered.`);
      const found = await ledger.subscriptions.ofSubscriber(params.id);
      return { subscriptions: found.map(subscriptionView) };
    },
  );
  app.get<{ Params: Static<typeof Both> }>(
    '/v1/subscribers/:id/subscriptions/:subscription',
    {
      config: { scope: 'platform:write' },
      schema: { params: Both, response: { 200: SubscriptionView } },
    },
    async ({ params }) => {
      const found = await ledger.subscriptions.find(params.subscription);
      if (found?.subscriberId !== params.id)
        throw new Fault(
          'not_found',
          `Subscriber ${params.id} has no subscription ${params.subscription}.`,
        );
      return subscriptionView(found);
    },
  );
  app.delete<{ Params: Static<typeof Both> }>(
    '/v1/subscribers/:id/subscriptions/:subscription',
    {
      config: { scope: 'platform:write' },
      schema: { params: Both, response: { 200: SubscriptionView } },
    },
    async ({ params }) => subscriptionView(await register.end(params.id, params.subscription)),
  );
};
