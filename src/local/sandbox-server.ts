// Sandbox server: takes acts of the sandbox over HTTP on loopback, from `bailiff local` and from
// its page, and keeps a file with what other commands need. It refuses requests of other pages.
import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import path from 'node:path';
import { Fault, messageOf } from '../core/fault.ts';
import { VENUE_NAMES } from '../core/venue-name.ts';
import type { Settings } from '../system/settings.ts';
import type { Sandbox, SandboxAct } from './sandbox.ts';
import { sandboxPage } from './sandbox-page.ts';

export type SandboxServer = {
  readonly url: string;
  /** The file that a shell sources; it has the database's URL and the master key. */
  readonly envFile: string;
  close(): Promise<void>;
};

const BYTES_MOST = 10_000;

async function bodyOf(request: IncomingMessage): Promise<Record<string, unknown>> {
  let text = '';
  for await (const chunk of request) {
    text += String(chunk);
    if (text.length > BYTES_MOST) throw new Fault('body_too_large', 'An act is short.');
  }
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    throw new Fault('body_invalid', 'The body is no JSON.');
  }
}

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** The lines that a shell sources, so that commands find the daemon's ledger and chain. */
function environmentOf({ secrets, rpc, venues }: Settings, apiUrl: string): string {
  const values = {
    API_URL: apiUrl,
    BAILIFF_NETWORK: 'local',
    BAILIFF_VENUES: venues.join(','),
    BAILIFF_RPC_URL: rpc.url ?? '',
    BAILIFF_RPC_WS_URL: rpc.wsUrl ?? '',
    DATABASE_URL: secrets.databaseUrl ?? '',
    BAILIFF_MASTER_KEY: Buffer.from(secrets.masterKey ?? []).toString('base64'),
  };
  return Object.entries(values)
    .map(([name, value]) => `export ${name}=${quoted(value)}\n`)
    .join('');
}

/** Serves a sandbox until `close`, and writes its files into the state folder. */
export async function serveSandbox(
  sandbox: Sandbox,
  settings: Settings,
  apiUrl: string,
): Promise<SandboxServer> {
  let own = '';
  const act = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { origin, host } = request.headers;
    const isOwn = `http://${host}` === own && (origin === undefined || origin === own);
    const isJson = String(request.headers['content-type']).startsWith('application/json');
    const reply = (status: number, body: unknown): void =>
      void response
        .writeHead(status, { 'content-type': 'application/json; charset=utf-8' })
        .end(JSON.stringify(body));
    if (!isOwn) return reply(403, { problem: 'Only this page and bailiff local may act here.' });
    if (request.method === 'GET' && request.url === '/') {
      const nonce = randomBytes(16).toString('base64url');
      const policy = `default-src 'none'; style-src 'nonce-${nonce}'; script-src 'nonce-${nonce}'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;
      response
        .writeHead(200, {
          'content-type': 'text/html; charset=utf-8',
          'content-security-policy': policy,
          'x-content-type-options': 'nosniff',
        })
        .end(sandboxPage(nonce, apiUrl));
      return;
    }
    if (request.method !== 'POST' || request.url !== '/acts' || !isJson)
      return reply(404, { problem: 'Send an act as JSON with POST /acts.' });
    try {
      const { venue, ...given } = await bodyOf(request);
      const at = VENUE_NAMES.find((each) => each === venue);
      reply(200, sandbox.act(given as SandboxAct, at));
    } catch (thrown) {
      reply(thrown instanceof Fault ? 422 : 500, { problem: messageOf(thrown) });
    }
  };
  const server = createServer((request, response) => void act(request, response));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve);
  });
  const bound = server.address();
  own = `http://127.0.0.1:${typeof bound === 'object' && bound !== null ? bound.port : 0}`;
  const folder = settings.stateFolder;
  mkdirSync(folder, { recursive: true });
  const envFile = path.join(folder, 'sandbox.env');
  const urlFile = path.join(folder, 'sandbox.json');
  writeFileSync(envFile, environmentOf(settings, apiUrl), { mode: 0o600 });
  writeFileSync(urlFile, JSON.stringify({ url: own }), { mode: 0o600 });
  return {
    url: own,
    envFile,
    async close() {
      for (const file of [envFile, urlFile]) rmSync(file, { force: true });
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
