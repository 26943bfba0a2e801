// Webhook: POST /webhooks/helius. The body is stored and answered; its content is read afterwards.
// Helius gives up after a few attempts within seconds, so nothing slow may happen before the
// answer. The daemon's own failures are answered 503, which Helius retries, and never 403, which it
// does not.
import type { FastifyPluginAsync, FastifyRequest } from 'fastify';
import { Fault } from '../core/fault.ts';
import type { Receive } from '../flows/webhook-intake.ts';
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
 * Whether the bytes begin and end as a JSON array or object. The content is parsed after the
 * answer, because that costs more than storing it; a body that is not JSON is counted then.
 */
function looksLikeJson(body: Buffer): boolean {
  let from = 0;
  let to = body.length - 1;
  while (from < to && BLANKS.has(body[from] ?? 0)) from++;
  while (to > from && BLANKS.has(body[to] ?? 0)) to--;
  return to > from && ENDS[body[from] ?? 0] === body[to];
}

/** The route of webhooks. */
export const webhookRoutes: FastifyPluginAsync<WebhookOptions> = async (app, options) => {
  const authorised = createSecretCheck(options.secrets);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    '*',
    { parseAs: 'buffer', bodyLimit: options.bytesMost },
    (_request, body, done) => done(null, body),
  );
  /** The function that frees the memory reserved for each body that is being received. */
  const rooms = new WeakMap<FastifyRequest, () => void>();
  /**
   * The most bytes that a body may have: its content-length, or the limit when it is packed or has
   * no valid content-length.
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
      // Checked before the body is read, so that no body of a stranger is read.
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
