// Act: a request to change something. The daemon writes it down before doing it, so that every change has an actor on
// record. An act with an Idempotency-Key is done once, however often it is sent.
import { withoutSecretText, withoutSecretUrl } from './secrets.ts';

export type NewAct = {
  readonly actor: string;
  /** Method and route, or the command. */
  readonly what: string;
  /** What was given, without anything secret. */
  readonly asked: Readonly<Record<string, unknown>>;
  readonly once: { readonly key: string; readonly fingerprint: Uint8Array } | null;
};
export type Begun =
  /** The id is the same when an act that was broken off is done again. */
  | { readonly kind: 'begun'; readonly id: bigint }
  /** Done before: this was the answer. */
  | { readonly kind: 'done'; readonly status: number; readonly answer: string }
  /** Being done at this moment. */
  | { readonly kind: 'running' }
  /** The same key, with another request. */
  | { readonly kind: 'other' };
export type Act = {
  readonly id: bigint;
  readonly atMs: number;
  readonly actor: string;
  readonly what: string;
  readonly asked: unknown;
  /** HTTP status, or exit code of a command; null when it is being done, or was broken off. */
  readonly status: number | null;
};
export type Acts = {
  /** Its age, by which it counts as broken off, is the database's. */
  begin(act: NewAct): Promise<Begun>;
  /** `answer` is kept of an act with a key that succeeded; a refused one changed nothing, and its key is free again. */
  end(id: bigint, status: number, answer: string | null, nowMs: number): Promise<void>;
  /** Newest first; `before` is the id of the last one that was seen. */
  list(filter: {
    actor?: string;
    subscriber?: string;
    limit: number;
    before?: bigint;
  }): Promise<Act[]>;
  /** Forgets the keys of acts that are older, by the database's clock; the acts stay. */
  forgetKeys(keepMs: number): Promise<void>;
};

const SECRETS = /secret|password|^key$/i;

/**
 * The body or parameters of a request as they may be kept: fields named like secrets are `…`, a field named `url` loses its
 * tokens, and every other text loses what looks like a key.
 */
export function withoutSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutSecrets);
  // Postgres takes no NUL.
  if (typeof value === 'string') return withoutSecretText(value.replaceAll('\0', ''));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => {
      if (SECRETS.test(name)) return [name, '…'];
      if (name === 'url' && typeof each === 'string') return [name, withoutSecretUrl(each)];
      return [name, withoutSecrets(each)];
    }),
  );
}
