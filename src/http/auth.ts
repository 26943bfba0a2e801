// Auth: constant-time comparison of bearer values, and what their bearers may do. Hashing first makes lengths equal and leaks
// none; stored keys are compared by hash, which says nothing of the key.
import { createHash, timingSafeEqual } from 'node:crypto';
import { type ApiKeys, covers, type Scope, scopeOf } from '../core/api-key.ts';
import type { Clock, Log } from '../core/ports.ts';

const hash = (text: string): Buffer => createHash('sha256').update(text).digest();

/** A check for any of several accepted values, so that a secret can be rotated without losing a request. */
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
  /** From the environment: they may do everything. */
  readonly configured: readonly string[];
  readonly keys: Pick<ApiKeys, 'live'>;
  readonly clock: Clock;
  readonly log: Log;
};
export type Authority = {
  /** At once, from what is known: yes, no for what it asks, or nobody by that name is known. */
  judge(header: string | undefined, path: string): 'yes' | 'no' | 'unknown';
  /** Who asks: a key's id, `configured` for one from the environment, `anyone` without. */
  actor(header: string | undefined): string;
  /** Reads the keys again; resolves with a read that began after the call. */
  refresh(): Promise<void>;
};

const BEARER = /^Bearer /i;
/** Somebody with a wrong key may ask as often as they like; Postgres is not. */
const REFRESH_EVERY_MS = 250;

export function createAuthority({ configured, keys, clock, log }: AuthorityOptions): Authority {
  const isConfigured = createSecretCheck(configured);
  let live = new Map<string, { readonly id: string; readonly scopes: readonly Scope[] }>();
  // Until it was read that no key was ever made, nobody is let in without one.
  let ever = true;
  let readAtMs = Number.NEGATIVE_INFINITY;
  let coming: Promise<void> | null = null;
  const never = new AbortController().signal;
  /** The next read. Whoever asks before it begins shares it: it tells of every key that was made before they asked. */
  const read = async (): Promise<void> => {
    const waitMs = readAtMs + REFRESH_EVERY_MS - clock.nowMs();
    await clock.sleep(Math.max(0, waitMs), never);
    coming = null;
    readAtMs = clock.nowMs();
    try {
      const found = await keys.live();
      ever = found.ever;
      live = new Map(
        found.keys.map(
          ({ id, hash: own, scopes }) =>
            [Buffer.from(own).toString('hex'), { id, scopes }] as const,
        ),
      );
    } catch (thrown) {
      log.warn('keys.refresh_failed', { err: thrown });
    }
  };
  /** Without any key, whoever reaches the socket may: loopback, then, which the settings see to. */
  const open = (): boolean => configured.length === 0 && !ever;
  return {
    judge(header, path) {
      if (open()) return 'yes';
      const given = header?.replace(BEARER, '');
      if (given === undefined) return 'unknown';
      if (isConfigured(given)) return 'yes';
      const known = live.get(hash(given).toString('hex'));
      if (known === undefined) return 'unknown';
      return covers(known.scopes, scopeOf(path)) ? 'yes' : 'no';
    },
    actor(header) {
      const given = header?.replace(BEARER, '');
      if (given === undefined) return 'anyone';
      if (isConfigured(given)) return 'configured';
      return live.get(hash(given).toString('hex'))?.id ?? 'anyone';
    },
    refresh() {
      coming ??= read();
      return coming;
    },
  };
}
