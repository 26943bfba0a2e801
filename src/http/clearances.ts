// Clearances: the routes by which a platform asks before it withdraws for a subscriber or closes an
// account.
import type { FastifyPluginAsync } from 'fastify';
import Type, { type Static } from 'typebox';
import type { Chain } from '../core/chain-ports.ts';
import type { Clearances } from '../core/clearance-ports.ts';
import { Fault } from '../core/fault.ts';
import { parseBaseUnits } from '../core/money.ts';
import type { Clock } from '../core/ports.ts';
import { isoTime } from '../core/time.ts';
import { USDC } from '../core/token.ts';
import { wireOwedOf } from '../core/wire.ts';
import type { Clear } from '../flows/clearance.ts';
import type { Listing } from '../flows/lists.ts';
import { actOf } from './acts.ts';
import {
  ClearanceAnswer,
  ClearanceList,
  IdPage,
  IdText,
  LIMIT_USUAL,
  NewClearance,
} from './shapes.ts';

export type ClearanceOptions = {
  readonly clear: Clear;
  readonly clearances: Clearances;
  readonly listing: Listing;
  readonly chain: Pick<Chain, 'slot'>;
  readonly clock: Clock;
  /** The longest time that an answer may wait for a payment. Milliseconds. */
  readonly patienceMs: number;
};

const Id = Type.Object({ id: IdText });
const Both = Type.Object({ id: IdText, clearance: IdText });

/** The routes of clearances. */
export const clearanceRoutes: FastifyPluginAsync<ClearanceOptions> = async (app, options) => {
  const { clear, clearances, listing, chain, clock } = options;
  app.post<{ Params: Static<typeof Id>; Body: Static<typeof NewClearance> }>(
    '/v1/subscribers/:id/clearances',
    {
      config: { scope: 'platform:write', patienceMs: options.patienceMs },
      schema: {
        params: Id,
        body: NewClearance,
        response: { 200: ClearanceAnswer, 201: ClearanceAnswer },
      },
    },
    async (request, reply) => {
      const { purpose, amount: text, venue } = request.body;
      const amount = text === undefined ? null : parseBaseUnits(text);
      if ((purpose === 'withdraw') !== (amount !== null && amount > 0n)) {
        throw new Fault(
          'body_invalid',
          'A clearance to withdraw names an amount above zero in base units; one to close names none.',
        );
      }
      const id = `clearance-${actOf(request)}`;
      const answer = await clear(request.params.id, {
        id,
        purpose,
        amount,
        ...(venue === undefined ? {} : { venue }),
      });
      if (answer.status === 'blocked') {
        const { status, code, outstanding, owed, reason } = answer;
        return reply.code(200).send({
          status,
          code,
          outstanding: outstanding.toString(),
          owed: wireOwedOf(owed),
          reason,
        });
      }
      const { clearance } = answer;
      return reply.code(201).send({
        status: 'cleared',
        id: clearance.id,
        purpose: clearance.purpose,
        ...(clearance.amount === null
          ? {}
          : {
              amount: clearance.amount.toString(),
              mint: answer.token.mint,
              symbol: answer.token.symbol,
            }),
        until: isoTime(answer.untilMs),
      });
    },
  );
  app.get<{ Params: Static<typeof Id>; Querystring: Static<typeof IdPage> }>(
    '/v1/subscribers/:id/clearances',
    {
      config: { scope: 'platform:write' },
      schema: { params: Id, querystring: IdPage, response: { 200: ClearanceList } },
    },
    async ({ params, query: { limit = LIMIT_USUAL, before } }) => {
      const { rows, ...paged } = await listing.page(
        'clearances',
        { subscriberId: params.id },
        { limit, cursor: before },
      );
      return {
        clearances: rows.map((each) => ({
          id: each.id,
          purpose: each.purpose,
          amount: each.amount?.toString() ?? null,
          mint: each.mint ?? USDC.mint,
          grantedSlot: each.grantedSlot,
          untilSlot: each.untilSlot,
          grantedAt: isoTime(each.grantedAtMs),
          until: isoTime(each.untilMs),
          revokedAt: each.revokedAtMs === null ? null : isoTime(each.revokedAtMs),
        })),
        ...paged,
      };
    },
  );
  app.delete<{ Params: Static<typeof Both> }>(
    '/v1/subscribers/:id/clearances/:clearance',
    { config: { scope: 'platform:write' }, schema: { params: Both } },
    async ({ params: { id, clearance } }, reply) => {
      const slot = await chain.slot('confirmed');
      if (!(await clearances.revoke(id, clearance, slot, clock.nowMs())))
        throw new Fault('not_found', `Subscriber ${id} has no live clearance ${clearance}.`);
      return reply.code(204).send();
    },
  );
};
