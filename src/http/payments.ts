// Payments: the routes that show payments, and the acts of a person on one: cancelling it, and
// accepting the part that no debt explains.
import type { FastifyPluginAsync, FastifyRequest } from 'fastify';
import Type, { type Static } from 'typebox';
import { notCancelled } from '../core/cancellation.ts';
import type { Cover } from '../core/debt.ts';
import { Fault } from '../core/fault.ts';
import type { ListedPayment } from '../core/listed-payment.ts';
import type { Ledger, Log } from '../core/ports.ts';
import type { Statements } from '../core/statement-ports.ts';
import { isoTime } from '../core/time.ts';
import type { Voiding } from '../core/voiding.ts';
import type { Endings } from '../flows/ending.ts';
import type { Listing } from '../flows/lists.ts';
import { Reason } from './operator-shapes.ts';
import { PaymentIdText, PaymentList, PaymentQuery, PaymentView } from './payment-shapes.ts';
import { periodOf } from './periods.ts';
import { LIMIT_USUAL } from './shapes.ts';

export type PaymentOptions = {
  readonly ledger: Pick<Ledger, 'payments' | 'shares'>;
  readonly listing: Listing;
  readonly endings: Pick<Endings, 'cancel'>;
  readonly log: Log;
  readonly statements: Pick<Statements, 'payments'>;
  /** In whose name a request acts: the actor of its key, and the person that it names. */
  readonly byWhom: (request: FastifyRequest) => Pick<Voiding, 'actor' | 'person'>;
  /** Called when a payment of the subscriber is to be cancelled, or was ended unsigned. */
  readonly onCancelled: (subscriberId: string) => void;
  /** Called when the excess of a payment of the subscriber was accepted. */
  readonly onAccepted: (subscriberId: string) => Promise<void>;
};

const Id = Type.Object({ id: PaymentIdText });

/** A payment as the API shows it, with the debts that it covers. */
const paymentView = (
  payment: ListedPayment,
  covers: readonly Cover[],
): Static<typeof PaymentView> => {
  const { token, amount, withdrawn, excess, accepted, plannedAtMs, endedAtMs, ...most } = payment;
  const { trouble, recipients, tip, ...rest } = most;
  return {
    ...rest,
    recipients: recipients.map(({ wallet, amount: gets, excess: unexplained }) => ({
      wallet,
      amount: gets.toString(),
      excess: unexplained.toString(),
    })),
    mint: payment.token.mint,
    symbol: payment.token.symbol,
    amount: amount.toString(),
    withdrawn: withdrawn.toString(),
    tip: tip && { lamports: tip.lamports.toString(), account: tip.account },
    excess: excess.toString(),
    accepted: accepted && {
      reason: accepted.reason,
      actor: accepted.actor,
      person: accepted.person,
      at: isoTime(accepted.atMs),
    },
    trouble:
      trouble === null
        ? null
        : { class: trouble.class, code: trouble.code, detail: trouble.detail },
    plannedAt: isoTime(plannedAtMs),
    endedAt: endedAtMs === null ? null : isoTime(endedAtMs),
    shares: covers.map(({ shareId, amount: part }) => ({
      share: shareId,
      amount: part.toString(),
    })),
  };
};

/** The routes of payments. */
export const paymentRoutes: FastifyPluginAsync<PaymentOptions> = async (app, options) => {
  const { ledger, listing, endings, log } = options;
  const found = async (id: string): Promise<ListedPayment> => {
    const payment = await ledger.payments.find(id);
    if (payment === null) throw new Fault('not_found', `There is no payment ${id}.`);
    return payment;
  };
  const viewOf = async (payment: ListedPayment) => {
    const covers = await options.statements.payments([payment.id]);
    return paymentView(payment, covers.get(payment.id) ?? []);
  };
  /** The payment, when a person may still decide on its excess. Throws `conflict` otherwise. */
  const unexplained = async (id: string): Promise<ListedPayment> => {
    const payment = await found(id);
    if (payment.excess > 0n && payment.accepted === null) return payment;
    throw new Fault(
      'conflict',
      payment.accepted === null
        ? `Payment ${id} has no excess: debts explain all of it.`
        : `The excess of payment ${id} was accepted before.`,
    );
  };
  app.get<{ Querystring: Static<typeof PaymentQuery> }>(
    '/v1/payments',
    {
      config: { scope: 'platform:write' },
      schema: { querystring: PaymentQuery, response: { 200: PaymentList } },
    },
    async (request) => {
      const { subscriber, creator, limit = LIMIT_USUAL, before, state } = request.query;
      const period = periodOf(request.query);
      const filter = { subscriberId: subscriber, creatorWallet: creator, state, ...period };
      const { rows, ...paged } = await listing.page('payments', filter, { limit, cursor: before });
      const covers = await options.statements.payments(rows.map((each) => each.id));
      return {
        payments: rows.map((each) => paymentView(each, covers.get(each.id) ?? [])),
        ...paged,
      };
    },
  );
  app.get<{ Params: { id: string } }>(
    '/v1/payments/:id',
    { config: { scope: 'platform:write' }, schema: { params: Id, response: { 200: PaymentView } } },
    async ({ params }) => {
      const found = await ledger.payments.find(params.id);
      if (found === null) throw new Fault('not_found', `There is no payment ${params.id}.`);
      const covers = await options.statements.payments([found.id]);
      return paymentView(found, covers.get(found.id) ?? []);
    },
  );
  app.post<{ Params: { id: string }; Body: Static<typeof Reason> }>(
    '/v1/payments/:id/cancel',
    {
      config: { scope: 'operator' },
      schema: { params: Id, body: Reason, response: { 200: PaymentView } },
    },
    async (request) => {
      const { id } = request.params;
      const voiding = { ...request.body, ...options.byWhom(request) };
      const outcome = await endings.cancel(id, voiding);
      const found = await ledger.payments.find(id);
      if (found === null) throw new Fault('not_found', `There is no payment ${id}.`);
      if (outcome === 'blockhash' || outcome === 'over')
        throw new Fault('conflict', notCancelled(found));
      const { subscriberId } = found;
      log.warn('payment.cancel_asked', { payment: id, subscriber: subscriberId, ...voiding });
      options.onCancelled(subscriberId);
      const covers = await options.statements.payments([id]);
      return paymentView(found, covers.get(id) ?? []);
    },
  );
  app.post<{ Params: { id: string }; Body: Static<typeof Reason> }>(
    '/v1/payments/:id/accept',
    {
      config: { scope: 'operator' },
      schema: { params: Id, body: Reason, response: { 200: PaymentView } },
    },
    async (request) => {
      const { id } = request.params;
      const payment = await unexplained(id);
      const accepting = { ...request.body, ...options.byWhom(request) };
      const { subscriberId, signature } = payment;
      if (signature !== null && (await ledger.payments.accept(signature, accepting)) !== null) {
        // Debts that wait for the explanation are due. They wait again for another excess.
        await ledger.shares.wake([{ subscriberId, class: 'books_behind' }]);
        log.warn('payment.accepted', {
          payment: id,
          subscriber: subscriberId,
          signature,
          excess: payment.excess,
          ...accepting,
        });
        await options.onAccepted(subscriberId);
      }
      return viewOf(await found(id));
    },
  );
};
