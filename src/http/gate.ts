// Gate: may this subscriber open or increase copied positions? Answered from memory, one or many at a time.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyPluginAsync } from 'fastify';
import Type, { type Static } from 'typebox';
import type { Clock } from '../core/ports.ts';
import { ACTIONS, type Action, type Decision, type Roster } from '../core/roster.ts';
import { gateText, gateView } from './answers.ts';
import { GateAnswer, GateAnswers, GateMany, GateQuery } from './shapes.ts';

export type GateOptions = {
  readonly roster: Roster;
  readonly clock: Clock;
  /** Every verdict is counted. */
  readonly onVerdict: (verdict: Decision['verdict']) => void;
};

const Who = Type.Object({
  subscriber: Type.String({
    minLength: 1,
    maxLength: 64,
    description: 'Platform id or agent wallet.',
  }),
});

const decider =
  ({ roster, clock, onVerdict }: GateOptions) =>
  (subscriber: string, action: Action): Decision => {
    const decision = roster.decide(subscriber, action, clock.nowMs());
    onVerdict(decision.verdict);
    return decision;
  };

export const gateRoutes: FastifyPluginAsync<GateOptions> = async (app, options) => {
  const decide = decider(options);
  app.get<{ Params: Static<typeof Who>; Querystring: Static<typeof GateQuery> }>(
    '/v1/gate/:subscriber',
    { schema: { params: Who, querystring: GateQuery, response: { 200: GateAnswer } } },
    async (request): Promise<Static<typeof GateAnswer>> =>
      gateView(decide(request.params.subscriber, request.query.action ?? 'open')),
  );
  app.post<{ Body: Static<typeof GateMany> }>(
    '/v1/gate',
    { schema: { body: GateMany, response: { 200: GateAnswers } } },
    async (request, reply) => {
      const { subscribers, action = 'open' } = request.body;
      const answers = subscribers.map(
        (subscriber) =>
          `{"subscriber":${JSON.stringify(subscriber)},${gateText(decide(subscriber, action)).slice(1)}`,
      );
      return reply
        .type('application/json; charset=utf-8')
        .serializer(String)
        .send(`{"answers":[${answers.join(',')}]}`);
    },
  );
};

const PATH = /^\/v1\/gate\/([A-Za-z0-9_.:-]{1,64})(?:\?action=([a-z]+))?$/;

/**
 * The fast path: the plain question, answered before Fastify sees it. Anything else, and whoever is not authorised, takes
 * the usual way, so that errors are the same. Returns whether it answered.
 */
export function createFastGate(
  options: GateOptions & { readonly authorised: (header: string | undefined) => boolean },
): (request: IncomingMessage, response: ServerResponse) => boolean {
  const decide = decider(options);
  return (request, response) => {
    if (request.method !== 'GET') return false;
    const found = PATH.exec(request.url ?? '');
    const [, subscriber, action = 'open'] = found ?? [];
    if (subscriber === undefined || subscriber === 'stream') return false;
    if (!(ACTIONS as readonly string[]).includes(action)) return false;
    if (!options.authorised(request.headers.authorization)) return false;
    const body = gateText(decide(subscriber, action as Action));
    response.writeHead(200, {
      'content-type': 'application/json; charset=utf-8',
      'content-length': Buffer.byteLength(body),
    });
    response.end(body);
    return true;
  };
}
