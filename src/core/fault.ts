// Fault: an operational error that a person or caller must be told about, with a stable code and a
// remedy. Outcomes that belong to the normal work, such as a payment that must wait, are values and
// not faults.

/**
 * Every code with the HTTP status of its answer. `later`: the same call may succeed after a while.
 */
export const FAULTS = {
  settings_invalid: { retry: 'never', status: 500 },
  body_invalid: { retry: 'never', status: 400 },
  body_too_large: { retry: 'never', status: 413 },
  encoding_unsupported: { retry: 'never', status: 415 },
  query_invalid: { retry: 'never', status: 400 },
  request_invalid: { retry: 'never', status: 400 },
  unauthorised: { retry: 'never', status: 401 },
  forbidden: { retry: 'never', status: 403 },
  not_found: { retry: 'never', status: 404 },
  conflict: { retry: 'never', status: 409 },
  idempotency_running: { retry: 'later', status: 409 },
  idempotency_mismatch: { retry: 'never', status: 422 },
  rate_limited: { retry: 'later', status: 429 },
  address_invalid: { retry: 'never', status: 422 },
  key_mismatch: { retry: 'never', status: 422 },
  creator_off_curve: { retry: 'never', status: 422 },
  creator_not_payable: { retry: 'never', status: 422 },
  creator_unproven: { retry: 'never', status: 422 },
  creator_is_agent: { retry: 'never', status: 422 },
  agent_is_creator: { retry: 'never', status: 422 },
  endpoint_refused: { retry: 'never', status: 422 },
  not_ready: { retry: 'later', status: 503 },
  books_behind: { retry: 'later', status: 503 },
  ledger_unavailable: { retry: 'later', status: 503 },
  migration_changed: { retry: 'never', status: 500 },
  database_newer: { retry: 'never', status: 500 },
  database_behind: { retry: 'never', status: 500 },
  rpc_unavailable: { retry: 'later', status: 503 },
  venue_not_served: { retry: 'never', status: 422 },
  account_unreadable: { retry: 'later', status: 502 },
  rpc_refused: { retry: 'never', status: 502 },
  chain_foreign: { retry: 'later', status: 503 },
  key_unavailable: { retry: 'later', status: 503 },
  signer_unavailable: { retry: 'later', status: 503 },
  pen_refused: { retry: 'never', status: 500 },
  pen_limited: { retry: 'never', status: 500 },
  transaction_too_large: { retry: 'never', status: 500 },
  swap_failed: { retry: 'later', status: 502 },
  helius_failed: { retry: 'later', status: 502 },
  helius_key_rejected: { retry: 'never', status: 502 },
  helius_credits_exhausted: { retry: 'never', status: 502 },
  local_world_failed: { retry: 'never', status: 500 },
} as const satisfies Record<string, { retry: 'later' | 'never'; status: number }>;

export type FaultCode = keyof typeof FAULTS;

/**
 * An operational error. `code` is stable, the message says what to do, `context` carries the
 * details.
 */
export class Fault extends Error {
  readonly code: FaultCode;
  readonly context: Readonly<Record<string, unknown>>;

  constructor(
    code: FaultCode,
    message: string,
    options: { context?: Record<string, unknown>; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'Fault';
    this.code = code;
    this.context = options.context ?? {};
  }

  /** Whether the same call may succeed after a while. */
  get retry(): 'later' | 'never' {
    return FAULTS[this.code].retry;
  }
}

/** The message of any thrown value. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** Ends a `switch` over a union, so that a new member does not compile until it is handled. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}
