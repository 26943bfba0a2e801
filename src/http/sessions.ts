// Sessions: turn an API key into a cookie for the console, so that no page keeps the key. A session
// is a row of the ledger with the key sealed, so every daemon of the ledger knows it. It ends after
// half an hour without a request and after twelve hours in any case, and does what its key may do
// at that moment: a revoked key ends it.
import { createHash, randomBytes } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { COOKIE_BINDING, sessionBinding } from '../core/bindings.ts';
import type { Clock } from '../core/ports.ts';
import type { SessionBook } from '../core/session-ports.ts';
import type { Vault } from '../core/signing-ports.ts';

const COOKIE = 'bailiff_session';
/**
 * The header that every request of the console has. A page of another site can add it only after a
 * CORS preflight request, and this server allows none.
 */
export const CONSOLE_HEADER = 'x-bailiff-console';
const IDLE_MS_MOST = 30 * 60_000;
const LIFE_MS_MOST = 12 * 3_600_000;
/** The most sessions at a time; the one that was used longest ago ends for a new one. */
const SESSIONS_MOST = 1_000;
/** A use is noted when the last noted one is this long ago: a page asks every five seconds. */
const NOTED_EVERY_MS = 60_000;

export type Sessions = {
  /**
   * Begins a session for this Authorization header. Returns the text of the cookie. Throws
   * `key_unavailable` without a master key.
   */
  begin(authorization: string, secure: boolean): Promise<string>;
  /** The Authorization header of a session, by the Cookie header; undefined without one. */
  authorization(cookie: string | undefined): Promise<string | undefined>;
  /** Ends a session. Returns the text of a cookie that forgets it. */
  end(cookie: string | undefined): Promise<string>;
};
export type SessionPorts = {
  readonly sessions: SessionBook;
  readonly vault: Pick<Vault, 'seal' | 'open'>;
  readonly clock: Pick<Clock, 'nowMs'>;
};

const textIn = (cookie: string | undefined): string | undefined =>
  cookie
    ?.split(';')
    .map((each) => each.trim())
    .find((each) => each.startsWith(`${COOKIE}=`))
    ?.slice(COOKIE.length + 1);
const hashOf = (id: Uint8Array): Buffer => createHash('sha256').update(id).digest();
const bindingOf = (hash: Buffer): string => sessionBinding(hash.toString('hex'));

/** Creates the sessions. */
export function createSessions({ sessions: book, vault, clock }: SessionPorts): Sessions {
  /**
   * The hash of the session of a Cookie header; undefined for a cookie that no daemon of this
   * ledger made. The cookie is the sealed id of the session, so a made-up one is found out without
   * a query: sessions are looked up before requests are counted, because a session has the budget
   * of its key.
   */
  const hashIn = (cookie: string | undefined): Buffer | undefined => {
    const text = textIn(cookie);
    if (text === undefined) return undefined;
    try {
      return vault.open(COOKIE_BINDING, Buffer.from(text, 'base64url'), hashOf);
    } catch {
      return undefined;
    }
  };
  return {
    async begin(authorization, secure) {
      const id = randomBytes(32);
      const hash = hashOf(id);
      const nowMs = clock.nowMs();
      const sealed = vault.seal(bindingOf(hash), Buffer.from(authorization));
      const keep = { most: SESSIONS_MOST, begunAfterMs: nowMs - LIFE_MS_MOST };
      await book.put(hash, { sealed, begunMs: nowMs, usedMs: nowMs }, keep);
      const text = Buffer.from(vault.seal(COOKIE_BINDING, id)).toString('base64url');
      return `${COOKIE}=${text}; HttpOnly; SameSite=Strict; Path=/; Max-Age=${LIFE_MS_MOST / 1_000}${secure ? '; Secure' : ''}`;
    },
    async authorization(cookie) {
      const hash = hashIn(cookie);
      if (hash === undefined) return undefined;
      const found = await book.find(hash);
      if (found === null) return undefined;
      const nowMs = clock.nowMs();
      if (nowMs - found.usedMs > IDLE_MS_MOST || nowMs - found.begunMs > LIFE_MS_MOST) {
        await book.drop(hash);
        return undefined;
      }
      if (nowMs - found.usedMs >= NOTED_EVERY_MS) await book.touch(hash, nowMs);
      try {
        return vault.open(bindingOf(hash), found.sealed, (plain) => Buffer.from(plain).toString());
      } catch {
        // The master key has changed since, so the session is void.
        return undefined;
      }
    },
    async end(cookie) {
      const hash = hashIn(cookie);
      if (hash !== undefined) await book.drop(hash);
      return `${COOKIE}=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0`;
    },
  };
}

/**
 * Gives requests of the console the Authorization header of their session. Must be called before
 * scopes are checked.
 */
export function installSessions(app: FastifyInstance, sessions: Sessions): void {
  app.addHook('onRequest', async ({ headers }) => {
    if (headers.authorization !== undefined || headers[CONSOLE_HEADER] === undefined) return;
    const found = await sessions.authorization(headers.cookie);
    if (found !== undefined) headers.authorization = found;
  });
}
