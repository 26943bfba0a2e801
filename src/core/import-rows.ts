// Import rows: reads the rows that a platform brings from another system, one for each subscriber,
// subscription and unpaid debt. A row that cannot be read or taken is refused alone, with its line
// and a remedy. The ids are the platform's, so that the same file may be imported again.
import {
  addressOf,
  type Described,
  flagOf,
  kindOf,
  listOf,
  objectOf,
  oneOf,
  orElse,
  type Reader,
  textOf,
} from './document.ts';
import { Fault } from './fault.ts';
import { OPEN_AT_START } from './held.ts';
import type { Redaction } from './redaction.ts';
import { requireServiceKey, SERVICE_KEY_MOST, SIGNER_SERVICES } from './service-key.ts';
import { SPLITS_MOST, splitsProblem } from './split.ts';
import { BASES, PROFITS } from './terms.ts';
import { instantOf } from './time.ts';
import { VENUE_NAMES } from './venue-name.ts';

const SUB_ACCOUNTS_MOST = 64;
const SUB_ACCOUNT_MOST = 65_535;
const EXPIRES_MS_LEAST = 60_000;

const refuse = (at: string, wanted: string): never => {
  throw new Fault('body_invalid', `${at} must be ${wanted}.`);
};
const maybe = <Value>(read: Reader<Value>) => orElse(read, undefined);

/** The id of something new: as the API takes it (http/shapes.ts, `NewIdText`). */
const ID = /^(?!(?:\.{1,2}|stream)$)[A-Za-z0-9_.:-]{1,64}$/;
const DEBT_ID_MOST = 200;
const idOf: Reader<string> = (value, at) =>
  typeof value === 'string' && ID.test(value)
    ? value
    : refuse(at, 'an id of 1 to 64 letters, digits or any of _ . : -');
const amountOf: Reader<bigint> = (value, at) =>
  typeof value === 'string' && /^(0|[1-9][0-9]{0,17})$/.test(value)
    ? BigInt(value)
    : refuse(at, 'base units as a decimal string of at most 18 digits');
const signedAmountOf: Reader<bigint> = (value, at) =>
  typeof value === 'string' && /^(0|-?[1-9][0-9]{0,17})$/.test(value)
    ? BigInt(value)
    : refuse(at, 'base units as a decimal string of at most 18 digits');
const owedOf: Reader<bigint> = (value, at) => {
  const amount = amountOf(value, at);
  return amount > 0n ? amount : refuse(at, 'above 0: a debt of nothing is no debt');
};
const wholeOf =
  (least: number, most: number): Reader<number> =>
  (value, at) =>
    Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most
      ? (value as number)
      : refuse(at, `a whole number from ${least} to ${most}`);
const momentOf: Reader<number> = (value, at) =>
  (typeof value === 'string' ? instantOf(value) : null) ??
  refuse(at, 'a day or an ISO 8601 time with its zone');
const slotOf = wholeOf(0, Number.MAX_SAFE_INTEGER);
const bpsOf = wholeOf(0, 10_000);
const venueOf = oneOf(...VENUE_NAMES);
const labelOf: Reader<string> = (value, at) =>
  typeof value === 'string' && value.length >= 1 && value.length <= 40
    ? value
    : refuse(at, 'a text of 1 to 40 characters');
/** Long enough for 64 numbers as JSON. The message of a refusal never contains the text. */
const secretOf = textOf(400);

const split = objectOf({
  wallet: addressOf,
  shareBps: wholeOf(1, 10_000),
  minimumPayment: orElse(amountOf, 0n),
  offCurve: orElse(flagOf, false),
  label: orElse(labelOf, null),
});

const row = kindOf({
  subscriber: objectOf({
    kind: oneOf('subscriber'),
    id: idOf,
    agentWallet: addressOf,
    agentSecretKey: maybe(secretOf),
    /** The key at a service, in the place of agentSecretKey. */
    agentSigner: maybe(
      objectOf({ service: oneOf(...SIGNER_SERVICES), key: textOf(SERVICE_KEY_MOST) }),
    ),
    venue: maybe(venueOf),
    subAccountIds: listOf(wholeOf(0, SUB_ACCOUNT_MOST), SUB_ACCOUNTS_MOST),
  }),
  subscription: objectOf({
    kind: oneOf('subscription'),
    id: idOf,
    subscriber: idOf,
    venue: maybe(venueOf),
    subAccountId: wholeOf(0, SUB_ACCOUNT_MOST),
    creatorWallet: addressOf,
    shareBps: bpsOf,
    basis: orElse(oneOf(...BASES), 'per_close'),
    minimumPayment: orElse(amountOf, 0n),
    profit: orElse(oneOf(...PROFITS), 'net'),
    hurdle: orElse(amountOf, 0n),
    capPerClose: orElse(amountOf, null),
    capPerPeriod: orElse(amountOf, null),
    periodSlots: orElse(wholeOf(1, Number.MAX_SAFE_INTEGER), null),
    freeBeforeSlot: orElse(wholeOf(0, Number.MAX_SAFE_INTEGER), 0),
    offCurve: orElse(flagOf, false),
    splits: orElse(listOf(split, SPLITS_MOST), []),
    expiresAfterMs: maybe(wholeOf(EXPIRES_MS_LEAST, Number.MAX_SAFE_INTEGER)),
    /** The slot from which the terms hold; the one after the import where it is absent. */
    fromSlot: maybe(slotOf),
    /** Closes before this slot are the other system's; the one after the import when absent. */
    booksFrom: maybe(slotOf),
    open: orElse(oneOf(...OPEN_AT_START), 'free'),
    /** The subscription has ended: nothing more is charged, and its debts are owed. */
    ended: orElse(flagOf, false),
    /** Losses to be made good first, with `high_water_mark`. */
    deficit: maybe(amountOf),
    /** The other system's mark and present figure, from which the deficit follows. */
    highWaterMark: maybe(signedAmountOf),
    realised: maybe(signedAmountOf),
  }),
  debt: objectOf({
    kind: oneOf('debt'),
    id: textOf(DEBT_ID_MOST),
    subscriber: idOf,
    subscription: idOf,
    creatorWallet: maybe(addressOf),
    amount: owedOf,
    netPnl: maybe(signedAmountOf),
    shareBps: maybe(bpsOf),
    /** The time of the close that made the debt. */
    at: maybe(momentOf),
    origin: maybe(textOf(400)),
  }),
});

export type ImportRow = Described<typeof row>;
export type RowOf<Kind extends ImportRow['kind']> = Extract<ImportRow, { readonly kind: Kind }>;
export type RowKind = ImportRow['kind'];
export const ROW_KINDS = [
  'subscriber',
  'subscription',
  'debt',
] as const satisfies readonly RowKind[];
/** A row with the number of its line. */
export type Lined<Kind extends RowKind> = {
  readonly line: number;
  readonly row: RowOf<Kind>;
};
export type AnyLined = { readonly line: number; readonly row: ImportRow };
/** Why a row was not taken. `problem` says what to do. */
export type RowProblem = {
  readonly line: number;
  readonly kind: string | null;
  readonly id: string | null;
  readonly problem: string;
};
/** One row as it stood in a file: a value, or the reason why there is none. */
export type GivenRow =
  | { readonly line: number; readonly value: unknown }
  | { readonly line: number; readonly problem: string };

/** All rows of one subscriber. */
export type Bundle = {
  readonly subscriberId: string;
  readonly subscriber: Lined<'subscriber'> | null;
  readonly subscriptions: readonly Lined<'subscription'>[];
  readonly debts: readonly Lined<'debt'>[];
};
export type Bundled = {
  readonly rows: number;
  readonly bundles: readonly Bundle[];
  readonly refused: readonly RowProblem[];
};

/**
 * Kind and id of a row for the report. Each is null where it is not one: a column that has lost its
 * place may have put a key there.
 */
function namedIn(value: unknown, { holdsKeypair }: Redaction): Pick<RowProblem, 'kind' | 'id'> {
  if (typeof value !== 'object' || value === null) return { kind: null, id: null };
  const { kind, id } = value as Record<string, unknown>;
  const known = ROW_KINDS.find((each) => each === kind) ?? null;
  const fits =
    typeof id === 'string' &&
    (known === 'debt' ? id.length <= DEBT_ID_MOST && !holdsKeypair(id) : ID.test(id));
  return { kind: known, id: fits ? id.slice(0, 100) : null };
}

/** Reads one row. Throws `body_invalid` with the field; no message contains a value. */
export const readRow = (value: unknown): ImportRow => {
  const read = row(value, '');
  if (read.kind === 'subscriber' && read.agentSigner !== undefined) {
    if (read.agentSecretKey !== undefined)
      throw new Fault('body_invalid', 'Give agentSecretKey or agentSigner, not both.');
    requireServiceKey(read.agentSigner);
  }
  if (read.kind !== 'subscription') return read;
  const misfit = splitsProblem(read);
  if (misfit !== null) throw new Fault('body_invalid', misfit);
  if ((read.highWaterMark === undefined) !== (read.realised === undefined))
    throw new Fault('body_invalid', 'highWaterMark and realised must be given together.');
  if (read.deficit !== undefined && read.highWaterMark !== undefined)
    throw new Fault('body_invalid', 'Give deficit, or highWaterMark and realised, not both.');
  if (read.ended && read.open !== 'free')
    throw new Fault(
      'body_invalid',
      'Under a subscription that has ended, what is open owes nothing: leave open out. If what is open owes, leave ended out, and end the subscription after the import.',
    );
  if (deficitOf(read) > 0n && read.basis !== 'high_water_mark')
    throw new Fault(
      'body_invalid',
      'Losses are carried with the basis high_water_mark only; with per_close leave deficit out.',
    );
  return read;
};

/** The losses that a subscription brings: `max(0, highWaterMark − realised)` where it says so. */
export function deficitOf({ deficit, highWaterMark, realised }: RowOf<'subscription'>): bigint {
  if (deficit !== undefined) return deficit;
  if (highWaterMark === undefined || realised === undefined) return 0n;
  return highWaterMark > realised ? highWaterMark - realised : 0n;
}

/** Throws `body_invalid` for a debt whose id or origin holds a keypair: both are kept as given. */
function requireNoKeypair(read: ImportRow, { holdsKeypair }: Redaction): void {
  if (read.kind !== 'debt') return;
  for (const name of ['id', 'origin'] as const)
    if (holdsKeypair(read[name] ?? '')) refuse(name, 'without a secret key');
}

/**
 * Reads rows and puts those of each subscriber together. A row is refused when it cannot be read,
 * when an earlier row has the same id, wallet or sub-account, and when it would keep a keypair.
 */
export function bundlesOf(given: readonly GivenRow[], redaction: Redaction): Bundled {
  const refused: RowProblem[] = [];
  const seen = new Map<string, number>();
  const bundles = new Map<string, { -readonly [Key in keyof Bundle]: Bundle[Key] }>();
  const bundleOf = (subscriberId: string) => {
    const known = bundles.get(subscriberId);
    if (known !== undefined) return known;
    const made = { subscriberId, subscriber: null, subscriptions: [], debts: [] };
    bundles.set(subscriberId, made);
    return bundles.get(subscriberId) ?? made;
  };
  for (const each of given) {
    const { line } = each;
    if ('problem' in each) {
      refused.push({ line, kind: null, id: null, problem: each.problem });
      continue;
    }
    const about = { line, ...namedIn(each.value, redaction) };
    let read: ImportRow;
    try {
      read = readRow(each.value);
      requireNoKeypair(read, redaction);
    } catch (thrown) {
      if (!(thrown instanceof Fault)) throw thrown;
      refused.push({ ...about, problem: thrown.message });
      continue;
    }
    const names = namesOf(read);
    const before = names.flatMap((name) => seen.get(name) ?? [])[0];
    if (before !== undefined) {
      const problem = `Line ${before} has the same ${read.kind}. Leave one of them out.`;
      refused.push({ ...about, problem });
      continue;
    }
    for (const name of names) seen.set(name, line);
    if (read.kind === 'subscriber') bundleOf(read.id).subscriber = { line, row: read };
    else {
      const bundle = bundleOf(read.subscriber);
      if (read.kind === 'subscription')
        bundle.subscriptions = [...bundle.subscriptions, { line, row: read }];
      else bundle.debts = [...bundle.debts, { line, row: read }];
    }
  }
  return { rows: given.length, bundles: [...bundles.values()], refused };
}

/** The names in a row that only one row of a file may have: ids, wallets and sub-accounts. */
function namesOf(read: ImportRow): string[] {
  switch (read.kind) {
    case 'subscriber':
      return [`subscriber ${read.id}`, `wallet ${read.agentWallet}`];
    case 'subscription':
      return [
        `subscription ${read.id}`,
        `account ${read.subscriber} ${read.venue ?? ''} ${read.subAccountId}`,
      ];
    case 'debt':
      return [`debt ${read.subscription} ${read.id}`];
  }
}
