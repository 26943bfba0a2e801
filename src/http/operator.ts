// Operator: the routes that show earnings, credits and halts, and the acts of a person on debts:
// halting, voiding, adopting.

import type { FastifyPluginAsync, FastifyRequest } from 'fastify';
import Type, { type Static } from 'typebox';
import type { Earnings } from '../core/debt-sums.ts';
import { Fault } from '../core/fault.ts';
import { isAddress } from '../core/ids.ts';
import type { Ledger, Log } from '../core/ports.ts';
import type { Statements } from '../core/statement-ports.ts';
import { isoTime } from '../core/time.ts';
import type { Token } from '../core/token.ts';
import type { Voiding } from '../core/voiding.ts';
import type { Endings } from '../flows/ending.ts';
import type { Listing } from '../flows/lists.ts';
import {
  Adopted,
  Adoption,
  Cancelling,
  EarningsView,
  Halt,
  HaltList,
  Reason,
  ScopeText,
} from './operator-shapes.ts';
import { CreditList } from './payment-shapes.ts';
import { PeriodFields, periodOf } from './periods.ts';
import { IdText, LIMIT_USUAL, PlacePage } from './shapes.ts';

export type OperatorOptions = {
  readonly ledger: Ledger;
  readonly listing: Listing;
  readonly endings: Pick<Endings, 'void' | 'adopt' | 'cancelFor'>;
  readonly log: Log;
  /** The quote token of the first venue that is served. */
  readonly token: Token;
  readonly statements: Pick<Statements, 'earnings'>;
  /** In whose name a request acts: the actor of its key, and the person that it names. */
  readonly byWhom: (request: FastifyRequest) => Pick<Voiding, 'actor' | 'person'>;
  /** Called when a debt was ended, because the standing may change. */
  readonly onVoided: (subscriberId: string) => Promise<void>;
  /** Called when a payment of the subscriber is to be cancelled, or was ended unsigned. */
  readonly onCancelled: (subscriberId: string) => void;
  /** Called when debts of the subscriber became payable. */
  readonly onAdopted: (subscriberId: string) => Promise<void>;
};

const Id = Type.Object({ id: IdText });
const CreditQuery = Type.Object(PlacePage);
const EarningsQuery = Type.Object(PeriodFields);

const nothingIn = (token: Token): Earnings => ({
  token,
  owed: 0n,
  inFlight: 0n,
  paid: 0n,
  voided: 0n,
  observed: 0n,
});
const earningsView = ({ token, owed, inFlight, paid, voided, observed }: Earnings) => ({
  ...token,
  owed: owed.toString(),
  inFlight: inFlight.toString(),
  paid: paid.toString(),
  voided: voided.toString(),
  observed: observed.toString(),
  accrued: (owed + inFlight + paid + voided + observed).toString(),
});

/** The routes for operators. */
export const operatorRoutes: FastifyPluginAsync<OperatorOptions> = async (app, options) => {
  const { ledger, listing, endings, log, token } = options;
  app.get<{ Params: { wallet: string }; Querystring: Static<typeof EarningsQuery> }>(
    '/v1/creators/:wallet/earnings',
    {
      config: { scope: 'platform:write' },
      schema: {
        params: Type.Object({ wallet: IdText }),
        querystring: EarningsQuery,
        response: { 200: EarningsView },
      },
    },
    async (request) => {
      const { wallet } = request.params;
      if (!isAddress(wallet))
        throw new Fault('address_invalid', `wallet is no Solana address: ${wallet}`);
      if (!(await ledger.creators.isCreator(wallet)))
        throw new Fault('not_found', `No terms name ${wallet} as a creator.`);
      const filter = { ...periodOf(request.query), creatorWallet: wallet, limit: 1 };
      const all = await options.statements.earnings(filter);
      const first = all.find((each) => each.token.mint === token.mint) ?? nothingIn(token);
      return { creatorWallet: wallet, ...earningsView(first), tokens: all.map(earningsView) };
    },
  );
  app.post<{ Params: { id: string }; Body: Static<typeof Reason> }>(
    '/v1/shares/:id/void',
    {
      config: { scope: 'operator' },
      schema: { params: Id, body: Reason, response: { 202: Cancelling, 204: Type.Null() } },
    },
    async (request, reply) => {
      const { id } = request.params;
      const known = await ledger.shares.find(id);
      if (known === null) throw new Fault('not_found', `There is no profit share ${id}.`);
      const { reason } = request.body;
      const voiding = { reason, ...options.byWhom(request) };
      if (!(await endings.void(known, voiding))) {
        const payment = await endings.cancelFor(known, voiding);
        if (payment !== null) {
          options.onCancelled(known.subscriberId);
          return reply.code(202).send({ payment });
        }
        throw new Fault(
          'conflict',
          `Profit share ${id} is ${(await ledger.shares.find(id))?.status}. Only a debt that waits can be voided; a payment that is on its way must end first.`,
        );
      }
      log.warn('share.voided', {
        share: id,
        subscriber: known.subscriberId,
        left: known.amount - known.paid,
        by: 'operator',
        ...voiding,
      });
      await options.onVoided(known.subscriberId);
      return reply.code(204).send();
    },
  );
  app.post<{ Body: Static<typeof Adoption> }>(
    '/v1/adoptions',
    { config: { scope: 'operator' }, schema: { body: Adoption, response: { 200: Adopted } } },
    async ({ body: { fromSlot, reason } }) => {
      const { adopted, waiting } = await endings.adopt(fromSlot);
      const left = adopted.reduce((sum, each) => sum + each.left, 0n);
      log.warn('shares.adopted', {
        fromSlot,
        shares: adopted.length,
        left,
        reason,
        waiting: waiting.length,
      });
      for (const id of new Set(adopted.map((each) => each.subscriberId)))
        await options.onAdopted(id);
      return { adopted: adopted.length, left: left.toString(), waiting: [...waiting] };
    },
  );
  app.get<{ Params: { id: string }; Querystring: Static<typeof CreditQuery> }>(
    '/v1/subscribers/:id/credits',
    {
      config: { scope: 'platform:write' },
      schema: { params: Id, querystring: CreditQuery, response: { 200: CreditList } },
    },
    async ({ params: { id: subscriberId }, query: { limit = LIMIT_USUAL, before } }) => {
      const page = { limit, cursor: before };
      const { rows, ...paged } = await listing.page('credits', { subscriberId }, page);
      return {
        credits: rows.map(
          ({ signature, slot, creatorWallet, token: of, amount, credited, shares }) => ({
            signature,
            slot,
            creatorWallet,
            mint: of.mint,
            symbol: of.symbol,
            amount: amount.toString(),
            credited: credited.toString(),
            shares: shares.map((each) => ({
              share: each.shareId,
              amount: each.amount.toString(),
            })),
          }),
        ),
        ...paged,
      };
    },
  );
  app.get(
    '/v1/halts',
    { config: { scope: 'operator' }, schema: { response: { 200: HaltList } } },
    async () => ({
      halts: (await ledger.halts.list()).map(({ scope, reason, sinceMs }) => ({
        scope,
        reason,
        since: isoTime(sinceMs),
      })),
    }),
  );
  app.put<{ Body: Static<typeof Halt> }>(
    '/v1/halts',
    { config: { scope: 'operator' }, schema: { body: Halt } },
    async (request, reply) => {
      const { scope, reason } = request.body;
      if (!(await ledger.halts.set(scope, reason)))
        throw new Fault('not_found', `There is no ${scope.replace(':', ' ')}; nothing was halted.`);
      return reply.code(204).send();
    },
  );
  app.delete<{ Params: { scope: string } }>(
    '/v1/halts/:scope',
    { config: { scope: 'operator' }, schema: { params: Type.Object({ scope: ScopeText }) } },
    async (request, reply) => {
      const { scope } = request.params;
      if (!(await ledger.halts.lift(scope)))
        throw new Fault('not_found', `There is no halt of ${scope}.`);
      return reply.code(204).send();
    },
  );
};
