// Receipt: everything from which the amount of one profit share and its payment can be recomputed,
// with the signatures of the transactions that show it. A receipt is checked against any Solana
// node, without the ledger that wrote it (receipt-verdict.ts). No chain shows the terms, the tabs
// before the close and the positions before the first terms, so the receipt only states these.

import type { Tab } from './charge.ts';
import { HASH_BYTES, SALT_BYTES } from './daily-root.ts';
import {
  addressOf,
  amountOf,
  countOf,
  type Described,
  documentText,
  flagOf,
  kindOf,
  listOf,
  objectOf,
  oneOf,
  orElse,
  orNull,
  type Reader,
  signatureOf,
  textOf,
} from './document.ts';
import { Fault } from './fault.ts';
import { OPEN_AT_START } from './held.ts';
import { PAYMENT_ID_MOST } from './rebuild.ts';
import { SHARE_STATUSES } from './share.ts';
import { SPLITS_MOST } from './split.ts';
import type { Terms } from './terms.ts';
import { BASES, PROFITS } from './terms.ts';

/** The version of the format. A reader refuses every other one. */
export const RECEIPT_VERSION = 1;
/** The most movements that a receipt may list. */
const MOVEMENTS_MOST = 100_000;
/** The most bytes of a receipt's text. */
const RECEIPT_BYTES_MOST = 67_108_864;

/** Bytes in lower-case hexadecimal. */
const hexOf =
  (bytes: number): Reader<string> =>
  (value, at) => {
    if (typeof value === 'string' && value.length === 2 * bytes && /^[0-9a-f]*$/.test(value))
      return value;
    throw new Fault('body_invalid', `${at} must be ${bytes} bytes in hexadecimal.`);
  };

const position = oneOf('long', 'short');
const place = { signature: signatureOf, slot: countOf, ordinal: countOf };
const heldPosition = objectOf({ market: countOf, base: amountOf, entry: orNull(amountOf) });
/** Receipts of earlier releases lack the positions at a reckoning's `afterSlot`. */
const heldBefore = orElse(orNull(listOf(heldPosition, 1_000)), null);
/** The counts of a hurdle and a cap in a period; receipts of earlier releases lack them. */
const counted = objectOf({ since: countOf, hurdled: amountOf, owed: amountOf });
const tab: Reader<Tab> = (value, at) => {
  const more = { counted: orElse(counted, undefined), dealt: orElse(amountOf, undefined) };
  const read = objectOf({ carry: amountOf, deficit: amountOf, ...more })(value, at);
  return {
    carry: read.carry,
    deficit: read.deficit,
    ...(read.counted === undefined ? {} : { counted: read.counted }),
    ...(read.dealt === undefined ? {} : { dealt: read.dealt }),
  };
};

const close = objectOf({
  kind: oneOf('close'),
  market: countOf,
  side: oneOf('taker', 'maker'),
  position,
  cause: oneOf('trade', 'liquidation', 'expiry', 'transfer'),
  baseFilled: amountOf,
  baseClosed: amountOf,
  proceeds: amountOf,
  entry: amountOf,
  grossPnl: amountOf,
  fee: amountOf,
  netPnl: amountOf,
  fillRecordId: amountOf,
  oraclePrice: amountOf,
  counterparty: orNull(addressOf),
});
const reckoning = objectOf({
  kind: oneOf('reckoning'),
  netPnl: amountOf,
  afterSlot: countOf,
  uptoSlot: countOf,
  held: orNull(listOf(heldPosition, 1_000)),
  heldBefore,
});

const movement = kindOf({
  open: objectOf({
    kind: oneOf('open'),
    ...place,
    market: countOf,
    position,
    base: amountOf,
    quote: orNull(amountOf),
    fee: orNull(amountOf),
  }),
  close: objectOf({
    kind: oneOf('close'),
    ...place,
    market: countOf,
    position,
    baseClosed: amountOf,
  }),
  reckoning: objectOf({
    kind: oneOf('reckoning'),
    ...place,
    held: orNull(listOf(heldPosition, 1_000)),
    heldBefore,
    afterSlot: countOf,
  }),
  unknown: objectOf({ kind: oneOf('unknown'), ...place }),
});

const receipt = objectOf({
  kind: oneOf('bailiff.receipt'),
  version: oneOf(RECEIPT_VERSION),
  genesisHash: textOf(64),
  venue: textOf(40),
  programId: addressOf,
  mint: addressOf,
  subscriber: objectOf({
    agentWallet: addressOf,
    tokenAccount: addressOf,
    venueAccount: addressOf,
    subAccountId: countOf,
  }),
  creator: objectOf({ wallet: addressOf, tokenAccount: addressOf }),
  subscription: textOf(64),
  share: objectOf({
    id: textOf(64),
    termsSlot: countOf,
    /** 0 for the creator; receipts of earlier releases have no other. */
    recipient: orElse(countOf, 0),
    amount: amountOf,
    paid: amountOf,
    /** The sum paid beyond the amount. */
    overpaid: amountOf,
    status: oneOf(...SHARE_STATUSES),
  }),
  /** All terms up to the close. */
  terms: listOf(
    objectOf({
      fromSlot: countOf,
      markSlot: countOf,
      creatorWallet: addressOf,
      shareBps: countOf,
      basis: oneOf(...BASES),
      ended: flagOf,
      /** The rules beside the share. Receipts of earlier releases have none of them. */
      profit: orElse(oneOf(...PROFITS), 'net'),
      hurdle: orElse(amountOf, 0n),
      capPerClose: orElse(orNull(amountOf), null),
      capPerPeriod: orElse(orNull(amountOf), null),
      periodSlots: orElse(orNull(countOf), null),
      freeBeforeSlot: orElse(countOf, 0),
      /** Who gets which part of the share beside the creator. */
      splits: orElse(listOf(objectOf({ wallet: addressOf, shareBps: countOf }), SPLITS_MOST), []),
    }),
    10_000,
  ),
  /** The positions before the first terms, as far as the close depends on them. */
  held: objectOf({
    slot: countOf,
    positions: listOf(heldPosition, 1_000),
    /** The share that those positions owe; receipts of earlier releases lack it. */
    open: orElse(oneOf(...OPEN_AT_START), 'free'),
  }),
  /** The moves of the position before the close, oldest first, since it was last empty. */
  movements: listOf(movement, MOVEMENTS_MOST),
  close: objectOf({ ...place, body: kindOf({ close, reckoning }) }),
  /** Every part of the close, as it was booked; one of them is the share's. */
  parts: listOf(
    objectOf({
      termsSlot: orNull(countOf),
      basis: oneOf(...BASES),
      shareBps: countOf,
      base: orNull(amountOf),
      openedSlot: orNull(countOf),
      entry: orNull(amountOf),
      openingFee: amountOf,
      netPnl: amountOf,
      charged: amountOf,
      hurdled: orElse(amountOf, 0n),
      allowed: orElse(orNull(amountOf), null),
      amount: amountOf,
      before: tab,
      after: tab,
    }),
    1_000,
  ),
  /** Payments that landed, each with all shares of this recipient that it was for. */
  payments: listOf(
    objectOf({
      id: textOf(PAYMENT_ID_MOST),
      signature: signatureOf,
      slot: countOf,
      /** The amount that this recipient got. */
      amount: amountOf,
      /** The sum that other recipients got by the same transaction; earlier receipts have none. */
      others: orElse(amountOf, 0n),
      /** Withdrawn from the venue, and paid to the sponsor beside it; null when not known. */
      withdrawn: orNull(amountOf),
      reimbursed: orNull(amountOf),
      covers: listOf(objectOf({ share: textOf(64), amount: amountOf }), 10_000),
    }),
    10_000,
  ),
  /** Transfers by others that count towards the share: the whole transfer, and the part. */
  credits: listOf(
    objectOf({ ...place, account: addressOf, amount: amountOf, credited: amountOf }),
    10_000,
  ),
  /** The daily roots over the close and the payments; empty until the day is sealed. */
  roots: orElse(
    listOf(
      objectOf({
        of: oneOf('accrual', 'payment'),
        /** The share or the payment. */
        id: textOf(PAYMENT_ID_MOST),
        day: textOf(10),
        salt: hexOf(SALT_BYTES),
        path: listOf(objectOf({ side: oneOf('left', 'right'), hash: hexOf(HASH_BYTES) }), 64),
        leaves: countOf,
        previous: orNull(hexOf(HASH_BYTES)),
        commitment: hexOf(HASH_BYTES),
      }),
      10_000,
    ),
    [],
  ),
});

export type Receipt = Described<typeof receipt>;
export type ReceiptMovement = Receipt['movements'][number];
export type ReceiptPart = Receipt['parts'][number];

/** The receipts in a text: one, or a list of them. Throws `body_invalid` for any other text. */
export function receiptsIn(text: string): Receipt[] {
  if (new TextEncoder().encode(text).length > RECEIPT_BYTES_MOST)
    throw new Fault('body_invalid', `A receipt has at most ${RECEIPT_BYTES_MOST} bytes.`);
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (thrown) {
    throw new Fault('body_invalid', 'The text is no JSON.', { cause: thrown });
  }
  return Array.isArray(parsed)
    ? parsed.map((each, index) => receipt(each, `[${index}]`))
    : [receipt(parsed, '')];
}

/** The text of a receipt. */
export const receiptText = (of: Receipt): string => documentText(of);

const UNREAD = { minimumPayment: 0n, offCurve: false };
/** The receipt's terms as accrual reads them; what accrual does not read has its default. */
export const termsOf = ({ terms }: Pick<Receipt, 'terms'>): Terms[] =>
  terms.map((each) => ({
    ...each,
    splits: each.splits.map((split) => ({ ...split, ...UNREAD, label: null })),
    minimumPayment: 0n,
    offCurve: false,
    expiresAfterMs: null,
  }));

/**
 * The text whose hash is the id of a share. Booking the same part of a close again gives the same
 * text.
 */
export const sharePreimage = (of: {
  readonly subscription: string;
  readonly account: string;
  readonly signature: string;
  readonly slot: number;
  readonly ordinal: number;
  readonly termsSlot: number;
  /** 0 for the creator, whose id is as before there were splits. */
  readonly recipient: number;
}): string =>
  [
    of.subscription,
    of.account,
    of.signature,
    of.slot,
    of.ordinal,
    of.termsSlot,
    ...(of.recipient === 0 ? [] : [of.recipient]),
  ].join('/');
/** The id of a share from the SHA-256 of its text, in base58. */
export const shareIdFrom = (digest58: string): string => `ps_${digest58.slice(0, 24)}`;
