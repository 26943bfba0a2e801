// Sessions: turn an API key into a cookie for the console, so that no page keeps the key. A session
// is known to one process only, ends after half an hour without a request and after twelve hours in
// any case, and does what its key may do at that moment: a revoked key ends it.
import { createHash, randomBytes } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import type { Clock } from '../core/ports.ts';

const COOKIE = 'bailiff_session';
/**
 * The header that every request of the console has. A page of another site cannot add it without
 * asking first, and this server grants no other site anything.
 */
export const CONSOLE_HEADER = 'x-bailiff-console';
const IDLE_MS_MOST = 30 * 60_000;
const LIFE_MS_MOST = 12 * 3_600_000;
/** The most sessions at a time; the one that was used longest ago ends for a new one. */
const SESSIONS_MOST = 1_000;

type Session = { readonly authorization: string; readonly begunMs: number; usedMs: number };
export type Sessions = {
  /** Begins a session for this Authorization header. Returns the text of the cookie. */
  begin(authorization: string, secure: boolean): string;
  /** The Authorization header of a session, by the Cookie header; undefined without one. */
  authorization(cookie: string | undefined): string | undefined;
  /** Ends a session. Returns the text of a cookie that forgets it. */
  end(cookie: string | undefined): string;
};

const idIn = (cookie: string | undefined): string | undefined =>
  cookie
    ?.split(';')
    .map((each) => each.trim())
    .find((each) => each.startsWith(`${COOKIE}=`))
    ?.slice(COOKIE.length + 1);
const hashOf = (id: string): string => createHash('sha256').update(id).digest('hex');

/** Creates the sessions of this process. */
export function createSessions(clock: Pick<Clock, 'nowMs'>): Sessions {
  /** By the hash of the id, the longest unused first. */
  const sessions = new Map<string, Session>();
  const live = (hash: string): Session | undefined => {
    const found = sessions.get(hash);
    if (found === undefined) return undefined;
    const nowMs = clock.nowMs();
    const over = nowMs - found.usedMs > IDLE_MS_MOST || nowMs - found.begunMs > LIFE_MS_MOST;
    if (over) sessions.delete(hash);
    return over ? undefined : found;
  };
  return {
    begin(authorization, secure) {
      const id = randomBytes(32).toString('base64url');
      const oldest = sessions.keys().next();
      if (sessions.size >= SESSIONS_MOST && !oldest.done) sessions.delete(oldest.value);
      const nowMs = clock.nowMs();
      sessions.set(hashOf(id), { authorization, begunMs: nowMs, usedMs: nowMs });
      return `${COOKIE}=${id}; HttpOnly; SameSite=Strict; Path=/; Max-Age=${LIFE_MS_MOST / 1_000}${secure ? '; Secure' : ''}`;
    },
    authorization(cookie) {
      const id = idIn(cookie);
      if (id === undefined) return undefined;
      const hash = hashOf(id);
      const found = live(hash);
      if (found === undefined) return undefined;
      found.usedMs = clock.nowMs();
      sessions.delete(hash);
      sessions.set(hash, found);
      return found.authorization;
    },
    end(cookie) {
      const id = idIn(cookie);
      if (id !== undefined) sessions.delete(hashOf(id));
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
    const found = sessions.authorization(headers.cookie);
    if (found !== undefined) headers.authorization = found;
  });
}
