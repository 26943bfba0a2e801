// Receipt close: checks that the chain shows the close and the movements of a receipt, and that the
// parts, the charged profit and the amount follow from them by the daemon's own accrual.
import { accrualOf, type Booking, explains } from './accrual.ts';
import { countedIn, EMPTY_TAB, type Tab } from './charge.ts';
import { type Close, comparePositions, type FactBody, type Open } from './fact.ts';
import { Fault } from './fault.ts';
import type { Movement } from './lot.ts';
import { lotsAfter } from './lots.ts';
import type { Receipt, ReceiptMovement, ReceiptPart } from './receipt.ts';
import { termsOf } from './receipt.ts';
import {
  differencesOf,
  differs,
  type Finding,
  type KnownVenue,
  NOT_THERE,
  ok,
  type ReceiptEvidence,
  same,
  unknown,
} from './receipt-check.ts';
import { deal, recipientsOf, splitsProblem } from './split.ts';
import type { ChainTransaction } from './transaction.ts';

type Place = { readonly signature: Receipt['close']['signature']; readonly slot: number };

/** The transaction at a place; a finding when it is absent, failed, or in another slot. */
export function readAt(
  evidence: Pick<ReceiptEvidence, 'transaction'>,
  what: string,
  { signature, slot }: Place,
): ChainTransaction | Finding {
  const found = evidence.transaction(signature);
  if (found === null) return unknown(what, `${signature}: ${NOT_THERE}`);
  if (found.error !== null) return differs(what, `${signature} failed on chain.`);
  if (found.slot !== slot)
    return differs(what, `${signature} is in slot ${found.slot}, not ${slot}.`);
  return found;
}
/** Whether a read ended in a finding instead of a transaction. */
export const isFinding = (read: ChainTransaction | Finding): read is Finding => 'verdict' in read;

/** The opening or close that the venue's own records show at an ordinal of a transaction. */
function recordAt(
  { facts }: ReceiptEvidence,
  transaction: ChainTransaction,
  { subscriber }: Receipt,
  venue: KnownVenue,
  { kind, ordinal }: { readonly kind: FactBody['kind']; readonly ordinal: number },
): Open | Close | null {
  const found = facts(transaction, subscriber, venue).find(
    ({ account, position, body }) =>
      account === subscriber.venueAccount && position.ordinal === ordinal && body.kind === kind,
  );
  return found?.body.kind === 'open' || found?.body.kind === 'close' ? found.body : null;
}

/** Checks the close itself: its record and every figure of the record. */
function checkClose(receipt: Receipt, venue: KnownVenue, evidence: ReceiptEvidence): Finding {
  const { close, subscriber } = receipt;
  const read = readAt(evidence, 'close', close);
  if (isFinding(read)) return read;
  if (close.body.kind === 'reckoning')
    return read.keys.includes(subscriber.venueAccount)
      ? unknown(
          'close',
          'No record shows this profit: it is the difference of two states of the account, and no node tells an earlier state. What follows from it is checked.',
        )
      : differs('close', `${close.signature} does not name ${subscriber.venueAccount}.`);
  const record = recordAt(evidence, read, receipt, venue, { kind: 'close', ...close });
  if (record === null)
    return differs(
      'close',
      `${venue.name} wrote no close of ${subscriber.venueAccount} at ordinal ${close.ordinal} of ${close.signature}.`,
    );
  const wrong = differencesOf(close.body, record);
  return wrong.length === 0
    ? ok('close', `${venue.name} wrote this close in ${close.signature}, slot ${close.slot}.`)
    : differs('close', `${wrong.join('; ')} on chain.`);
}

/** Checks one movement before the close. */
function checkMovement(
  receipt: Receipt,
  venue: KnownVenue,
  evidence: ReceiptEvidence,
  move: ReceiptMovement,
): Finding {
  const what = 'openings';
  const read = readAt(evidence, what, move);
  if (isFinding(read)) return read;
  if (move.kind === 'reckoning' || move.kind === 'unknown')
    return unknown(what, `${move.signature} has no readable record; the ledger's word counts.`);
  const record = recordAt(evidence, read, receipt, venue, move);
  if (record === null)
    return differs(what, `${move.signature} has no ${move.kind} at ordinal ${move.ordinal}.`);
  const { signature: _s, slot: _t, ordinal: _o, ...figures } = move;
  const wrong = differencesOf(figures, record);
  return wrong.length === 0
    ? ok(what, move.signature)
    : differs(what, `${move.signature}: ${wrong.join('; ')} on chain.`);
}

/**
 * Whether the movements are in chain order, each once, after the positions and before the close.
 */
function inOrder(receipt: Receipt, evidence: ReceiptEvidence): boolean {
  const places = [...receipt.movements, receipt.close].map((each) => ({
    ...each,
    blockIndex: evidence.transaction(each.signature)?.blockIndex ?? null,
  }));
  const keys = new Set(
    receipt.movements.map(({ signature, ordinal, kind }) => `${signature}/${ordinal}/${kind}`),
  );
  return (
    keys.size === receipt.movements.length &&
    receipt.movements.every(({ slot }) => slot > receipt.held.slot) &&
    places.every((each, at) => {
      const before = places[at - 1];
      return before === undefined || comparePositions(before, each) <= 0;
    })
  );
}

/** Checks all movements before the close; the first that is not ok decides. */
function checkMovements(receipt: Receipt, venue: KnownVenue, evidence: ReceiptEvidence): Finding {
  if (!inOrder(receipt, evidence))
    return differs('openings', 'They are not in the order of the chain, or one is listed twice.');
  const found = receipt.movements.map((each) => checkMovement(receipt, venue, evidence, each));
  const wrong =
    found.find((each) => each.verdict === 'differs') ??
    found.find((each) => each.verdict === 'unknown');
  return (
    wrong ??
    ok('openings', `Records before the close that are as the receipt says: ${found.length}.`)
  );
}

/** The fields of a receipt from which its parts are recomputed, and the parts. */
type Booked = Pick<Receipt, 'close' | 'parts' | 'held' | 'terms' | 'movements' | 'subscription'>;

/** The movements as accrual reads them. */
const movementsOf = ({ movements }: Pick<Receipt, 'movements'>): Movement[] =>
  movements.map(({ signature: _s, ordinal: _o, ...move }): Movement => move);

/**
 * The tabs with which the parts were computed, by `markSlot` of their terms. Each part of one mark
 * begins with the tab that the part before it left; the first, with a tab that no other part left.
 */
function tabsOf({ parts, terms }: Booked): Record<string, Tab> {
  const markOf = ({ termsSlot }: ReceiptPart) =>
    terms.find((each) => each.fromSlot === termsSlot)?.markSlot;
  const tabs: Record<string, Tab> = {};
  for (const mark of new Set(parts.map(markOf))) {
    const own = parts.filter((each) => markOf(each) === mark);
    const first = own.find((each) =>
      own.every((other) => other === each || !same(other.after, each.before)),
    );
    if (mark !== undefined) tabs[mark] = (first ?? own[0])?.before ?? EMPTY_TAB;
  }
  return tabs;
}

const byTerms = (one: ReceiptPart, other: ReceiptPart): number =>
  (one.termsSlot ?? -1) - (other.termsSlot ?? -1);

/** The part of a booking, in the shape of a receipt. */
const partOf = ({ terms, fees: _, owed: _o, ...part }: Booking): ReceiptPart => ({
  ...part,
  termsSlot: terms?.fromSlot ?? null,
  basis: terms?.basis ?? 'per_close',
  shareBps: terms?.shareBps ?? 0,
});

const BASIS_POINTS_MOST = 10_000;

/**
 * Whether the terms, and the tabs that the parts begin with, can be those of a subscription.
 */
function wellFormed({ terms, parts, close }: Booked): boolean {
  const begins = terms.map((each) => each.fromSlot);
  return (
    termsOf({ terms }).every((each) => splitsProblem(each) === null) &&
    begins.every((slot, at) => at === 0 || slot > (begins[at - 1] ?? slot)) &&
    terms.every(
      ({ fromSlot, markSlot, shareBps, hurdle, capPerClose, capPerPeriod, periodSlots }) =>
        markSlot <= fromSlot &&
        [hurdle, capPerClose, capPerPeriod].every((each) => each === null || each >= 0n) &&
        periodSlots !== 0 &&
        begins.includes(markSlot) &&
        fromSlot <= close.slot &&
        shareBps <= BASIS_POINTS_MOST,
    ) &&
    parts.every(
      ({ before }) =>
        before.carry >= 0n &&
        before.carry < 10_000n &&
        before.deficit >= 0n &&
        countedIn(before).hurdled >= 0n &&
        countedIn(before).owed >= 0n &&
        (before.dealt ?? 0n) >= 0n,
    )
  );
}

/** Checks the parts: recomputes them from the close and the movements, to the unit. */
function checkParts(receipt: Booked): Finding {
  const { close, parts, held, subscription } = receipt;
  if (!wellFormed(receipt))
    return differs('computation', `The terms of ${subscription} contradict each other.`);
  const agreement = { terms: termsOf(receipt), held, tabs: tabsOf(receipt) };
  let computed: ReceiptPart[];
  try {
    computed = accrualOf(close.body, close.slot, agreement, movementsOf(receipt))
      .bookings.map(partOf)
      .sort(byTerms);
  } catch (thrown) {
    if (!(thrown instanceof RangeError) && !(thrown instanceof Fault)) throw thrown;
    return differs('computation', 'The figures of the close can not be those of a close.');
  }
  if (computed.length !== parts.length)
    return differs(
      'computation',
      `Parts of the close: ${computed.length}, and not ${parts.length}.`,
    );
  const wrong = parts
    .toSorted(byTerms)
    .flatMap((part, at) => differencesOf(part, computed[at] ?? {}));
  return wrong.length === 0
    ? ok('computation', 'Profit, charged profit and amount follow from the records, to the unit.')
    : differs('computation', `${wrong.join('; ')} by computation.`);
}

/** Whether the parts follow from the close and the movements, to the unit. */
export const partsFollow = (booked: Booked): boolean => checkParts(booked).verdict === 'ok';

/**
 * Checks that no opening is missing: the venue's own average entry in the record of the close must
 * follow from the openings listed.
 */
function checkHistory(receipt: Receipt): Finding {
  const { close, held } = receipt;
  if (close.body.kind === 'reckoning')
    return unknown('history', 'Without a record of the close no average entry is known.');
  const holdings = lotsAfter(held, movementsOf(receipt), termsOf(receipt));
  return explains(holdings, close.body)
    ? ok('history', "The record's average entry follows from the openings, so none is missing.")
    : unknown(
        'history',
        "The record's average entry does not follow from the openings alone. The ledger relied on the account's state.",
      );
}

/** Every check of the close of a receipt and of what was computed from it. */
export function checkCloseOf(
  receipt: Receipt,
  venue: KnownVenue,
  evidence: ReceiptEvidence,
): Finding[] {
  const { share, parts, creator } = receipt;
  const own = parts.filter((each) => each.termsSlot === share.termsSlot);
  const under = termsOf(receipt).find((each) => each.fromSlot === share.termsSlot);
  const recipients = under === undefined ? [] : recipientsOf(under);
  const { amounts } = deal(own[0]?.amount ?? 0n, recipients, own[0]?.before.dealt ?? 0n);
  const fits =
    own.length === 1 &&
    amounts[share.recipient] === share.amount &&
    same(recipients[share.recipient]?.wallet, creator.wallet);
  return [
    checkClose(receipt, venue, evidence),
    checkMovements(receipt, venue, evidence),
    checkHistory(receipt),
    checkParts(receipt),
    fits
      ? ok('share', `The share is the part under the terms from slot ${share.termsSlot} on.`)
      : differs('share', 'Its amount or creator is not that of its part and terms.'),
  ];
}
