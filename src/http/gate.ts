// Gate: may this subscriber open or increase copied positions? Answered from memory.
import type { FastifyPluginAsync } from 'fastify';
import Type, { type Static } from 'typebox';
import type { Clock } from '../core/ports.ts';
import type { Roster } from '../core/roster.ts';
import { GateAnswer, GateQuery } from './shapes.ts';

export type GateOptions = { readonly roster: Roster; readonly clock: Clock };

const Who = Type.Object({
  subscriber: Type.String({
    minLength: 1,
    maxLength: 64,
    description: 'Platform id or agent wallet.',
  }),
});

export const gateRoutes: FastifyPluginAsync<GateOptions> = async (app, { roster, clock }) => {
  app.get<{ Params: Static<typeof Who>; Querystring: Static<typeof GateQuery> }>(
    '/v1/gate/:subscriber',
    { schema: { params: Who, querystring: GateQuery, response: { 200: GateAnswer } } },
    async (request): Promise<Static<typeof GateAnswer>> => {
      const decision = roster.decide(
        request.params.subscriber,
        request.query.action ?? 'open',
        clock.nowMs(),
      );
      const { evidence } = decision;
      return {
        ...decision,
        outstanding: decision.outstanding?.toString() ?? null,
        revision: decision.revision?.toString() ?? null,
        evidence:
          evidence === null
            ? null
            : {
                signature: evidence.signature,
                slot: evidence.slot,
                what: evidence.what,
                amount: evidence.amount.toString(),
                owedThen: evidence.owedThen.toString(),
              },
      };
    },
  );
};
