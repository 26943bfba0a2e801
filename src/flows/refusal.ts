// Refusal: what an exception means for debts of which nothing is signed yet. Whatever would come
// again with the same plan ends that plan, with its reason, so that the debts are planned anew
// another way.
import { Fault, type FaultCode, messageOf } from '../core/fault.ts';
import type { ErrorClass, Trouble } from '../core/payment.ts';

/** Faults that are about this payment, and not about the way to the chain or to the ledger. */
const CLASSES: Partial<Record<FaultCode, ErrorClass>> = {
  key_unavailable: 'needs_authorisation',
  pen_refused: 'operator',
  pen_limited: 'operator',
  swap_failed: 'needs_sol',
  transaction_too_large: 'retry_when_healthier',
  rpc_refused: 'unexpected',
  account_unreadable: 'venue_limited',
};

/**
 * The trouble behind an exception before anything is signed. Null for a fault that passes by
 * itself, as when RPC or Postgres does not answer: then nothing is decided, and the lane comes
 * back.
 */
export function refusalOf(thrown: unknown): Trouble | null {
  if (!(thrown instanceof Fault)) {
    const detail = `The payment could not be built: ${messageOf(thrown)}`;
    return { class: 'unexpected', code: 'not_built', detail };
  }
  const known = CLASSES[thrown.code];
  if (known !== undefined) return { class: known, code: thrown.code, detail: thrown.message };
  if (thrown.retry === 'later') return null;
  return { class: 'unexpected', code: thrown.code, detail: thrown.message };
}

/**
 * What a payment that is not signed yet waits for, when RPC does not answer; null for anything
 * else, and while Postgres is away.
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
