// Lists: what the API and the commands show in pages. A page says how to go on and how many rows
// there are, so that no list is cut silently.
import type { ProfitShare } from './debt-ports.ts';
import type { Delivery } from './event.ts';
import type { FactBody } from './fact.ts';
import type { PaymentState } from './payment.ts';

/** The rows that each list is asked for. A field that is left out does not restrict the list. */
export type ListFilters = {
  readonly subscribers: Readonly<Record<never, never>>;
  readonly shares: {
    readonly subscriberId?: string;
    readonly subscriptionId?: string;
    readonly creatorWallet?: string;
    readonly status?: ProfitShare['status'];
  };
  readonly payments: {
    readonly subscriberId?: string;
    readonly creatorWallet?: string;
    readonly state?: PaymentState;
  };
  readonly facts: { readonly subscriberId: string; readonly kind?: FactBody['kind'] };
  readonly closes: { readonly subscriberId: string };
  readonly credits: { readonly subscriberId: string };
  readonly clearances: { readonly subscriberId: string };
  readonly acts: { readonly actor?: string; readonly subscriber?: string };
  readonly deliveries: { readonly endpointId: string; readonly state?: Delivery['state'] };
};
export type ListName = keyof ListFilters;

/** What a filter may name. */
export const NAMED = ['subscriber', 'subscription', 'creator', 'actor', 'acted_on'] as const;
export type Named = (typeof NAMED)[number];

/**
 * Above so many rows a list does not say how many there are: counting them would take longer than
 * reading a page.
 */
export const COUNTED_MOST = 10_000;

export type Lists = {
  /** How many rows the filter has in all pages; null above COUNTED_MOST. */
  total<Name extends ListName>(list: Name, filter: ListFilters[Name]): Promise<number | null>;
  /** Whether a cursor names a row of the list, also one that the filter leaves out. */
  holds(list: ListName, cursor: string): Promise<boolean>;
  /**
   * Whether the ledger knows what a filter names: an id, a creator's wallet of any terms, an actor,
   * or a subscriber that is registered or was acted on.
   */
  knows(what: Named, id: string): Promise<boolean>;
};

export type Page<Row> = {
  readonly rows: readonly Row[];
  /** The cursor of the last row while there are more; null at the end. */
  readonly next: string | null;
  readonly total: number | null;
};
