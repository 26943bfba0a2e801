// Signing obstacle: gives the reason why a planned payment is not signed: a halt, an unknown
// program, or a transfer by another signer that may pay for the same debts.
import type { Payment } from '../core/payment.ts';
import { paidTo } from '../core/payment-recipients.ts';
import type { Halt, Ledger } from '../core/ports.ts';
import { type Trouble, troubled } from '../core/trouble.ts';
import type { VenuesConformance } from './conformance.ts';
import { unmatchedBy } from './planning.ts';

const haltedBy = ({ scope, reason }: Halt): Trouble =>
  troubled('halted', `Signing is halted for ${scope}: ${reason}`);

/** The first reason; null when the payment may be signed. */
export async function heldBack(
  {
    ledger,
    conformance,
  }: { readonly ledger: Ledger; readonly conformance: Pick<VenuesConformance, 'objection'> },
  payment: Payment,
): Promise<Trouble | null> {
  const { subscriberId } = payment;
  const halt = await haltOf(ledger, payment);
  if (halt !== null) return haltedBy(halt);
  const objection = conformance.objection(payment.venue);
  if (objection !== null) return objection;
  for (const { wallet } of paidTo(payment)) {
    const transfer = await ledger.credits.unmatched(subscriberId, wallet);
    if (transfer !== null) return unmatchedBy(transfer);
  }
  return null;
}

/** The halt that holds a payment, by its subscriber or one of its recipients; null when none. */
export async function haltOf(
  { halts }: Pick<Ledger, 'halts'>,
  payment: Payment,
): Promise<Halt | null> {
  for (const { wallet } of paidTo(payment)) {
    const halt = await halts.holding(payment.subscriberId, wallet);
    if (halt !== null) return halt;
  }
  return null;
}
