// Platform: /v1 for the platform that runs the copying: subscribers, subscriptions, and what they owe.
import type { FastifyPluginAsync } from 'fastify';
import Type, { type Static } from 'typebox';
import { explain } from '../core/explain.ts';
import { Fault } from '../core/fault.ts';
import type { Trouble } from '../core/payment.ts';
import type { Ledger, ProfitShare, Subscriber, Subscription } from '../core/ports.ts';
import { isoTime } from '../core/time.ts';
import type { Register } from '../flows/register.ts';
import {
  Explanation,
  IdText,
  NewSubscriber,
  NewSubscription,
  ShareList,
  ShareQuery,
  ShareView,
  SubscriberView,
  SubscriptionList,
  SubscriptionView,
} from './shapes.ts';

export type PlatformOptions = {
  readonly ledger: Ledger;
  readonly register: Register;
  /** Gets a subscriber's lane going. */
  readonly nudge: (subscriberId: string) => void;
  readonly mint: string;
};

const Id = Type.Object({ id: IdText });
const Both = Type.Object({ id: IdText, subscription: IdText });
const SHARES_USUAL = 50;

const subscriptionView = (subscription: Subscription): Static<typeof SubscriptionView> => ({
  id: subscription.id,
  subscriberId: subscription.subscriberId,
  driftAccount: subscription.driftAccount,
  terms: subscription.terms.map((each) => ({
    ...each,
    minimumPayment: each.minimumPayment.toString(),
  })),
});

/** In the ledger lamports are text; JSON keeps them so. */
const reasonView = ({
  lamports,
  ...reason
}: Trouble): NonNullable<Static<typeof ShareView>['reason']> =>
  lamports === undefined ? reason : { ...reason, lamports: String(lamports) };

function shareView(share: ProfitShare, mint: string): Static<typeof ShareView> {
  return {
    id: share.id,
    subscriberId: share.subscriberId,
    subscriptionId: share.subscriptionId,
    creatorWallet: share.creatorWallet,
    mint,
    close: { signature: share.signature, slot: share.slot, netPnl: share.netPnl.toString() },
    shareBps: share.shareBps,
    amount: share.amount.toString(),
    paid: share.paid.toString(),
    status: share.status,
    reason: share.reason === null ? null : reasonView(share.reason),
    attempts: share.attempts,
    retryAt: share.retryAtMs === null ? null : isoTime(share.retryAtMs),
    paidBy: [...share.paidBy],
  };
}

export const platformRoutes: FastifyPluginAsync<PlatformOptions> = async (
  app,
  { ledger, register, nudge, mint },
) => {
  const known = async (id: string): Promise<Subscriber> => {
    const found = await ledger.subscribers.find(id);
    if (found === null) throw new Fault('not_found', `Subscriber ${id} is not registered.`);
    return found;
  };
  app.post<{ Body: Static<typeof NewSubscriber> }>(
    '/v1/subscribers',
    { schema: { body: NewSubscriber, response: { 201: SubscriberView } } },
    async (request, reply) => reply.code(201).send(await register.subscriber(request.body)),
  );
  app.get<{ Params: Static<typeof Id> }>(
    '/v1/subscribers/:id',
    { schema: { params: Id, response: { 200: SubscriberView } } },
    (request) => known(request.params.id),
  );
  app.post<{ Params: Static<typeof Id>; Body: Static<typeof NewSubscription> }>(
    '/v1/subscribers/:id/subscriptions',
    { schema: { params: Id, body: NewSubscription, response: { 201: SubscriptionView } } },
    async (request, reply) =>
      reply
        .code(201)
        .send(subscriptionView(await register.subscription(request.params.id, request.body))),
  );
  app.get<{ Params: Static<typeof Id> }>(
    '/v1/subscribers/:id/subscriptions',
    { schema: { params: Id, response: { 200: SubscriptionList } } },
    async (request) => {
      await known(request.params.id);
      const found = await ledger.subscriptions.ofSubscriber(request.params.id);
      return { subscriptions: found.map(subscriptionView) };
    },
  );
  app.delete<{ Params: Static<typeof Both> }>(
    '/v1/subscribers/:id/subscriptions/:subscription',
    { schema: { params: Both, response: { 200: SubscriptionView } } },
    async ({ params }) => subscriptionView(await register.end(params.id, params.subscription)),
  );
  app.get<{ Querystring: Static<typeof ShareQuery> }>(
    '/v1/shares',
    { schema: { querystring: ShareQuery, response: { 200: ShareList } } },
    async (request) => {
      const { subscriber, status, before, limit = SHARES_USUAL } = request.query;
      const shares = await ledger.shares.list({
        limit,
        ...(subscriber === undefined ? {} : { subscriberId: subscriber }),
        ...(status === undefined ? {} : { status }),
        ...(before === undefined ? {} : { before }),
      });
      const next = shares.length === limit ? (shares.at(-1)?.id ?? null) : null;
      return { shares: shares.map((each) => shareView(each, mint)), next };
    },
  );
  app.get<{ Params: { id: string } }>(
    '/v1/shares/:id',
    {
      schema: {
        params: Id,
        response: { 200: ShareView },
      },
    },
    async (request) => {
      const found = await ledger.shares.find(request.params.id);
      if (found === null)
        throw new Fault('not_found', `There is no profit share ${request.params.id}.`);
      return shareView(found, mint);
    },
  );
  app.get<{ Params: { id: string } }>(
    '/v1/shares/:id/explanation',
    { schema: { params: Id, response: { 200: Explanation } } },
    async (request) => {
      const { id } = request.params;
      const accrual = await ledger.shares.accrual(id);
      if (accrual === null) throw new Fault('not_found', `There is no profit share ${id}.`);
      const { sentence, steps } = explain(accrual);
      return { share: id, sentence, steps: steps.map((each) => ({ ...each })) };
    },
  );
  app.post<{ Params: { id: string } }>(
    '/v1/shares/:id/retry',
    {
      schema: {
        params: Id,
        response: { 200: ShareView },
      },
    },
    async (request) => {
      const { id } = request.params;
      const known = await ledger.shares.find(id);
      if (known === null) throw new Fault('not_found', `There is no profit share ${id}.`);
      if (!(await ledger.shares.retry(id))) {
        throw new Fault(
          'conflict',
          `Profit share ${id} is ${known.status}; there is nothing to try again.`,
        );
      }
      nudge(known.subscriberId);
      return shareView((await ledger.shares.find(id)) ?? known, mint);
    },
  );
};
