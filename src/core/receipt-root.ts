// Receipt root: checks that the leaves of a receipt lead to the daily roots that it names, and that
// these are among the roots which the reader has kept.
import {
  accrualLeaf,
  bytesOf,
  climb,
  commitmentOf,
  type Hash,
  hexOf,
  leafHash,
  paymentLeaf,
} from './daily-root.ts';
import type { Receipt } from './receipt.ts';
import { differs, type Finding, ok, unknown } from './receipt-check.ts';

/** The text of a leaf from the figures of the receipt; null when it has no such part or payment. */
export function leafTextOf(
  receipt: Omit<Receipt, 'roots'>,
  of: 'accrual' | 'payment',
  id: string,
): string | null {
  if (of === 'payment') {
    const payment = receipt.payments.find((each) => each.id === id);
    if (payment === undefined) return null;
    const amount = payment.amount + payment.others;
    return paymentLeaf({ ...payment, amount, mint: receipt.mint });
  }
  const part = receipt.parts.find((each) => each.termsSlot === receipt.share.termsSlot);
  if (part === undefined || id !== receipt.share.id) return null;
  const { subscription, subscriber, close } = receipt;
  const { signature, slot, ordinal } = close;
  const account = subscriber.venueAccount;
  return accrualLeaf({ ...part, subscription, account, signature, slot, ordinal });
}

/**
 * The findings about the roots of a receipt. `kept` are commitments that the reader has from
 * elsewhere; with one or more of them every root must be among them, and the accrual must have one.
 */
export function checkRootsOf(receipt: Receipt, hash: Hash, kept: readonly string[]): Finding[] {
  const { roots, genesisHash } = receipt;
  const findings = roots.map(({ of, id, day, salt, path, leaves, previous, commitment }) => {
    const text = leafTextOf(receipt, of, id);
    if (text === null)
      return differs('root', `The receipt has no ${of} ${id}, which a root names.`);
    const steps = path.map((step) => ({ side: step.side, hash: bytesOf(step.hash) }));
    const root = hexOf(climb(leafHash(bytesOf(salt), text, hash), steps, hash));
    if (commitmentOf({ genesisHash, day, leaves, root, previous }, hash) !== commitment)
      return differs('root', `The ${of} does not lead to the root of ${day}, ${commitment}.`);
    if (kept.length > 0 && !kept.includes(commitment))
      return differs(
        'root',
        `The root of ${day}, ${commitment}, is none of those that were given.`,
      );
    return ok('root', `The ${of} was recorded by the end of ${day}: root ${commitment}.`);
  });
  if (kept.length > 0 && !roots.some((each) => each.of === 'accrual'))
    findings.push(unknown('root', 'The receipt names no daily root of its close.'));
  return findings;
}
