// Lists: the port to the lists that the API and the commands show in pages. A page says how to go
// on and how many rows there are, so that no list is cut silently.
import type { EventDelivery } from './endpoint.ts';
import type { FactBody } from './fact.ts';
import type { PaymentState } from './payment.ts';
import type { Period } from './period.ts';
import type { ProfitShare } from './profit-share.ts';

/** The filter of each list. A field that is left out does not restrict the list. */
export type ListFilters = {
  /** By the time of registration. */
  readonly subscribers: Period;
  readonly shares: {
    readonly subscriberId?: string;
    readonly subscriptionId?: string;
    readonly creatorWallet?: string;
    readonly status?: ProfitShare['status'];
  } & Period;
  readonly payments: {
    readonly subscriberId?: string;
    readonly creatorWallet?: string;
    readonly state?: PaymentState;
  } & Period;
  readonly facts: { readonly subscriberId: string; readonly kind?: FactBody['kind'] } & Period;
  readonly closes: { readonly subscriberId: string } & Period;
  readonly credits: { readonly subscriberId: string };
  readonly clearances: { readonly subscriberId: string };
  readonly acts: { readonly actor?: string; readonly subscriber?: string };
  readonly deliveries: { readonly endpointId: string; readonly state?: EventDelivery['state'] };
};
export type ListName = keyof ListFilters;

/** The kinds of things that a filter may name. */
const NAMED = ['subscriber', 'subscription', 'creator', 'actor', 'acted_on'] as const;
export type Named = (typeof NAMED)[number];

/**
 * With more rows than this a list does not give their number, because counting them would take
 * longer than reading a page.
 */
export const COUNTED_MOST = 10_000;

export type Lists = {
  /** The number of rows of the filter in all pages; null above COUNTED_MOST. */
  total<Name extends ListName>(list: Name, filter: ListFilters[Name]): Promise<number | null>;
  /** Whether a cursor names a row of the list, even one that the filter excludes. */
  holds(list: ListName, cursor: string): Promise<boolean>;
  /**
   * Whether the ledger knows the thing that a filter names: an id, a creator's wallet of any terms,
   * an actor, or a subscriber that is registered or was acted on.
   */
  knows(what: Named, id: string): Promise<boolean>;
};

export type Page<Row> = {
  readonly rows: readonly Row[];
  /** The cursor of the last row while there are further rows; null at the end. */
  readonly next: string | null;
  readonly total: number | null;
};
