// Headers: the headers of every answer that tell a browser to trust the content type and to load
// and run nothing, except a style sheet that a page names by its hash.
import { createHash } from 'node:crypto';
import type { FastifyInstance } from 'fastify';

const hashOf = (text: string): string =>
  `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** The policy of answers that are not pages. */
const NOTHING = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/** The headers of every answer. */
export const SAFE_HEADERS = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': NOTHING,
  'referrer-policy': 'no-referrer',
} as const;

/** The policy of a page with one inline style sheet. */
export const pagePolicy = (style: string): string => `${NOTHING}; style-src ${hashOf(style)}`;

/** Sets the headers on every answer. A page replaces the policy by its own. */
export function installHeaders(app: FastifyInstance): void {
  app.addHook('onRequest', async (_request, reply) => {
    reply.headers(SAFE_HEADERS);
  });
}
