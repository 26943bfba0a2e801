// Console: the operator's page. The daemon serves its files and its libraries from the disk; a
// strict policy lets the page load nothing from elsewhere. The page uses the API that platforms
// use.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { FastifyPluginAsync } from 'fastify';
import Type, { type Static } from 'typebox';
import { Fault } from '../core/fault.ts';
import type { Log } from '../core/ports.ts';
import type { Authority } from './auth.ts';
import type { Sessions } from './sessions.ts';

export type ConsoleOptions = {
  readonly authority: Authority;
  readonly sessions: Sessions;
  readonly log: Log;
};

const OWN = path.join(import.meta.dirname, '../console');
const resolve = createRequire(import.meta.url).resolve;
/** The path of a file that lies beside the main file of a package. */
const beside = (name: string, file: string): string => path.join(path.dirname(resolve(name)), file);
const own = (file: string) => () => path.join(OWN, file);

/** Every file that is served, by the last part of its URL. */
const FILES: Readonly<Record<string, () => string>> = {
  'app.js': own('app.js'),
  'api.js': own('api.js'),
  'hours.js': own('hours.js'),
  'overview.js': own('overview.js'),
  'subscriber.js': own('subscriber.js'),
  'console.css': own('console.css'),
  'preact.js': () => beside('preact', 'preact.mjs'),
  'hooks.js': () => beside('preact/hooks', 'hooks.mjs'),
  'htm.js': () => beside('htm', 'htm.mjs'),
  'uplot.js': () => beside('uplot', 'uPlot.esm.js'),
  'uplot.css': () => beside('uplot', 'uPlot.min.css'),
};
const IMPORTS = JSON.stringify({
  imports: {
    preact: '/console/files/preact.js',
    'preact/hooks': '/console/files/hooks.js',
    htm: '/console/files/htm.js',
    uplot: '/console/files/uplot.js',
  },
});
const POLICY = [
  "default-src 'none'",
  `script-src 'self' 'sha256-${createHash('sha256').update(IMPORTS).digest('base64')}'`,
  "style-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');
const SHELL = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Bailiff</title>
<link rel="stylesheet" href="/console/files/uplot.css">
<link rel="stylesheet" href="/console/files/console.css">
<script type="importmap">${IMPORTS}</script>
<script type="module" src="/console/files/app.js"></script>
<noscript>The console needs JavaScript. The API and the command line do not.</noscript>
<div id="app"></div>
</html>`;

type Served = { readonly text: string; readonly type: string; readonly tag: string };
/**
 * Reads a file at its first request. Null for a name that is not in `FILES`. Throws when the
 * installation lacks the file.
 */
function readServed(name: string): Served | null {
  const file = Object.hasOwn(FILES, name) ? FILES[name] : undefined;
  if (file === undefined) return null;
  const text = readFileSync(file(), 'utf8');
  const type = name.endsWith('.css') ? 'text/css' : 'text/javascript';
  const tag = `"${createHash('sha256').update(text).digest('base64url')}"`;
  return { text, type: `${type}; charset=utf-8`, tag };
}

const SignIn = Type.Object(
  { key: Type.String({ minLength: 1, maxLength: 500 }) },
  { additionalProperties: false },
);

/** The routes of the console. */
export const consoleRoutes: FastifyPluginAsync<ConsoleOptions> = async (
  app,
  { authority, sessions, log },
) => {
  const scoped = { config: { scope: 'public' as const } };
  const served = new Map<string, Served>();
  app.get('/console', scoped, async (_request, reply) =>
    reply
      .header('content-security-policy', POLICY)
      .header('cache-control', 'no-store')
      .type('text/html; charset=utf-8')
      .send(SHELL),
  );
  app.get<{ Params: { name: string } }>(
    '/console/files/:name',
    { ...scoped, schema: { params: Type.Object({ name: Type.String({ maxLength: 40 }) }) } },
    async ({ params: { name }, headers }, reply) => {
      const file = served.get(name) ?? readServed(name);
      if (file === null) throw new Fault('not_found', 'The console has no such file.');
      served.set(name, file);
      reply.header('etag', file.tag).header('cache-control', 'no-cache').type(file.type);
      return headers['if-none-match'] === file.tag ? reply.code(304).send() : reply.send(file.text);
    },
  );
  app.get('/console/session', scoped, async ({ headers }) => ({
    signedIn: authority.permits(headers.authorization, 'operator') === 'yes',
    needed: authority.permits(undefined, 'operator') !== 'yes',
  }));
  app.post<{ Body: Static<typeof SignIn> }>(
    '/console/session',
    { ...scoped, schema: { body: SignIn } },
    async ({ body: { key }, headers }, reply) => {
      const authorization = `Bearer ${key}`;
      if (authority.permits(authorization, 'operator') !== 'yes') await authority.refresh();
      const judged = authority.permits(authorization, 'operator');
      if (judged !== 'yes')
        throw new Fault(
          judged === 'no' ? 'forbidden' : 'unauthorised',
          judged === 'no'
            ? 'The console needs a key with the scope operator.'
            : 'That is no live API key.',
        );
      log.info('console.signed_in', { key: authority.actor(authorization) });
      const secure = headers['x-forwarded-proto'] === 'https';
      return reply
        .code(204)
        .header('set-cookie', await sessions.begin(authorization, secure))
        .send();
    },
  );
  app.delete('/console/session', scoped, async ({ headers }, reply) =>
    reply
      .code(204)
      .header('set-cookie', await sessions.end(headers.cookie))
      .send(),
  );
};
