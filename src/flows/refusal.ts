// Refusal: classifies an exception thrown before a payment was signed. An error that the same plan
// would meet again ends the payment with that reason, so that its debts are planned anew.
import { Fault, type FaultCode, messageOf } from '../core/fault.ts';
import { type ErrorClass, isOwnTroubleCode, type Trouble, troubled } from '../core/trouble.ts';

/** Faults that concern this payment, and not the connection to the chain or to the ledger. */
const CLASSES: Partial<Record<FaultCode, ErrorClass>> = {
  key_unavailable: 'needs_authorisation',
  pen_refused: 'operator',
  pen_limited: 'operator',
  swap_failed: 'needs_sol',
  transaction_too_large: 'retry_when_healthier',
  rpc_refused: 'retry_soon',
  account_unreadable: 'venue_limited',
};

/**
 * The trouble that an exception means before anything is signed. Null for a fault that passes by
 * itself, for example when RPC or Postgres does not answer: then nothing is decided, and the lane
 * tries again.
 */
export function refusalOf(thrown: unknown): Trouble | null {
  if (!(thrown instanceof Fault)) {
    const detail = `The payment could not be built: ${messageOf(thrown)}`;
    return { class: 'unexpected', code: 'not_built', detail };
  }
  const known = CLASSES[thrown.code];
  if (known !== undefined) {
    const { trouble } = thrown.context;
    // A trouble that the fault names has its own class: a day that is used up passes by itself.
    if (isOwnTroubleCode(trouble)) return troubled(trouble, thrown.message);
    return { class: known, code: thrown.code, detail: thrown.message };
  }
  if (thrown.retry === 'later') return null;
  return { class: 'unexpected', code: thrown.code, detail: thrown.message };
}

/**
 * The trouble that a debt shows which is not planned yet, or a payment which is not signed yet,
 * because RPC does not answer; null for anything else, also when Postgres does not answer.
 */
export function waitOf(thrown: unknown): Trouble | null {
  if (
    !(thrown instanceof Fault) ||
    thrown.retry !== 'later' ||
    thrown.code === 'ledger_unavailable'
  )
    return null;
  return { class: 'retry_soon', code: thrown.code, detail: thrown.message };
}
