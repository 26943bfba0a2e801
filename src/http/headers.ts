// Headers: what every answer tells a browser: to take the content type as it is, and to load and
// run nothing but the style sheet that a page names by its hash.
import { createHash } from 'node:crypto';
import type { FastifyInstance } from 'fastify';

const hashOf = (text: string): string =>
  `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** The policy of answers that are no page. */
const NOTHING = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

export const SAFE_HEADERS = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': NOTHING,
  'referrer-policy': 'no-referrer',
} as const;

/** The policy of a page with one inline style sheet, and nothing else. */
export const pagePolicy = (style: string): string => `${NOTHING}; style-src ${hashOf(style)}`;

/** Sets the headers on every answer; a page replaces the policy by its own. */
export function installHeaders(app: FastifyInstance): void {
  app.addHook('onRequest', async (_request, reply) => {
    reply.headers(SAFE_HEADERS);
  });
}
