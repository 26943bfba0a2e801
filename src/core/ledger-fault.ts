// Ledger fault: turns a failure of Postgres, or of the connection to it, into one sentence that
// tells the operator what to do.
import { Fault, messageOf } from './fault.ts';

/**
 * The codes with which Postgres ends a transaction because of another one: it may pass when it is
 * tried again at once.
 */
const CONTENDED = /^(40001|40P01|55P03)$/;

/** The sentence for each code of Postgres or of the network. */
const TROUBLES: readonly (readonly [codes: RegExp, sentence: string])[] = [
  [
    /^ECONNREFUSED$/,
    'Nothing listens at the address of DATABASE_URL. Start Postgres, or correct host and port.',
  ],
  [/^(ENOTFOUND|EAI_AGAIN)$/, 'The host name in DATABASE_URL cannot be resolved. Correct it.'],
  [
    /^(ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|CONNECT_TIMEOUT)$/,
    'The host in DATABASE_URL does not answer. Look at the network and the firewall.',
  ],
  [
    /^28/,
    'Postgres refuses user or password of DATABASE_URL. A password with / # ? @ or : must be percent-encoded.',
  ],
  [
    /^3D000$/,
    'Postgres has no database of the name in DATABASE_URL. Create it, or correct the name.',
  ],
  [
    /^42501$/,
    'The user of DATABASE_URL lacks a right. Let it own the database, or grant it what bailiff doctor names.',
  ],
  [
    /^53300$/,
    'Postgres has no connection left (max_connections, or CONNECTION LIMIT of the role or database). Raise it, or end other clients.',
  ],
  [
    /^25006$/,
    'Postgres is read-only: a standby, or default_transaction_read_only, as a provider sets it when the disk is full. Point DATABASE_URL at the primary, or make room.',
  ],
  [/^53100$/, 'The disk of Postgres is full.'],
  [/^53...$/, 'Postgres lacks memory or another resource.'],
  [/^58...$/, 'Postgres cannot read or write its files. Look at its disk and its log.'],
  // A server that is no Postgres ends the first connection in one of these three ways.
  [
    /^(CONNECTION_CLOSED|ECONNRESET|EPIPE)$/,
    'The connection to Postgres was lost. If there never was one, look whether DATABASE_URL names the host and port of a Postgres.',
  ],
  [
    /^08P01$/,
    'A pooler refuses the settings of a session, or the protocol was broken. Behind a pooler in transaction mode set BAILIFF_DIRECT_DATABASE_URL to Postgres itself; one in session mode must ignore those that docs/operating.md lists.',
  ],
  [/^(08|57P|ECONN|CONNECTION)/, 'The connection to Postgres was lost.'],
  [
    CONTENDED,
    'Postgres ended a transaction because of another one (deadlock, serialization or lock_timeout). Nothing of it was written: ask again.',
  ],
  [
    /^25P0[34]$/,
    'Postgres ended a transaction that lasted too long (idle_in_transaction_session_timeout or transaction_timeout). Nothing of it was written: ask again.',
  ],
  [
    /^57014$/,
    'Postgres ended a statement that took too long (statement_timeout), or another client cancelled it.',
  ],
];

/**
 * The sentence for a failure of Postgres or of the connection to it, without the driver's own
 * words, which may name internal hosts. Null for any other value.
 */
export function ledgerRemedy(thrown: unknown): string | null {
  const code = (thrown as { code?: unknown } | null)?.code;
  if (typeof code !== 'string' || thrown instanceof Fault) return null;
  return TROUBLES.find(([codes]) => codes.test(code))?.[1] ?? null;
}

/** Whether Postgres ended a transaction because of another one. */
export const isContended = (thrown: unknown): boolean => {
  const code = (thrown as { code?: unknown } | null)?.code;
  return typeof code === 'string' && CONTENDED.test(code);
};

/**
 * A failure of Postgres or of the connection to it as `ledger_unavailable` with a remedy. Any other
 * value is returned unchanged.
 */
export function ledgerFault(thrown: unknown): unknown {
  if (thrown instanceof Fault) return thrown;
  const remedy = ledgerRemedy(thrown);
  if (remedy === null) return thrown;
  return new Fault('ledger_unavailable', `${remedy} (${messageOf(thrown)})`, { cause: thrown });
}
