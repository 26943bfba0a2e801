// Webhook: POST /webhooks/helius. The body is stored and answered; what it says is looked at
// afterwards. Helius gives up after a few tries within seconds, so nothing slow may stand between
// its request and the 200, and our own trouble is answered 503, which it retries, never 403, which
// it does not.
import type { FastifyPluginAsync, FastifyRequest } from 'fastify';
import { Fault } from '../core/fault.ts';
import type { Receive } from '../flows/receive.ts';
import { createSecretCheck } from './auth.ts';

export type WebhookOptions = {
  readonly receive: Receive;
  readonly secrets: readonly string[];
  readonly bytesMost: number;
  readonly onDelivery: (outcome: 'stored' | 'refused' | 'failed') => void;
};

const BLANKS = new Set([0x09, 0x0a, 0x0d, 0x20]);
const ENDS: Readonly<Record<number, number>> = { 91: 0x5d, 123: 0x7d };

/**
 * Whether the bytes begin and end as a JSON array or object. What is between is read after the
 * answer: it costs more than storing it, and what turns out to be garbage is counted then.
 */
function looksLikeJson(body: Buffer): boolean {
  let from = 0;
  let to = body.length - 1;
  while (from < to && BLANKS.has(body[from] ?? 0)) from++;
  while (to > from && BLANKS.has(body[to] ?? 0)) to--;
  return to > from && ENDS[body[from] ?? 0] === body[to];
}

export const webhookRoutes: FastifyPluginAsync<WebhookOptions> = async (app, options) => {
  const authorised = createSecretCheck(options.secrets);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    '*',
    { parseAs: 'buffer', bodyLimit: options.bytesMost },
    (_request, body, done) => done(null, body),
  );
  /** Room for each body that is on its way in, by its request. */
  const rooms = new WeakMap<FastifyRequest, () => void>();
  /**
   * The most that a body can come to: what its head says, or the limit where it is packed or says
   * nothing.
   */
  const bytesOf = ({ headers }: FastifyRequest): number => {
    const said = Number(headers['content-length'] ?? options.bytesMost);
    const packed = headers['content-encoding'] !== undefined;
    return packed || !Number.isSafeInteger(said)
      ? options.bytesMost
      : Math.min(said, options.bytesMost);
  };
  app.post('/webhooks/helius', {
    config: { scope: 'webhook' },
    bodyLimit: options.bytesMost,
    onRequest: async (request, reply) => {
      // Before the body is read: a stranger's ten megabytes are not worth reading.
      if (!authorised(request.headers.authorization)) {
        options.onDelivery('refused');
        throw new Fault(
          'unauthorised',
          'The Authorization header is not one of the configured webhook secrets.',
        );
      }
      try {
        const giveBack = options.receive.reserve(bytesOf(request));
        rooms.set(request, giveBack);
        reply.raw.once('close', giveBack);
      } catch (thrown) {
        options.onDelivery('failed');
        throw thrown;
      }
    },
    handler: async (request, reply) => {
      const body = request.body;
      if (!Buffer.isBuffer(body) || !looksLikeJson(body)) {
        options.onDelivery('refused');
        throw new Fault(
          'body_invalid',
          'The body must be a JSON array of transactions, as Helius raw webhooks send it.',
        );
      }
      rooms.get(request)?.();
      try {
        await options.receive.accept(body);
      } catch (thrown) {
        options.onDelivery('failed');
        throw new Fault('ledger_unavailable', 'The delivery could not be stored. Send it again.', {
          cause: thrown,
        });
      }
      options.onDelivery('stored');
      return reply.code(200).send({ stored: true });
    },
  });
};
