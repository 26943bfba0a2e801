// Lists: reads the pages that the API and the commands show. A filter that names nothing and a
// cursor that names no row are refused, because an empty page would look like the end of a list.
import type { Act } from '../core/act.ts';
import type { ListedClearance } from '../core/clearance-ports.ts';
import type { Credit } from '../core/debt-ports.ts';
import type { EventDelivery } from '../core/endpoint.ts';
import { Fault } from '../core/fault.ts';
import { isAddress } from '../core/ids.ts';
import type { ListedPayment } from '../core/listed-payment.ts';
import type { ListFilters, ListName, Named, Page } from '../core/lists.ts';
import type { RecordedClose } from '../core/outcome.ts';
import type { Ledger, ListedFact, Subscriber } from '../core/ports.ts';
import type { ProfitShare } from '../core/profit-share.ts';

/** The most rows of one page. */
export const PAGE_MOST = 500;

/** The length of a page, and the `next` of the page before it as its cursor. */
export type PageOf = { readonly limit: number; readonly cursor?: string | undefined };
/** A filter whose fields may be undefined, as parsers of queries and arguments leave them. */
export type Loose<Filter> = { readonly [Name in keyof Filter]: Filter[Name] | undefined };

export type Rows = {
  readonly subscribers: Subscriber;
  readonly shares: ProfitShare;
  readonly payments: ListedPayment;
  readonly facts: ListedFact;
  readonly closes: RecordedClose;
  readonly credits: Credit;
  readonly clearances: ListedClearance;
  readonly acts: Act;
  readonly deliveries: EventDelivery;
};
export type Listing = {
  /**
   * One page of a list. Throws `not_found` for a filter that names nothing the ledger knows,
   * `query_invalid` for a creator that is no address and for a cursor that names no row.
   */
  page<Name extends ListName>(
    list: Name,
    filter: Loose<ListFilters[Name]>,
    page: PageOf,
  ): Promise<Page<Rows[Name]>>;
};

const WORDS: Readonly<Record<Named, (id: string) => string>> = {
  subscriber: (id) => `Subscriber ${id} is not registered.`,
  subscription: (id) => `There is no subscription ${id}.`,
  creator: (id) => `No terms name ${id} as a creator.`,
  acted_on: (id) => `Subscriber ${id} is not registered, and no act names it.`,
  actor: (id) => `There is no API key ${id}. Other actors are configured, anyone and command.`,
};
/**
 * The kind of thing that each filter field names. The route of deliveries itself looks up the
 * endpoint.
 */
const FIELDS: Readonly<Record<string, Named>> = {
  subscriberId: 'subscriber',
  // Acts also name subscribers that were never registered.
  subscriber: 'acted_on',
  subscriptionId: 'subscription',
  creatorWallet: 'creator',
  actor: 'actor',
};

type Reader<Name extends ListName> = {
  read(filter: ListFilters[Name], limit: number, cursor: string | undefined): Promise<Rows[Name][]>;
  cursorOf(row: Rows[Name]): string;
};
type Readers = { readonly [Name in ListName]: Reader<Name> };

const before = (cursor: string | undefined) => (cursor === undefined ? {} : { before: cursor });

function readersOf(ledger: Ledger): Readers {
  return {
    subscribers: {
      read: (filter, limit, cursor) =>
        ledger.subscribers.list({
          ...filter,
          limit,
          ...(cursor === undefined ? {} : { after: cursor }),
        }),
      cursorOf: (row) => row.id,
    },
    shares: {
      read: (filter, limit, cursor) => ledger.shares.list({ ...filter, limit, ...before(cursor) }),
      cursorOf: (row) => row.id,
    },
    payments: {
      read: (filter, limit, cursor) =>
        ledger.payments.list({ ...filter, limit, ...before(cursor) }),
      cursorOf: (row) => row.id,
    },
    facts: {
      read: (filter, limit, cursor) => ledger.facts.list({ ...filter, limit, ...before(cursor) }),
      cursorOf: (row) => row.cursor,
    },
    closes: {
      read: (filter, limit, cursor) => ledger.facts.closes({ ...filter, limit, ...before(cursor) }),
      cursorOf: (row) => row.cursor,
    },
    credits: {
      read: (filter, limit, cursor) => ledger.credits.list({ ...filter, limit, ...before(cursor) }),
      cursorOf: (row) => row.cursor,
    },
    clearances: {
      read: (filter, limit, cursor) =>
        ledger.clearances.list({ ...filter, limit, ...before(cursor) }),
      cursorOf: (row) => row.id,
    },
    acts: {
      read: (filter, limit, cursor) =>
        ledger.acts.list({
          ...filter,
          limit,
          ...(cursor === undefined ? {} : { before: BigInt(cursor) }),
        }),
      cursorOf: (row) => String(row.id),
    },
    deliveries: {
      read: ({ endpointId, ...filter }, limit, cursor) =>
        ledger.endpoints.deliveries(endpointId, { ...filter, limit, ...before(cursor) }),
      cursorOf: (row) => row.eventId,
    },
  };
}

/** Creates the reader of pages. */
export function createListing(ledger: Ledger): Listing {
  const readers = readersOf(ledger);
  const requireKnown = async (given: Readonly<Record<string, unknown>>): Promise<void> => {
    for (const [field, id] of Object.entries(given)) {
      const what = FIELDS[field];
      if (what === undefined || typeof id !== 'string') continue;
      if (what === 'creator' && !isAddress(id))
        throw new Fault('query_invalid', `creator must be a Solana address, and is ${id}.`);
      if (!(await ledger.lists.knows(what, id))) throw new Fault('not_found', WORDS[what](id));
    }
  };
  return {
    async page<Name extends ListName>(
      list: Name,
      loose: Loose<ListFilters[Name]>,
      { limit, cursor }: PageOf,
    ) {
      const filter = Object.fromEntries(
        Object.entries(loose).filter(([, value]) => value !== undefined),
      ) as ListFilters[Name];
      await requireKnown(filter);
      if (cursor !== undefined && !(await ledger.lists.holds(list, cursor)))
        throw new Fault(
          'query_invalid',
          `${cursor} names no row of this list. Give the next of the page before, or begin anew without it.`,
        );
      const { read, cursorOf } = readers[list];
      // One row more than the page tells whether more rows follow.
      const [found, total] = await Promise.all([
        read(filter, limit + 1, cursor),
        ledger.lists.total(list, filter),
      ]);
      const rows = found.slice(0, limit);
      const last = rows.at(-1);
      return { rows, next: found.length > limit && last ? cursorOf(last) : null, total };
    },
  };
}

/**
 * Rows from a cursor on, page by page: at most `most`, or all rows when `most` is null. `onRead` is
 * told how many rows were read, and how many there are where that is known.
 */
export async function readAll<Row>(
  most: number | null,
  cursor: string | undefined,
  page: (at: PageOf) => Promise<Page<Row>>,
  onRead: (done: number, of: number | null) => void = () => {},
): Promise<Page<Row>> {
  const rows: Row[] = [];
  for (let at = cursor; ; ) {
    const limit = most === null ? PAGE_MOST : Math.min(PAGE_MOST, most - rows.length);
    const found = await page({ limit, cursor: at });
    rows.push(...found.rows);
    onRead(rows.length, most ?? found.total);
    if (found.next === null || rows.length === most)
      return { rows, next: found.next, total: found.total };
    at = found.next;
  }
}
