// Signing obstacle: gives the reason why a planned payment is not signed: a halt, an unknown
// program, or a transfer by another signer that may pay for the same debts.
import type { Payment } from '../core/payment.ts';
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
  { subscriberId, creatorWallet, venue }: Payment,
): Promise<Trouble | null> {
  const halt = await ledger.halts.holding(subscriberId, creatorWallet);
  if (halt !== null) return haltedBy(halt);
  const objection = conformance.objection(venue);
  if (objection !== null) return objection;
  const transfer = await ledger.credits.unmatched(subscriberId, creatorWallet);
  return transfer === null ? null : unmatchedBy(transfer);
}
