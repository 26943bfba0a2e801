// Receipt verdict: checks receipts against what a node gave, each by itself and all together. A
// payment counts for no more than its amount, and a part of a close for one share, over all
// receipts that are checked at once.
import { isTokenAccountOf, isVenueAccountOf } from './derived-address.ts';
import { base58Text, type Signature } from './ids.ts';
import { type BaseUnits, least } from './money.ts';
import { type Receipt, shareIdFrom, sharePreimage } from './receipt.ts';
import {
  differs,
  type Finding,
  ok,
  type ReceiptCheck,
  type ReceiptEvidence,
  same,
} from './receipt-check.ts';
import { checkCloseOf } from './receipt-close.ts';
import { checkPaymentsOf } from './receipt-payment.ts';
import { checkRootsOf } from './receipt-root.ts';
import { BASIS_TOLD, rulesTold } from './terms.ts';
import { amountText, type Quotes, quotesOf, tokenOf } from './token.ts';

/** The transactions from which a receipt is checked, each once. */
export const signaturesOf = ({ close, movements, payments, credits }: Receipt): Signature[] => [
  ...new Set([close, ...movements, ...payments, ...credits].map((each) => each.signature)),
];

const SUB_ACCOUNTS_MOST = 65_535;

/** Checks that the addresses of a receipt belong together. */
function checkAccounts(receipt: Receipt, { sha256 }: ReceiptEvidence): Finding {
  const { subscriber, creator, mint, programId } = receipt;
  const { agentWallet: wallet, subAccountId } = subscriber;
  const fit =
    subAccountId <= SUB_ACCOUNTS_MOST &&
    isVenueAccountOf(sha256, programId, { wallet, subAccountId }, subscriber.venueAccount) &&
    isTokenAccountOf(sha256, { owner: wallet, mint }, subscriber.tokenAccount) &&
    isTokenAccountOf(sha256, { owner: creator.wallet, mint }, creator.tokenAccount);
  return fit
    ? ok('accounts', "The accounts are derived from the agent's and the creator's wallets.")
    : differs('accounts', 'An account is not derived from the wallet that it is said to be of.');
}

/** Checks the id of the share, which is the hash of the part that it is for. */
function checkId({ share, subscription, subscriber, close }: Receipt, evidence: ReceiptEvidence) {
  const { signature, slot, ordinal } = close;
  const preimage = sharePreimage({
    subscription,
    account: subscriber.venueAccount,
    signature,
    slot,
    ordinal,
    termsSlot: share.termsSlot,
    recipient: share.recipient,
  });
  const id = shareIdFrom(base58Text(evidence.sha256(new TextEncoder().encode(preimage))));
  return id === share.id
    ? ok('id', 'The id is the hash of subscription, close and terms.')
    : differs('id', `The id of this part of the close is ${id}.`);
}

/** Every check of one receipt by itself. */
function checkOne(receipt: Receipt, evidence: ReceiptEvidence): Finding[] {
  if (receipt.genesisHash !== evidence.genesisHash)
    return [
      differs(
        'chain',
        `The receipt is of the chain ${receipt.genesisHash}, and the node of ${evidence.genesisHash}. Nothing else was compared.`,
      ),
    ];
  const venue = evidence.venues.find((each) => each.programId === receipt.programId);
  if (venue === undefined || venue.name !== receipt.venue || venue.quote.mint !== receipt.mint)
    return [
      differs(
        'venue',
        `${receipt.venue} with program ${receipt.programId} and mint ${receipt.mint} is no venue whose records can be read. Nothing else was compared.`,
      ),
    ];
  return [
    ok('chain', `The node belongs to the chain ${receipt.genesisHash}.`),
    ok('venue', `${venue.name} is the program ${venue.programId}.`),
    checkAccounts(receipt, evidence),
    checkId(receipt, evidence),
    ...checkCloseOf(receipt, venue, evidence),
    ...checkPaymentsOf(receipt, venue, evidence),
    ...checkRootsOf(receipt, evidence.sha256, evidence.roots ?? []),
  ];
}

/** Receipts by a key, in the order in which each key first occurs. */
function groupsBy<Of>(all: readonly Of[], keyOf: (of: Of) => string): Of[][] {
  const groups = new Map<string, Of[]>();
  for (const each of all) groups.set(keyOf(each), [...(groups.get(keyOf(each)) ?? []), each]);
  return [...groups.values()];
}

/** The receipts of each share once. Two that differ are both kept, and found below. */
const distinct = (receipts: readonly Receipt[]): Receipt[] =>
  receipts.filter((each, at) => receipts.findIndex((other) => same(each, other)) === at);

/** The figures of a payment that the receipts of all its recipients must have in common. */
const wholeOf = (payment: Receipt['payments'][number]) => {
  const { id, slot, amount, others, withdrawn, reimbursed } = payment;
  return { id, slot, all: amount + others, withdrawn, reimbursed };
};

/** Faults that no receipt shows by itself. */
function faultsTogether(receipts: readonly Receipt[], quotes: Quotes): string[] {
  const faults: string[] = [];
  for (const [first, ...others] of groupsBy(receipts, (each) => each.share.id))
    if (others.length > 0) faults.push(`${first?.share.id}: two receipts of one share differ`);
  for (const group of groupsBy(receipts, ({ close, subscriber }) =>
    [subscriber.venueAccount, close.signature, close.ordinal].join('/'),
  )) {
    const [first] = group;
    if (group.some((each) => !same(each.parts, first?.parts)))
      faults.push(`${first?.close.signature}: one close has other parts in another receipt`);
    for (const part of groupsBy(group, ({ share }) => `${share.termsSlot}/${share.recipient}`))
      if (new Set(part.map((each) => each.share.id)).size > 1)
        faults.push(`${first?.close.signature}: a part of the close has two shares`);
  }
  const payments = receipts.flatMap(({ creator, payments: own }) =>
    own.map((payment) => ({ to: creator.wallet, payment, whole: wholeOf(payment) })),
  );
  for (const group of groupsBy(payments, (each) => each.payment.signature)) {
    const [first] = group;
    const recipients = groupsBy(group, (each) => each.to);
    const told = recipients.reduce((sum, [each]) => sum + (each?.payment.amount ?? 0n), 0n);
    if (
      group.some((each) => !same(each.whole, first?.whole)) ||
      recipients.some((own) => own.some((each) => !same(each.payment, own[0]?.payment))) ||
      told > (first?.whole.all ?? 0n)
    )
      faults.push(
        `${first?.payment.signature}: the payment is allotted otherwise in another receipt`,
      );
  }
  const credits = receipts.flatMap(({ mint, credits: own }) =>
    own.map((each) => ({ ...each, token: tokenOf(quotes, mint) })),
  );
  for (const group of groupsBy(credits, (each) =>
    [each.signature, each.ordinal, each.account].join('/'),
  )) {
    const [first] = group;
    const counted = group.reduce((sum, each) => sum + each.credited, 0n);
    const moved = group.reduce((smallest, each) => least(smallest, each.amount), counted);
    if (first !== undefined && counted > moved)
      faults.push(
        `${first.signature}: ${amountText(counted, first.token)} of the transfer is counted`,
      );
  }
  return faults;
}

/**
 * The checks of receipts against the evidence of a node. Several receipts are also checked
 * together.
 */
export function checkReceipts(
  receipts: readonly Receipt[],
  evidence: ReceiptEvidence,
): ReceiptCheck[] {
  const checks = receipts.flatMap((receipt) =>
    checkOne(receipt, evidence).map((found) => ({ share: receipt.share.id, ...found })),
  );
  if (receipts.length < 2) return checks;
  const faults = faultsTogether(
    distinct(receipts),
    quotesOf(evidence.venues.map(({ quote }) => quote)),
  );
  const together =
    faults.length === 0
      ? ok('together', 'No payment counts for more than its amount, and no close twice.')
      : differs('together', `${faults.join('; ')}.`);
  return [...checks, { share: null, ...together }];
}

/**
 * The figures that a receipt only states, because no chain shows them: to be compared with the
 * agreement between the subscriber and the platform. Amounts are told in the receipt's token, which
 * `quotes` names.
 */
export function statedIn({ terms, parts, held, share, mint }: Receipt, quotes: Quotes): string[] {
  const token = tokenOf(quotes, mint);
  const told = (units: BaseUnits): string => amountText(units, token);
  const under = terms.find((each) => each.fromSlot === share.termsSlot);
  const part = parts.find((each) => each.termsSlot === share.termsSlot);
  if (under === undefined || part === undefined) return [];
  const from = `from slot ${under.fromSlot} on`;
  return [
    `Terms: ${under.shareBps / 100} % ${BASIS_TOLD[under.basis].of} ${from}.`,
    ...(under.splits.length === 0
      ? []
      : [
          `Of it ${under.splits.map((each) => `${each.shareBps / 100} % to ${each.wallet}`).join(', ')}; the creator gets the rest.`,
        ]),
    ...rulesTold(under, told),
    `Carried over from earlier closes: ${part.before.carry} ten-thousandths of a base unit.`,
    ...(BASIS_TOLD[under.basis].carriesLosses
      ? [`Earlier losses to be made good first: ${told(part.before.deficit)}.`]
      : []),
    ...(part.before.counted === undefined
      ? []
      : [
          `Counted since slot ${part.before.counted.since} in earlier closes: ${told(part.before.counted.hurdled)} of the hurdle, ${told(part.before.counted.owed)} of the cap.`,
        ]),
    ...(held.positions.length === 0
      ? []
      : [
          `Positions that were open before the first terms (slot ${held.slot}): ${held.positions.length}.`,
        ]),
  ];
}

/** The verdict over all checks: the worst of them. */
export const verdictOf = (checks: readonly ReceiptCheck[]): ReceiptCheck['verdict'] =>
  checks.some((each) => each.verdict === 'differs')
    ? 'differs'
    : checks.length === 0 || checks.some((each) => each.verdict === 'unknown')
      ? 'unknown'
      : 'ok';
