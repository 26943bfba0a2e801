// Receipt payment: checks that the chain shows the payments and transfers of a receipt. In the
// transaction of a payment, to the unit, the creator's token account rises by the amount, and the
// agent's tokens fall by all that is paid less the withdrawal. A memo names the payment.

import { creatorPaid } from './credit.ts';
import type { Address } from './ids.ts';
import { formatUnits } from './money.ts';
import { memoIdOf, paymentIdOf } from './rebuild.ts';
import type { Receipt } from './receipt.ts';
import {
  differs,
  type Finding,
  type KnownVenue,
  ok,
  type ReceiptEvidence,
  unknown,
} from './receipt-check.ts';
import { isFinding, readAt } from './receipt-close.ts';
import { amountText, quotesOf } from './token.ts';
import { type ChainTransaction, callsOf } from './transaction.ts';

/** The sum by which the balances of the selected token accounts rose. */
const riseOf = (
  { tokenBalances }: ChainTransaction,
  mint: Address,
  selects: (balance: ChainTransaction['tokenBalances'][number]) => boolean,
): bigint =>
  tokenBalances
    .filter((each) => each.mint === mint && selects(each))
    .reduce((sum, each) => sum + each.after - each.before, 0n);

/** By how much the creator's own token account rose; null when the account is another's. */
function creatorRise(transaction: ChainTransaction, { creator, mint }: Receipt): bigint | null {
  const own = transaction.tokenBalances.filter(
    (each) => each.account === creator.tokenAccount && each.mint === mint,
  );
  return own.some((each) => each.ownerAfter !== null && each.ownerAfter !== creator.wallet)
    ? null
    : riseOf(transaction, mint, (each) => own.includes(each));
}

type Payment = Receipt['payments'][number];

function faultsOf(transaction: ChainTransaction, receipt: Receipt, payment: Payment): string[] {
  const { subscriber, mint, share } = receipt;
  const { amount, others, withdrawn, reimbursed, covers } = payment;
  const named = paymentIdOf(callsOf(transaction));
  const rise = creatorRise(transaction, receipt);
  const fall = -riseOf(transaction, mint, ({ owner, ownerAfter }) =>
    [owner, ownerAfter].includes(subscriber.agentWallet),
  );
  const allotted = covers.reduce((sum, each) => sum + each.amount, 0n);
  const shares = new Set(covers.map((each) => each.share));
  return [
    ...(named === memoIdOf(payment) ? [] : [`its memo names ${named ?? 'no payment'}`]),
    ...(rise === amount ? [] : [`the creator's token account rose by ${rise ?? 'nothing'}`]),
    // A payment that was restored from the chain has neither `withdrawn` nor `reimbursed`.
    ...(withdrawn === null ||
    reimbursed === null ||
    fall === amount + others - withdrawn + reimbursed
      ? []
      : [`the agent's tokens fell by ${fall}, with ${withdrawn} withdrawn for it`]),
    ...(transaction.signers.includes(subscriber.agentWallet) ? [] : ['the agent did not sign it']),
    // Only a payment that was restored from the chain may have paid more than known shares.
    ...(allotted === amount || (withdrawn === null && allotted < amount)
      ? []
      : [`it is allotted ${allotted} in all`]),
    ...(shares.size === covers.length && covers.every((each) => each.amount > 0n)
      ? []
      : ['it is allotted twice to one share, or nothing']),
    ...(shares.has(share.id) ? [] : [`it is not allotted to ${share.id}`]),
  ];
}

function checkPayment(
  receipt: Receipt,
  payment: Payment,
  { quote }: KnownVenue,
  evidence: ReceiptEvidence,
): Finding {
  const read = readAt(evidence, 'payment', payment);
  if (isFinding(read)) return read;
  const faults = faultsOf(read, receipt, payment);
  return faults.length === 0
    ? ok(
        'payment',
        `${payment.signature} moved ${amountText(payment.amount, quote)} from the agent to the creator.`,
      )
    : differs('payment', `${payment.signature}: ${faults.join('; ')}.`);
}

type Credit = Receipt['credits'][number];

function checkCredit(
  receipt: Receipt,
  credit: Credit,
  venue: KnownVenue,
  evidence: ReceiptEvidence,
): Finding {
  const read = readAt(evidence, 'transfer', credit);
  if (isFinding(read)) return read;
  const { creator, subscriber } = receipt;
  const { signature, account, ordinal, amount, credited } = credit;
  const { agentWallet, tokenAccount, venueAccount } = subscriber;
  if (![agentWallet, tokenAccount, venueAccount].includes(account))
    return unknown('transfer', `${signature}: it left ${account}, another account of the agent.`);
  const there = evidence
    .facts(read, subscriber, venue)
    .filter((each) => each.account === account && each.position.ordinal === ordinal);
  const left = there.map(({ body }) => body).find((body) => body.kind === 'outflow');
  const paid =
    left?.amount === amount &&
    creatorPaid(left, new Set([creator.wallet]), quotesOf([venue.quote])) !== null;
  const faults = [
    ...(paid ? [] : [`no transfer of ${amount} from ${account} to the creator stands there`]),
    ...(credited > 0n && credited <= amount ? [] : ['more of it is counted than it moved']),
  ];
  return faults.length === 0
    ? ok('transfer', `${signature} moved ${amountText(amount, venue.quote)} to the creator.`)
    : differs('transfer', `${signature}: ${faults.join('; ')}.`);
}

/** Checks that what was paid is the sum of the payments and transfers, and fits the status. */
function checkPaid({ share, payments, credits }: Receipt, { quote }: KnownVenue): Finding {
  const signatures = new Set(payments.map((each) => each.signature));
  const ids = new Set(payments.map((each) => each.id));
  const transfers = new Set(
    credits.map((each) => `${each.signature}/${each.ordinal}/${each.account}`),
  );
  const paid =
    payments
      .flatMap((each) => each.covers)
      .filter((each) => each.share === share.id)
      .reduce((sum, each) => sum + each.amount, 0n) +
    credits.reduce((sum, each) => sum + each.credited, 0n);
  const once =
    signatures.size === payments.length &&
    ids.size === payments.length &&
    transfers.size === credits.length;
  const whole = share.paid === share.amount;
  if (!once) return differs('paid', 'A payment or transfer is listed twice.');
  if (paid !== share.paid + share.overpaid || (share.overpaid > 0n && !whole))
    return differs(
      'paid',
      `Payments and transfers sum to ${paid}, and the share says ${share.paid} and ${share.overpaid} beyond.`,
    );
  if (whole !== (share.status === 'paid'))
    return differs(
      'paid',
      `${share.paid} of ${share.amount} is paid; that is not ${share.status}.`,
    );
  return ok(
    'paid',
    `${formatUnits(share.paid, quote.decimals)} of ${amountText(share.amount, quote)} is paid.`,
  );
}

/** Every check of the payments of a receipt. */
export const checkPaymentsOf = (
  receipt: Receipt,
  venue: KnownVenue,
  evidence: ReceiptEvidence,
): Finding[] => [
  ...receipt.payments.map((each) => checkPayment(receipt, each, venue, evidence)),
  ...receipt.credits.map((each) => checkCredit(receipt, each, venue, evidence)),
  checkPaid(receipt, venue),
];
