// Act: a request to change something. The daemon records an act before it carries it out, so that
// every change has an actor on record. An act with an Idempotency-Key is carried out once, however
// often it is sent.
import { type Redaction, withoutSecretUrl } from './redaction.ts';

/**
 * Actors that are not an API key of the ledger: a key from the environment, a caller while no key
 * exists, a command.
 */
export const ACTORS_WITHOUT_KEY: ReadonlySet<string> = new Set(['configured', 'anyone', 'command']);

export type NewAct = {
  /** The id of an API key, or one of ACTORS_WITHOUT_KEY. */
  readonly actor: string;
  /**
   * The person whom the request names besides the key, 1 to 100 characters; null when it names
   * none.
   */
  readonly person: string | null;
  /** Method and route of the request, or the name of the command. */
  readonly what: string;
  /** The parameters of the request, without secrets. */
  readonly asked: Readonly<Record<string, unknown>>;
  /** The Idempotency-Key and the fingerprint of its request; null for an act without a key. */
  readonly once: { readonly key: string; readonly fingerprint: Uint8Array } | null;
};
export type Begun =
  /**
   * An act that was broken off and is carried out again keeps id and nonce. A database that lost
   * its last acts may assign their ids again, but never a nonce.
   */
  | { readonly kind: 'begun'; readonly id: bigint; readonly nonce: string }
  /** The act was carried out before, with this answer. */
  | { readonly kind: 'done'; readonly status: number; readonly answer: string }
  /** The act is being carried out now. */
  | { readonly kind: 'running' }
  /** The Idempotency-Key was used for another request. */
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
  /** HTTP status, or exit code of a command; null while the act runs, or when it was broken off. */
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
  /**
   * How much of the act the ledger still holds. With `beginning`, its effect may be lost in part.
   */
  readonly kept: 'nothing' | 'beginning';
};
/** An act of a command, as running daemons hear of it; `status` is null while it runs. */
export type CommandAct = Omit<Acknowledged, 'status'> & {
  readonly id: bigint;
  readonly status: number | null;
};
export type Acts = {
  /**
   * Records an act. An act with the same key that has not ended a minute after it began or was
   * renewed, by the database's clock, was broken off: it begins again.
   */
  begin(act: NewAct): Promise<Begun>;
  /** Sets the times of the acts with these nonces that have not ended to now. */
  renew(nonces: readonly string[]): Promise<void>;
  /**
   * Records the end of an act. `answer` is kept for an act with an Idempotency-Key that succeeded.
   * A refused act changed nothing, and its key is free again. Of an act that ends more than once,
   * as one that was taken over while its handler was still at work, the first success stays, else
   * the first end. Throws `ledger_unavailable` when the
   * ledger does not hold the act any more; the act must then not be answered with success.
   */
  end(
    act: { readonly id: bigint; readonly nonce: string },
    status: number,
    answer: string | null,
    nowMs: number,
  ): Promise<void>;
  /** Lists acts, newest first. `before` is the id of the last act of the page before. */
  list(filter: {
    actor?: string;
    subscriber?: string;
    limit: number;
    before?: bigint;
  }): Promise<Act[]>;
  /**
   * The acts of commands from the id `after` on, and those with the ids `open`, oldest first, at
   * most 500. With `after` null those of the last day, among the last 10,000 acts. `upTo` is the
   * highest id that was looked at, 0 without any act.
   */
  ofCommands(
    after: bigint | null,
    open: readonly bigint[],
  ): Promise<{ readonly upTo: bigint; readonly acts: readonly CommandAct[] }>;
  /** The acts among these that the ledger does not hold, or holds without their end. */
  missing(acts: readonly Acknowledged[]): Promise<readonly LostAct[]>;
  /** Stores lost acts for a person to review. An act that is stored already stays unchanged. */
  noteLost(acts: readonly LostAct[]): Promise<void>;
  /** Lost acts without a review, oldest first. */
  lost(limit: number): Promise<readonly LostAct[]>;
  /**
   * Records that a person has reviewed a lost act and repeated it where needed. False when no lost
   * act with this nonce waits.
   */
  reviewLost(
    nonce: string,
    by: { readonly actor: string; readonly reason: string },
  ): Promise<boolean>;
  /**
   * Deletes the idempotency keys of acts older than this, by the database's clock. The acts stay.
   */
  forgetKeys(keepMs: number): Promise<void>;
};

const PERSON = /^[\p{L}\p{N}\p{P}\p{S}]([\p{L}\p{N}\p{P}\p{S} ]{0,98}[\p{L}\p{N}\p{P}\p{S}])?$/u;

/**
 * The person's name as it is stored, without secrets; null when the text is not a name of 1 to 100
 * printable characters.
 */
export function personOf(text: string, redaction: Redaction): string | null {
  const trimmed = text.trim();
  return PERSON.test(trimmed) ? redaction.text(trimmed) : null;
}

const SECRETS = /secret|password|private|seed|mnemonic|keypair|^key$/i;

/** The numbers of bytes of a seed and of a keypair. */
const KEY_LENGTHS: ReadonlySet<number> = new Set([32, 64]);

/** Whether a list may be the bytes of a key. A list of ids that rise is none. */
const isOfKeyBytes = (list: readonly unknown[]): boolean =>
  KEY_LENGTHS.has(list.length) &&
  list.every((each) => Number.isInteger(each) && Number(each) >= 0 && Number(each) < 256) &&
  list.some((each, index) => index > 0 && Number(each) <= Number(list[index - 1]));

/**
 * A request's body or parameters without secrets. A field becomes `…` whose name is `key` or
 * contains `secret`, `password`, `private`, `seed`, `mnemonic` or `keypair`. A field `url` loses
 * its tokens, every other text loses strings that are or look like keys, and a list of 32 or 64
 * bytes that do not rise becomes `[…]`.
 */
export function withoutSecrets(value: unknown, redaction: Redaction): unknown {
  if (Array.isArray(value))
    return isOfKeyBytes(value) ? '[…]' : value.map((each) => withoutSecrets(each, redaction));
  // Postgres accepts no NUL character.
  if (typeof value === 'string') return redaction.text(value.replaceAll('\0', ''));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => {
      if (SECRETS.test(name)) return [name, '…'];
      if (name === 'url' && typeof each === 'string') return [name, withoutSecretUrl(each)];
      return [name, withoutSecrets(each, redaction)];
    }),
  );
}
