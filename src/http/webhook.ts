// Webhook: POST /webhooks/helius. The body is stored and answered; what it says is looked at afterwards. Helius gives
// up after a few tries within seconds, so nothing slow may stand between its request and the 200, and our own trouble
// is answered 503, which it retries, never 403, which it does not.
import type { FastifyPluginAsync } from 'fastify';
import { Fault } from '../core/fault.ts';
import type { Receive } from '../flows/receive.ts';
import { createSecretCheck } from './auth.ts';

export type WebhookOptions = {
  readonly receive: Receive;
  readonly secrets: readonly string[];
  readonly bytesMost: number;
};

const OPEN = new Set(['[', '{']);

/** Whether the bytes are a JSON array or object. */
function isJson(body: Buffer): boolean {
  const text = body.toString('utf8');
  if (!OPEN.has(text.trimStart().charAt(0))) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

export const webhookRoutes: FastifyPluginAsync<WebhookOptions> = async (app, options) => {
  const authorised = createSecretCheck(options.secrets);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    '*',
    { parseAs: 'buffer', bodyLimit: options.bytesMost },
    (_request, body, done) => done(null, body),
  );
  app.post('/webhooks/helius', {
    bodyLimit: options.bytesMost,
    onRequest: async (request) => {
      // Before the body is read: a stranger's ten megabytes are not worth reading.
      if (!authorised(request.headers.authorization))
        throw new Fault(
          'unauthorised',
          'The Authorization header is not one of the configured webhook secrets.',
        );
    },
    handler: async (request, reply) => {
      const body = request.body;
      if (!Buffer.isBuffer(body) || !isJson(body))
        throw new Fault(
          'body_invalid',
          'The body must be a JSON array of transactions, as Helius raw webhooks send it.',
        );
      try {
        await options.receive.accept(body);
      } catch (thrown) {
        throw new Fault('ledger_unavailable', 'The delivery could not be stored. Send it again.', {
          cause: thrown,
        });
      }
      return reply.code(200).send({ stored: true });
    },
  });
};
