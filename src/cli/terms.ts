// Terms: the commands that show, agree, change and end the terms of a subscription, by the same
// function as the API. Without --apply they read, check and tell, and write nothing.
import { type Command, InvalidArgumentError, Option } from 'commander';
import { Fault } from '../core/fault.ts';
import type { Ledger } from '../core/ports.ts';
import type { Subscription } from '../core/subscription.ts';
import { BASES, type Basis, PROFITS, type Profit, sameTerms, type Terms } from '../core/terms.ts';
import { VENUE_NAMES, type VenueName } from '../core/venue-name.ts';
import { createAgree, type GivenTerms } from '../flows/agree.ts';
import type { GivenSplit } from '../flows/given-terms.ts';
import type { Opened, Tools } from './command-tools.ts';
import { table } from './output.ts';

type OrNone<Value> = Value | 'none';
type Options = {
  readonly apply?: true;
  readonly venue?: VenueName;
  readonly subAccount?: number;
  readonly creator?: string;
  readonly newCreator?: true;
  readonly shareBps?: number;
  readonly basis?: Basis;
  readonly profit?: Profit;
  readonly minimum?: string;
  readonly hurdle?: string;
  readonly capPerClose?: OrNone<string>;
  readonly capPerPeriod?: OrNone<string>;
  readonly periodSlots?: OrNone<number>;
  readonly freeBeforeSlot?: number;
  readonly expiresAfterMs?: OrNone<number>;
  readonly offCurve?: boolean;
  readonly split?: readonly GivenSplit[];
  /** Commander gives true when --no-splits is absent. */
  readonly splits: boolean;
};

const refused = (wanted: string): never => {
  throw new InvalidArgumentError(`It is ${wanted}.`);
};
/** Reads a whole number between two bounds. */
const wholeOf =
  (least: number, most = Number.MAX_SAFE_INTEGER) =>
  (text: string): number =>
    /^\d{1,16}$/.test(text) && Number(text) >= least && Number(text) <= most
      ? Number(text)
      : refused(`a whole number from ${least} to ${most}`);
/** Reads base units, as the API takes them. */
const unitsOf = (text: string): string =>
  /^(0|[1-9][0-9]{0,17})$/.test(text) ? text : refused('base units, of at most 18 digits');
/**
 * Reads a value. The text `none` stays as it is, because commander would turn null into an empty
 * text; `nullable` makes null of it.
 */
const orNone =
  <Value>(read: (text: string) => Value) =>
  (text: string): OrNone<Value> =>
    text === 'none' ? text : read(text);
/** The field with null for `none`; no field for an option that is left out. */
const nullable = <Name extends string, Value>(
  name: Name,
  value: OrNone<Value> | undefined,
): { readonly [Key in Name]?: Value | null } =>
  (value === undefined ? {} : { [name]: value === 'none' ? null : value }) as {
    readonly [Key in Name]?: Value | null;
  };
/** Reads WALLET=BPS or WALLET=BPS:LABEL, one more each time the option is given. */
function splitOf(text: string, before: readonly GivenSplit[] = []): GivenSplit[] {
  const [, wallet = '', bps = '', label] = /^(\w+)=(\d{1,5})(?::(.{1,40}))?$/.exec(text) ?? [];
  const shareBps = Number(bps);
  if (wallet === '' || shareBps < 1 || shareBps > 10_000)
    return refused('WALLET=BPS or WALLET=BPS:LABEL, with 1 to 10,000 basis points');
  return [...before, { wallet, shareBps, ...(label === undefined ? {} : { label }) }];
}

/** The fields of the terms that the options give; an option that is left out gives none. */
function changeIn(options: Options): Omit<GivenTerms, 'id' | 'subAccountId' | 'venue'> {
  const { creator, minimum, split, splits, apply, subAccount, venue, ...rest } = options;
  const { capPerClose, capPerPeriod, periodSlots, expiresAfterMs, ...same } = rest;
  return {
    ...same,
    ...nullable('capPerClose', capPerClose),
    ...nullable('capPerPeriod', capPerPeriod),
    ...nullable('periodSlots', periodSlots),
    ...nullable('expiresAfterMs', expiresAfterMs),
    ...(creator === undefined ? {} : { creatorWallet: creator }),
    ...(minimum === undefined ? {} : { minimumPayment: minimum }),
    ...(splits ? {} : { splits: [] }),
    ...(split === undefined ? {} : { splits: split }),
  };
}

const FIELDS = [
  ...(['creatorWallet', 'shareBps', 'basis', 'profit', 'minimumPayment', 'hurdle'] as const),
  ...(['capPerClose', 'capPerPeriod', 'periodSlots', 'freeBeforeSlot'] as const),
  ...(['expiresAfterMs', 'offCurve', 'ended', 'markSlot'] as const),
];
/** The fields of terms as texts, in one order, with the splits at the end. */
const cellsOf = (terms: Terms | null): string[] => [
  ...FIELDS.map((field) => (terms === null ? '' : String(terms[field] ?? 'none'))),
  (terms?.splits ?? [])
    .map(
      ({ wallet, shareBps, label }) => `${wallet}=${shareBps}${label === null ? '' : `:${label}`}`,
    )
    .join(' '),
];
/** A table of the fields that differ, before and after. */
function differences(before: Terms | null, after: Terms): string[] {
  const [old, now] = [cellsOf(before), cellsOf(after)];
  const rows = [...FIELDS, 'splits'].flatMap((field, at) =>
    old[at] === now[at] ? [] : [[field, old[at] ?? '', now[at] ?? '']],
  );
  return table([['FIELD', 'BEFORE', 'AFTER'], ...rows]);
}

const notFound = (subscriber: string, id: string): Fault =>
  new Fault('not_found', `Subscriber ${subscriber} has no subscription ${id}.`);

/** The subscription of a subscriber. Throws `not_found`. */
async function knownOf(ledger: Ledger, subscriber: string, id: string): Promise<Subscription> {
  const found = await ledger.subscriptions.find(id);
  if (found?.subscriberId !== subscriber) throw notFound(subscriber, id);
  return found;
}
/** The sub-account and venue of a known subscription. */
async function placeOf(ledger: Ledger, { subscriberId, driftAccount, id }: Subscription) {
  const subscriber = await ledger.subscribers.find(subscriberId);
  const account = subscriber?.driftAccounts.find((each) => each.address === driftAccount);
  if (account === undefined) throw notFound(subscriberId, id);
  return { subAccountId: account.subAccountId, venue: account.venue };
}

/** Tries the terms, and writes them with --apply. */
async function put(
  { parts, log }: Opened,
  tools: Tools,
  subscriber: string,
  given: GivenTerms,
  apply: boolean,
): Promise<number> {
  const agree = createAgree({ ...parts, log });
  const { before, terms } = await agree.tried(subscriber, given);
  const isSame = before !== null && sameTerms(before, terms);
  const saved = apply && !isSame ? await agree.subscription(subscriber, given) : null;
  const after = saved?.terms.at(-1) ?? terms;
  const written = saved !== null;
  tools
    .output()
    .result({ subscriber, subscription: given.id, written, before, terms: after }, [
      ...(isSame ? ['Nothing changes: these are the terms in force.'] : differences(before, after)),
      ...(isSame
        ? []
        : [
            written
              ? `Agreed. What is opened from slot ${after.fromSlot} on is under these terms; earlier positions keep theirs.`
              : 'Nothing was written. Agree it with --apply.',
          ]),
    ]);
  return 0;
}

/** Adds the options that name fields of terms. */
const withFields = (command: Command): Command =>
  command
    .option('--share-bps <n>', 'the share, in basis points of the profit', wholeOf(0, 10_000))
    .option('--creator <wallet>', 'the wallet that is paid')
    .addOption(new Option('--basis <basis>', 'how losses count').choices(BASES))
    .addOption(new Option('--profit <profit>', 'net or gross of fees').choices(PROFITS))
    .option('--minimum <units>', 'shares below this sum wait, in base units', unitsOf)
    .option('--hurdle <units>', 'profit up to here owes nothing', unitsOf)
    .option('--cap-per-close <units>', 'the most that a close owes, or none', orNone(unitsOf))
    .option('--cap-per-period <units>', 'the most of a period, or none', orNone(unitsOf))
    .option('--period-slots <n>', 'the length of a period, or none', orNone(wholeOf(1)))
    .option('--free-before-slot <n>', 'a close before this slot owes nothing', wholeOf(0))
    .option('--expires-after-ms <n>', 'when a debt lapses, or none', orNone(wholeOf(60_000)))
    .option('--off-curve', 'the creator is an address without a key; it must exist')
    .option('--split <wallet=bps:label>', 'a part for another recipient; once for each', splitOf)
    .option('--no-splits', 'the creator gets the whole share')
    .option('--apply', 'agree it; without this option it is checked and told only');

/** Adds the commands under `terms`. */
export function addTerms(program: Command, tools: Tools): void {
  const terms = program.command('terms').description('the terms of subscriptions');
  terms
    .command('show <subscriber> [subscription]')
    .description('every version of the terms, oldest first')
    .action((subscriber: string, id?: string) =>
      tools.look(async ({ parts: { ledger } }) => {
        const found =
          id === undefined
            ? await ledger.subscriptions.ofSubscriber(subscriber)
            : [await knownOf(ledger, subscriber, id)];
        const head = ['SUBSCRIPTION', 'FROM SLOT', ...FIELDS.map(String), 'splits'];
        const rows = found.flatMap((each) =>
          each.terms.map((one) => [each.id, String(one.fromSlot), ...cellsOf(one)]),
        );
        tools
          .output()
          .result({ subscriber, subscriptions: found }, [
            ...(rows.length === 0
              ? [`${subscriber} has no subscription.`]
              : table([head, ...rows])),
          ]);
        return found.length === 0 ? 1 : 0;
      }),
    );
  const run = (
    what: string,
    asked: Record<string, unknown>,
    apply: true | undefined,
    work: (opened: Opened) => Promise<number>,
  ) => (apply === true ? tools.act(what, asked, work) : tools.look(work));
  withFields(
    terms
      .command('agree <subscriber> <subscription>')
      .description('agree the first terms; needs --creator and --share-bps')
      .option('--sub-account <n>', 'the sub-account that copies', wholeOf(0, 65_535), 0)
      .addOption(new Option('--venue <name>', 'the venue of it').choices(VENUE_NAMES)),
  ).action((subscriber: string, id: string, options: Options) =>
    run('terms agree', { subscriber, id, ...options }, options.apply, async (opened) => {
      if ((await opened.parts.ledger.subscriptions.find(id)) !== null)
        throw new Fault('conflict', `Subscription ${id} has terms. Use bailiff terms change.`);
      const { subAccount: subAccountId = 0, venue } = options;
      const place = venue === undefined ? { subAccountId } : { subAccountId, venue };
      const given = { id, ...place, ...changeIn(options) };
      return put(opened, tools, subscriber, given, options.apply === true);
    }),
  );
  withFields(
    terms
      .command('change <subscriber> <subscription>')
      .description('change the given fields from now on; every other field stays')
      .option('--new-creator', 'with --creator: another creator, whose mark begins anew'),
  ).action((subscriber: string, id: string, options: Options) =>
    run('terms change', { subscriber, id, ...options }, options.apply, async (opened) => {
      const { ledger } = opened.parts;
      const place = await placeOf(ledger, await knownOf(ledger, subscriber, id));
      const given = { id, ...place, ...changeIn(options) };
      return put(opened, tools, subscriber, given, options.apply === true);
    }),
  );
  terms
    .command('end <subscriber> <subscription>')
    .description('what is opened from now on owes nothing; earlier positions still do')
    .option('--apply', 'end it; without this option it is told only')
    .action((subscriber: string, id: string, { apply }: { apply?: true }) =>
      run('terms end', { subscriber, id }, apply, async ({ parts, log }) => {
        const known = await knownOf(parts.ledger, subscriber, id);
        const saved =
          apply === true ? await createAgree({ ...parts, log }).end(subscriber, id) : known;
        const written = apply === true;
        const said = written
          ? `Ended: what is opened from slot ${saved.terms.at(-1)?.fromSlot} on owes nothing.`
          : 'Nothing was written. End it with --apply.';
        tools
          .output()
          .result({ subscriber, subscription: id, written, terms: saved.terms.at(-1) }, [said]);
        return 0;
      }),
    );
}
