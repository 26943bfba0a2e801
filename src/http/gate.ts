// Gate: answers whether a subscriber may open or increase copied positions. Answers come from
// memory, for one or many subscribers.
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
  /** Called with every verdict, which is counted. */
  readonly onVerdict: (verdict: Decision['verdict']) => void;
};

const Who = Type.Object({
  subscriber: Type.String({
    minLength: 1,
    maxLength: 64,
    description: 'Platform id or agent wallet.',
  }),
});

const ONE = '/v1/gate/:subscriber';
const MANY = '/v1/gate';

const decider =
  ({ roster, clock, onVerdict }: GateOptions) =>
  (subscriber: string, action: Action, nowMs = clock.nowMs()): Decision => {
    const decision = roster.decide(subscriber, action, nowMs);
    onVerdict(decision.verdict);
    return decision;
  };
type Decide = ReturnType<typeof decider>;

const PLAIN = /^[\w.:-]*$/;
const REVISION = /(?<="revision":")\d+(?=")/;

/**
 * The JSON of the answer to many. Most subscribers owe nothing and are allowed, and their answers
 * differ in name and revision only, so the rest of the text is made once for each request.
 */
function answersText(
  decide: Decide,
  { subscribers, action = 'open' }: { subscribers: readonly string[]; action?: Action },
  nowMs: number,
): string {
  let text = '{"answers":[';
  let common: {
    readonly head: string;
    readonly tail: string;
    readonly reason: string;
    readonly standing: Decision['standing'];
  } | null = null;
  for (let index = 0; index < subscribers.length; index++) {
    const subscriber = subscribers[index] ?? '';
    const name = PLAIN.test(subscriber) ? `"${subscriber}"` : JSON.stringify(subscriber);
    const decision = decide(subscriber, action, nowMs);
    const { revision, reason, standing } = decision;
    text += index === 0 ? '{"subscriber":' : ',{"subscriber":';
    text += name;
    const usual =
      decision.verdict === 'allow' &&
      decision.outstanding === 0n &&
      decision.evidence === null &&
      revision !== null;
    const isOther = common !== null && (common.reason !== reason || common.standing !== standing);
    if (!usual || isOther) {
      text += `,${gateText(decision).slice(1)}`;
      continue;
    }
    if (common === null) {
      const [head = '', tail = ''] = gateText(decision).slice(1).split(REVISION);
      common = { head: `,${head}`, tail, reason, standing };
    }
    text += common.head;
    text += revision;
    text += common.tail;
  }
  return `${text}]}`;
}

/** The routes of the gate. */
export const gateRoutes: FastifyPluginAsync<GateOptions> = async (app, options) => {
  const decide = decider(options);
  app.get<{ Params: Static<typeof Who>; Querystring: Static<typeof GateQuery> }>(
    ONE,
    {
      config: { scope: 'gate:read' },
      schema: { params: Who, querystring: GateQuery, response: { 200: GateAnswer } },
    },
    async (request): Promise<Static<typeof GateAnswer>> =>
      gateView(decide(request.params.subscriber, request.query.action ?? 'open')),
  );
  app.post<{ Body: Static<typeof GateMany> }>(
    MANY,
    { config: { scope: 'gate:read' }, schema: { body: GateMany, response: { 200: GateAnswers } } },
    async (request, reply) =>
      reply
        .type('application/json; charset=utf-8')
        .serializer(String)
        .send(answersText(decide, request.body, options.clock.nowMs())),
  );
};

const PATH = /^\/v1\/gate\/([A-Za-z0-9_.:-]{1,64})(?:\?action=([a-z]+))?$/;
const SUBSCRIBERS_MOST = 1_000;
const isAction = (text: unknown): text is Action => (ACTIONS as readonly unknown[]).includes(text);

/** The subscribers and action of a plain request; null for a request that Fastify must validate. */
function manyOf(body: Buffer): { subscribers: string[]; action: Action } | null {
  let asked: unknown;
  try {
    asked = JSON.parse(body.toString('utf8'));
  } catch {
    return null;
  }
  if (asked === null || typeof asked !== 'object') return null;
  const { subscribers, action = 'open', ...rest } = asked as Record<string, unknown>;
  if (!Array.isArray(subscribers) || !isAction(action)) return null;
  if (subscribers.length === 0 || subscribers.length > SUBSCRIBERS_MOST) return null;
  for (const _ in rest) return null;
  for (const each of subscribers)
    if (typeof each !== 'string' || each.length === 0 || each.length > 64) return null;
  return { subscribers: subscribers as string[], action };
}

export type FastGate = {
  /** Answers a plain request before Fastify sees it. Returns whether it has answered, or will. */
  take(request: IncomingMessage, response: ServerResponse): boolean;
};
export type FastGateOptions = GateOptions & {
  readonly authorised: (header: string | undefined) => boolean;
  readonly bytesMost: number;
  /** Called with the route of each request that is answered here or whose body is read here. */
  readonly onTaken: (request: IncomingMessage, route: string) => void;
  /** Passes a request whose body was already read to Fastify, so that errors are the same. */
  readonly usual: (request: IncomingMessage, body: Buffer, response: ServerResponse) => void;
};

/**
 * Creates the fast gate, which answers plain requests with a key that may read the gate. Any other
 * request goes through Fastify.
 */
export function createFastGate(options: FastGateOptions): FastGate {
  const decide = decider(options);
  const answer = (response: ServerResponse, body: string): void => {
    const bytes = Buffer.from(body);
    response.writeHead(200, {
      'content-type': 'application/json; charset=utf-8',
      'content-length': bytes.length,
    });
    response.end(bytes);
  };
  const takeMany = (request: IncomingMessage, response: ServerResponse): boolean => {
    const length = Number(request.headers['content-length']);
    if (!(length > 0 && length <= options.bytesMost)) return false;
    if (request.headers['content-type'] !== 'application/json') return false;
    if (!options.authorised(request.headers.authorization)) return false;
    options.onTaken(request, MANY);
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
      const asked = manyOf(body);
      if (asked === null) options.usual(request, body, response);
      else answer(response, answersText(decide, asked, options.clock.nowMs()));
    });
    return true;
  };
  return {
    take(request, response) {
      const { method, url = '' } = request;
      if (method === 'POST') return url === '/v1/gate' && takeMany(request, response);
      if (method !== 'GET') return false;
      const [, subscriber, action = 'open'] = PATH.exec(url) ?? [];
      if (subscriber === undefined || subscriber === 'stream' || !isAction(action)) return false;
      if (!options.authorised(request.headers.authorization)) return false;
      options.onTaken(request, ONE);
      answer(response, gateText(decide(subscriber, action)));
      return true;
    },
  };
}
