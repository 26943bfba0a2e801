// Act: a request to change something. The daemon writes it down before doing it, so that every
// change has an actor on record. An act with an Idempotency-Key is done once, however often it is
// sent.
import { withoutSecretText, withoutSecretUrl } from './secrets.ts';

/**
 * Actors that are no API key of the ledger: a key from the environment, a caller while no key
 * exists, a command.
 */
export const ACTORS_WITHOUT_KEY: ReadonlySet<string> = new Set(['configured', 'anyone', 'command']);

export type NewAct = {
  /** The id of an API key, or one of ACTORS_WITHOUT_KEY. */
  readonly actor: string;
  /**
   * Who says to have asked for it, beside the key: a name of 1 to 100 characters; null where none
   * was given.
   */
  readonly person: string | null;
  /** Method and route, or the command. */
  readonly what: string;
  /** What was given, without anything secret. */
  readonly asked: Readonly<Record<string, unknown>>;
  readonly once: { readonly key: string; readonly fingerprint: Uint8Array } | null;
};
export type Begun =
  /**
   * Id and nonce are the same when an act that was broken off is done again. A database that lost
   * its last acts gives their ids out again, never a nonce.
   */
  | { readonly kind: 'begun'; readonly id: bigint; readonly nonce: string }
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
  /** The name of the API key that `actor` is; null for another actor. */
  readonly keyName: string | null;
  readonly person: string | null;
  readonly what: string;
  readonly asked: unknown;
  /** HTTP status, or exit code of a command; null when it is being done, or was broken off. */
  readonly status: number | null;
};
/** An act that was answered with success, as the daemon that answered it remembers it. */
export type Acknowledged = {
  readonly nonce: string;
  readonly atMs: number;
  readonly actor: string;
  readonly what: string;
  readonly asked: unknown;
  readonly status: number;
};
/** An acknowledged act that the ledger does not hold. */
export type LostAct = Acknowledged & {
  /** What the ledger still holds of it. With `beginning`, what it did may be lost in part. */
  readonly kept: 'nothing' | 'beginning';
};
export type Acts = {
  /** Its age, by which it counts as broken off, is the database's. */
  begin(act: NewAct): Promise<Begun>;
  /**
   * `answer` is kept of an act with a key that succeeded; a refused one changed nothing, and its
   * key is free again. Throws `ledger_unavailable` when the ledger does not hold the act any more:
   * then it may not be answered with success.
   */
  end(
    act: { readonly id: bigint; readonly nonce: string },
    status: number,
    answer: string | null,
    nowMs: number,
  ): Promise<void>;
  /** Newest first; `before` is the id of the last one that was seen. */
  list(filter: {
    actor?: string;
    subscriber?: string;
    limit: number;
    before?: bigint;
  }): Promise<Act[]>;
  /** Which of these the ledger does not hold, or holds without their end. */
  missing(acts: readonly Acknowledged[]): Promise<readonly LostAct[]>;
  /** Keeps lost acts for a person to look at. One that is kept already stays as it is. */
  noteLost(acts: readonly LostAct[]): Promise<void>;
  /** Lost acts that nobody has reviewed, oldest first. */
  lost(limit: number): Promise<readonly LostAct[]>;
  /**
   * A person has looked at a lost act, and done again what was needed. False when none waits with
   * this nonce.
   */
  reviewLost(
    nonce: string,
    by: { readonly actor: string; readonly reason: string },
  ): Promise<boolean>;
  /** Forgets the keys of acts that are older, by the database's clock; the acts stay. */
  forgetKeys(keepMs: number): Promise<void>;
};

const PERSON = /^[\p{L}\p{N}\p{P}\p{S}]([\p{L}\p{N}\p{P}\p{S} ]{0,98}[\p{L}\p{N}\p{P}\p{S}])?$/u;

/**
 * A person's name as it is kept; null when the text is no name of 1 to 100 printable characters.
 */
export function personOf(text: string): string | null {
  const trimmed = text.trim();
  return PERSON.test(trimmed) ? withoutSecretText(trimmed) : null;
}

const SECRETS = /secret|password|^key$/i;

/**
 * The body or parameters of a request as they may be kept: fields named like secrets are `…`, a
 * field named `url` loses its tokens, and every other text loses what looks like a key.
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
