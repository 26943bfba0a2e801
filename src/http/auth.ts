// Auth: finds the API key of a request and whether it covers a scope. Configured keys are compared
// by SHA-256 in constant time; keys of the ledger are looked up by their SHA-256.
import { createHash, timingSafeEqual } from 'node:crypto';
import { type ApiKeys, covers, type Scope } from '../core/api-key.ts';
import type { Clock, Log } from '../core/ports.ts';

const hash = (text: string): Buffer => createHash('sha256').update(text).digest();

/**
 * Returns a check for any of several accepted secrets, so that a secret can be rotated without
 * refusing a request.
 */
export function createSecretCheck(
  accepted: readonly string[],
): (given: string | undefined) => boolean {
  const hashes = accepted.map(hash);
  return (given) => {
    const own = hash(given ?? '');
    let matched = false;
    for (const each of hashes) if (timingSafeEqual(each, own)) matched = true;
    return matched && given !== undefined;
  };
}

export type AuthorityOptions = {
  /** Keys from the environment. They cover every scope. */
  readonly configured: readonly string[];
  readonly keys: Pick<ApiKeys, 'live'>;
  readonly clock: Clock;
  readonly log: Log;
};
export type Authority = {
  /**
   * Judges from memory: `yes`, `no` when the key lacks the scope, `unknown` when no live key
   * matches.
   */
  permits(header: string | undefined, asked: Scope): 'yes' | 'no' | 'unknown';
  /**
   * The id of the key, `configured` for a key of the environment, `anyone` for no or an unknown
   * key.
   */
  actor(header: string | undefined): string;
  /** A text by which the requests of one known key are counted; null without a known key. */
  budget(header: string | undefined): string | null;
  /**
   * Reads the keys again. Resolves after a read that began after this call, also when it failed:
   * then the keys of the last read stay. Never rejects.
   */
  refresh(): Promise<void>;
  /**
   * Calls the listener after each successful read of the keys. Returns a function that ends this.
   */
  onRead(listener: () => void): () => void;
};

const BEARER = /^Bearer /i;
/** The actor of every key of the environment. */
export const CONFIGURED = 'configured';
/** Unknown keys cause at most four reads of the keys a second. */
const REFRESH_EVERY_MS = 250;

/**
 * Creates the authority over API keys. Until the first read no request without a key is allowed.
 */
export function createAuthority({ configured, keys, clock, log }: AuthorityOptions): Authority {
  const isConfigured = createSecretCheck(configured);
  let live = new Map<string, { readonly id: string; readonly scopes: readonly Scope[] }>();
  // Requests without a key are refused until a read has shown that no key was ever made.
  let ever = true;
  /**
   * Whether a read has shown that a key was made. A database that is restored from before that, or
   * taken for another one, does not open the API of a running daemon.
   */
  let closed = false;
  let readAtMs = Number.NEGATIVE_INFINITY;
  let coming: Promise<void> | null = null;
  const never = new AbortController().signal;
  const listeners = new Set<() => void>();
  /**
   * The next read. Callers that ask before it begins share it, because it shows every key that was
   * made before they asked.
   */
  const read = async (): Promise<void> => {
    const waitMs = readAtMs + REFRESH_EVERY_MS - clock.nowMs();
    // If the clock was set back, the wait must not become longer.
    await clock.sleep(Math.min(REFRESH_EVERY_MS, Math.max(0, waitMs)), never);
    coming = null;
    readAtMs = clock.nowMs();
    try {
      const found = await keys.live();
      closed ||= found.ever;
      ever = closed;
      live = new Map(
        found.keys.map(
          ({ id, hash: own, scopes }) =>
            [Buffer.from(own).toString('hex'), { id, scopes }] as const,
        ),
      );
      for (const each of listeners) each();
    } catch (thrown) {
      log.warn('keys.refresh_failed', { err: thrown });
    }
  };
  /**
   * While no key was ever made, every request is allowed. The settings then permit loopback only,
   * which a proxy on the same machine serves to others.
   */
  const open = (): boolean => configured.length === 0 && !ever;
  return {
    permits(header, asked) {
      if (open()) return 'yes';
      const given = header?.replace(BEARER, '');
      if (given === undefined) return 'unknown';
      if (isConfigured(given)) return 'yes';
      const known = live.get(hash(given).toString('hex'));
      if (known === undefined) return 'unknown';
      return covers(known.scopes, asked) ? 'yes' : 'no';
    },
    actor(header) {
      const given = header?.replace(BEARER, '');
      if (given === undefined) return 'anyone';
      if (isConfigured(given)) return CONFIGURED;
      return live.get(hash(given).toString('hex'))?.id ?? 'anyone';
    },
    budget(header) {
      const given = header?.replace(BEARER, '');
      if (given === undefined) return null;
      const own = hash(given).toString('hex');
      return isConfigured(given) || live.has(own) ? own : null;
    },
    refresh() {
      coming ??= read();
      return coming;
    },
    onRead(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
