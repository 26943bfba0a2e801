// Acts: writes every request that changes something to the record before it is carried out. With an
// Idempotency-Key a request is carried out once: when it is repeated it gets the same answer, and a
// different request with the same key is refused.
import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import Type, { type Static } from 'typebox';
import { type Acts, personOf, withoutSecrets } from '../core/act.ts';
import { Fault } from '../core/fault.ts';
import type { Clock } from '../core/ports.ts';
import type { Redaction } from '../core/redaction.ts';
import { isoTime } from '../core/time.ts';
import type { Listing } from '../flows/lists.ts';
import { isLate } from './deadline.ts';
import { keepLateAnswers } from './late-answers.ts';
import { cleanBody } from './reasons.ts';
import { IdText, LIMIT_USUAL, Limit, nullable, Paged } from './shapes.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The answer contains a secret that is shown only once. */
    secretAnswer?: boolean;
    /** Gives the record of the body. Left out, the whole body without its secrets is recorded. */
    recorded?: (body: unknown) => unknown;
  }
}

export type ActOptions = {
  readonly acts: Acts;
  readonly clock: Clock;
  readonly redaction: Redaction;
  readonly byWhom: (request: FastifyRequest) => { actor: string; person: string | null };
  /**
   * A text that tells API keys apart which share one actor, as those of the environment do; null
   * for a caller whose actor no other API key has.
   */
  readonly keyAmong: (request: FastifyRequest) => string | null;
};

const READS = new Set(['GET', 'HEAD', 'OPTIONS']);
const GATE = '/v1/gate';
const KEY = /^[\x21-\x7e]{1,255}$/;

/** Whether a request changes something. `POST /v1/gate` does not. */
const changes = (request: FastifyRequest): boolean =>
  !READS.has(request.method) && request.routeOptions.url !== GATE;

const digestOf = (text: string): Buffer => createHash('sha256').update(text).digest();

/**
 * The Idempotency-Key of a request and the fingerprint of what it asks; null without a key. With
 * `among` the key on record is a digest of both, so that two API keys of one actor may send the
 * same Idempotency-Key. Throws `body_invalid` for a text that is no key.
 */
function onceOf(
  request: FastifyRequest,
  among: string | null,
): { key: string; fingerprint: Uint8Array } | null {
  const key = request.headers['idempotency-key'];
  if (key === undefined) return null;
  if (typeof key !== 'string' || !KEY.test(key))
    throw new Fault('body_invalid', 'Idempotency-Key must be 1 to 255 printable ASCII characters.');
  const asked = JSON.stringify([request.method, request.url, request.body ?? null]);
  return {
    key: among === null ? key : digestOf(`${among} ${key}`).toString('hex'),
    fingerprint: digestOf(asked),
  };
}

const textOf = (payload: unknown, redaction: Redaction | null): string => {
  const text = typeof payload === 'string' ? payload : '';
  return redaction === null || text === ''
    ? text
    : JSON.stringify(withoutSecrets(JSON.parse(text), redaction));
};

/** The status of an act whose request the deadline had answered before the act was recorded. */
const LATE_STATUS = 503;
const BEGUN = Symbol('act');
type Marked = FastifyRequest & { [BEGUN]?: { id: bigint; nonce: string; once: boolean } };

/**
 * The nonce of a request's act. Repetitions with the same Idempotency-Key have the same nonce.
 * Throws a TypeError for a request that changes nothing.
 */
export function actOf(request: Marked): string {
  const act = request[BEGUN];
  if (act === undefined) throw new TypeError('a request that reads is no act');
  return act.nonce;
}

const PERSON_HEADER = 'x-bailiff-person';

/**
 * The person whom the header X-Bailiff-Person names; null without that header. Throws
 * `body_invalid` for a text that is not a name.
 */
export function personIn(request: FastifyRequest, redaction: Redaction): string | null {
  const given = request.headers[PERSON_HEADER];
  if (given === undefined) return null;
  // Node reads header values as Latin-1, but names are sent as UTF-8.
  const person = personOf(Buffer.from(String(given), 'latin1').toString('utf8'), redaction);
  if (person === null)
    throw new Fault(
      'body_invalid',
      'X-Bailiff-Person must be a name of 1 to 100 printable characters, in UTF-8.',
    );
  return person;
}

/** Records the acts of all routes that are registered after this call. */
export function recordActs(app: FastifyInstance, options: ActOptions): void {
  const { acts, clock, redaction, byWhom, keyAmong } = options;
  app.addHook('preHandler', async (request: Marked, reply) => {
    if (!changes(request)) return;
    cleanBody(request.body, redaction);
    const once = onceOf(request, keyAmong(request));
    const { recorded } = request.routeOptions.config;
    const body = recorded === undefined ? (request.body ?? null) : recorded(request.body);
    const asked = {
      path: withoutSecrets(request.params, redaction),
      body: withoutSecrets(body, redaction),
    };
    const what = `${request.method} ${request.routeOptions.url}`;
    const { actor, person } = byWhom(request);
    const begun = await acts.begin({ actor, person, what, asked, once });
    switch (begun.kind) {
      case 'begun':
        // The deadline has answered, and no handler runs: nothing is changed.
        if (isLate(request)) return acts.end(begun, LATE_STATUS, null, clock.nowMs());
        request[BEGUN] = { id: begun.id, nonce: begun.nonce, once: once !== null };
        return;
      case 'done':
        return reply
          .code(begun.status)
          .headers({
            'idempotency-replayed': 'true',
            ...(begun.answer === '' ? {} : { 'content-type': 'application/json; charset=utf-8' }),
          })
          .serializer(String)
          .send(begun.answer);
      case 'running':
        throw new Fault(
          'idempotency_running',
          'A request with this Idempotency-Key is being done. Ask again in a moment.',
        );
      case 'other':
        throw new Fault(
          'idempotency_mismatch',
          'This Idempotency-Key was used for another request. Use a new key for a new request.',
        );
    }
  });
  const end = async (request: Marked, status: number, payload: unknown): Promise<void> => {
    const act = request[BEGUN];
    if (act === undefined) return;
    // If `acts.end` fails, the error is answered through onSend again, and must not call it twice.
    delete request[BEGUN];
    // An answer that contained a secret is kept without it, so the secret is not shown again.
    const secret = request.routeOptions.config.secretAnswer === true;
    const kept = act.once && status < 300 && (payload == null || typeof payload === 'string');
    const text = kept ? textOf(payload, secret ? redaction : null) : null;
    await acts.end(act, status, text, clock.nowMs());
  };
  app.addHook('onSend', async (request: Marked, reply, payload) => {
    // After a deadline Postgres is not waited for, and the act goes on: its handler ends it.
    if (!isLate(request)) await end(request, reply.statusCode, payload);
  });
  keepLateAnswers(
    app,
    ({ method, url }) => url !== GATE && ![method].flat().every((each) => READS.has(each)),
    (request, { status, text }) => end(request, status, text),
  );
}

const ActQuery = Type.Object({
  actor: Type.Optional(IdText),
  subscriber: Type.Optional(IdText),
  limit: Limit,
  before: Type.Optional(
    Type.String({ pattern: '^[0-9]{1,18}$', description: 'the next of the page before.' }),
  ),
});
const ActList = Type.Object({
  acts: Type.Array(
    Type.Object({
      id: Type.String(),
      at: Type.String(),
      actor: Type.String({
        description: 'The id of an API key, or configured, anyone or command.',
      }),
      keyName: nullable(Type.String({ description: 'The name that the API key was made with.' })),
      person: nullable(
        Type.String({
          description: 'The person that X-Bailiff-Person or --by named; null without.',
        }),
      ),
      what: Type.String(),
      asked: Type.Unknown({ description: 'Path and body, without anything secret.' }),
      status: nullable(
        Type.Integer({ description: 'HTTP status, or exit code; null when it was broken off.' }),
      ),
    }),
  ),
  ...Paged,
});

/** The route that lists acts on record. */
export const auditRoutes = async (
  app: FastifyInstance,
  { listing }: { readonly listing: Listing },
): Promise<void> => {
  app.get<{ Querystring: Static<typeof ActQuery> }>(
    '/v1/audit',
    {
      config: { scope: 'operator' },
      schema: { querystring: ActQuery, response: { 200: ActList } },
    },
    async ({ query }) => {
      const { limit = LIMIT_USUAL, before, actor, subscriber } = query;
      const page = { limit, cursor: before };
      const { rows, ...paged } = await listing.page('acts', { actor, subscriber }, page);
      return {
        acts: rows.map(({ id, atMs, ...act }) => ({ ...act, id: String(id), at: isoTime(atMs) })),
        ...paged,
      };
    },
  );
};
