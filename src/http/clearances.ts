// Clearances: the platform asks before it withdraws for a subscriber or closes the account.
import type { FastifyPluginAsync } from 'fastify';
import Type, { type Static } from 'typebox';
import { Fault } from '../core/fault.ts';
import { parseBaseUnits } from '../core/money.ts';
import { isoTime } from '../core/time.ts';
import type { Clear } from '../flows/clear.ts';
import { ClearanceAnswer, IdText, NewClearance } from './shapes.ts';

export type ClearanceOptions = { readonly clear: Clear };

const Id = Type.Object({ id: IdText });

export const clearanceRoutes: FastifyPluginAsync<ClearanceOptions> = async (app, { clear }) => {
  app.post<{ Params: Static<typeof Id>; Body: Static<typeof NewClearance> }>(
    '/v1/subscribers/:id/clearances',
    {
      schema: {
        params: Id,
        body: NewClearance,
        response: { 200: ClearanceAnswer, 201: ClearanceAnswer },
      },
    },
    async (request, reply) => {
      const { purpose, amount: text } = request.body;
      const amount = text === undefined ? null : parseBaseUnits(text);
      if ((purpose === 'withdraw') !== (amount !== null && amount > 0n)) {
        throw new Fault(
          'body_invalid',
          'A clearance to withdraw names an amount above zero in base units; one to close names none.',
        );
      }
      const answer = await clear(request.params.id, { purpose, amount });
      if (answer.status === 'blocked') {
        const { status, outstanding, reason } = answer;
        return reply.code(200).send({ status, outstanding: outstanding.toString(), reason });
      }
      const { clearance } = answer;
      return reply.code(201).send({
        status: 'cleared',
        id: clearance.id,
        purpose: clearance.purpose,
        ...(clearance.amount === null ? {} : { amount: clearance.amount.toString() }),
        until: isoTime(answer.untilMs),
      });
    },
  );
};
