// Late answers: the deadline answers a request 503, and its handler goes on. The answer of the
// handler then reaches no client, and is given to the record of acts, so that a repetition gets it.
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify';
import { isLate } from './deadline.ts';
import { statusOf } from './problems.ts';

/** The answer of a handler that ended after the deadline; `text` is null for a refusal. */
export type LateAnswer = { readonly status: number; readonly text: string | null };

const textOf = (reply: FastifyReply, status: number, payload: unknown): string => {
  if (payload === undefined || payload === null) return '';
  if (typeof payload === 'string') return payload;
  return (reply.getSerializationFunction(String(status)) ?? JSON.stringify)(
    payload as Record<string, unknown>,
  ) as string;
};

/**
 * The reply that a handler is given: until the deadline it does what the reply does, and afterwards
 * it only keeps the status and the payload. The reply itself belongs to the deadline then.
 */
function standInOf(request: FastifyRequest, reply: FastifyReply) {
  const kept: { status: number; payload: unknown } = { status: 200, payload: undefined };
  const own = Object.create(reply) as FastifyReply;
  own.code = own.status = ((status: number) => {
    kept.status = status;
    if (!isLate(request)) reply.code(status);
    return own;
  }) as FastifyReply['code'];
  own.send = ((payload: unknown) => {
    kept.payload = payload;
    if (!isLate(request)) reply.send(payload);
    return own;
  }) as FastifyReply['send'];
  return { own, kept };
}

/**
 * Calls `onLate` with the answer of each handler that ended after the deadline had answered its
 * request, for all routes of `wanted` that are registered after this call.
 */
export function keepLateAnswers(
  app: FastifyInstance,
  wanted: (route: RouteOptions) => boolean,
  onLate: (request: FastifyRequest, answer: LateAnswer) => Promise<void>,
): void {
  app.addHook('onRoute', (route) => {
    if (!wanted(route)) return;
    const { handler } = route;
    route.handler = async function (request, reply) {
      const { own, kept } = standInOf(request, reply);
      let answer: LateAnswer;
      try {
        const value: unknown = await handler.call(this, request, own);
        if (!isLate(request)) return value;
        const { status } = kept;
        const payload = kept.payload === undefined ? value : kept.payload;
        answer = { status, text: textOf(reply, status, payload) };
      } catch (thrown) {
        if (!isLate(request)) throw thrown;
        answer = { status: statusOf(thrown), text: null };
      }
      await onLate(request, answer);
      // The deadline has answered. Returning the reply tells Fastify to send no other answer.
      return reply;
    };
  });
}
