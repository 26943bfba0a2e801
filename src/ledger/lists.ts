// Lists: the conditions of the lists that are shown in pages, the number of their rows, and whether
// a cursor names a row.
import { ACTORS_WITHOUT_KEY } from '../core/act.ts';
import {
  COUNTED_MOST,
  type ListFilters,
  type ListName,
  type Lists,
  type Named,
} from '../core/lists.ts';
import type { Period } from '../core/period.ts';
import { at, type Fragment, plannedEach, type Sql } from './database.ts';

type Conditions = { readonly [Name in ListName]: (filter: ListFilters[Name]) => Fragment };

/** The SQL condition of each list, on the columns of its table. */
export function conditionsOf(sql: Sql): Conditions {
  const all = (parts: readonly (Fragment | null)[]): Fragment =>
    parts.reduce<Fragment>(
      (sum, each) => (each === null ? sum : sql`${sum} and ${each}`),
      sql`true`,
    );
  const same = (column: Fragment, value: string | undefined): Fragment | null =>
    value === undefined ? null : sql`${column} = ${value}`;
  const within = (column: Fragment, { sinceMs, untilMs }: Period): Fragment =>
    all([
      sinceMs === undefined ? null : sql`${column} >= ${at(sinceMs)}`,
      untilMs === undefined ? null : sql`${column} < ${at(untilMs)}`,
    ]);
  return {
    subscribers: (period) => within(sql`registered_at`, period),
    shares: ({ subscriberId, subscriptionId, creatorWallet, status, ...period }) =>
      all([
        within(sql`coalesce(s.closed_at, s.accrued_at)`, period),
        same(sql`s.subscriber_id`, subscriberId),
        same(sql`s.subscription_id`, subscriptionId),
        same(sql`s.creator_wallet`, creatorWallet),
        same(sql`s.status`, status),
      ]),
    payments: ({ subscriberId, creatorWallet, state, ...period }) =>
      all([
        within(sql`planned_at`, period),
        same(sql`subscriber_id`, subscriberId),
        creatorWallet === undefined
          ? null
          : sql`exists (select 1 from payment_recipient r where r.creator_wallet = ${creatorWallet} and r.payment_id = p.payment_id)`,
        same(sql`state`, state),
      ]),
    facts: ({ subscriberId, kind, ...period }) =>
      all([
        within(sql`coalesce(block_at, recorded_at)`, period),
        same(sql`subscriber_id`, subscriberId),
        same(sql`kind`, kind),
      ]),
    closes: ({ subscriberId, ...period }) =>
      sql`subscriber_id = ${subscriberId} and kind in ('close', 'reckoning') and finality <> 'withdrawn'
        and ${within(sql`coalesce(block_at, recorded_at)`, period)}`,
    credits: ({ subscriberId }) => sql`c.subscriber_id = ${subscriberId}`,
    clearances: ({ subscriberId }) => sql`subscriber_id = ${subscriberId}`,
    acts: ({ actor, subscriber }) =>
      all([
        same(sql`actor`, actor),
        subscriber === undefined
          ? null
          : sql`(asked #>> '{path,id}' = ${subscriber}
              or asked #>> '{body,id}' = ${subscriber} and what = 'POST /v1/subscribers')`,
      ]),
    deliveries: ({ endpointId, state }) =>
      all([sql`d.endpoint_id = ${endpointId}`, same(sql`d.state`, state)]),
  };
}

/**
 * The slot, signature, ordinal and account in a cursor of facts or credits; null for any other
 * text.
 */
export function placeIn(
  cursor: string,
): { slot: string; signature: string; ordinal: string; account: string } | null {
  const [slot = '', signature = '', ordinal = '', account = '', ...rest] = cursor.split('.');
  const whole = /^\d{1,15}$/.test(slot) && /^\d{1,10}$/.test(ordinal) && rest.length === 0;
  return whole ? { slot, signature, ordinal, account } : null;
}

/** Creates the functions that count lists and look up ids. */
export function createLists(sql: Sql): Lists {
  const conditions = conditionsOf(sql);
  const listed = plannedEach(sql);
  const tables: Readonly<Record<ListName, Fragment>> = {
    subscribers: sql`subscriber`,
    shares: sql`profit_share s`,
    payments: sql`payment p`,
    facts: sql`fact`,
    closes: sql`fact`,
    credits: sql`credit c`,
    clearances: sql`clearance`,
    acts: sql`act`,
    deliveries: sql`event_delivery d`,
  };
  const placed = (table: Fragment, cursor: string): Fragment => {
    const place = placeIn(cursor);
    return place === null
      ? sql`false`
      : sql`exists (select 1 from ${table} where slot = ${place.slot}::bigint and signature = ${place.signature}
          and ordinal = ${place.ordinal}::bigint and account = ${place.account})`;
  };
  const row = (list: ListName, cursor: string): Fragment => {
    switch (list) {
      case 'subscribers':
        return sql`exists (select 1 from subscriber where subscriber_id = ${cursor})`;
      case 'shares':
        return sql`exists (select 1 from profit_share where share_id = ${cursor})`;
      case 'payments':
        return sql`exists (select 1 from payment where payment_id = ${cursor})`;
      case 'clearances':
        return sql`exists (select 1 from clearance where clearance_id = ${cursor})`;
      case 'acts':
        return /^\d{1,18}$/.test(cursor)
          ? sql`exists (select 1 from act where act_id = ${cursor}::bigint)`
          : sql`false`;
      case 'deliveries':
        return sql`exists (select 1 from event where event_id = ${cursor})`;
      case 'facts':
      case 'closes':
        return placed(sql`fact`, cursor);
      case 'credits':
        return placed(sql`credit`, cursor);
    }
  };
  const named = (what: Named, id: string): Fragment => {
    switch (what) {
      case 'subscriber':
        return sql`exists (select 1 from subscriber where subscriber_id = ${id})`;
      case 'subscription':
        return sql`exists (select 1 from subscription where subscription_id = ${id})`;
      case 'creator':
        return sql`exists (select 1 from terms_recipient where creator_wallet = ${id})`;
      case 'acted_on':
        return sql`(exists (select 1 from subscriber where subscriber_id = ${id})
          or exists (select 1 from act where asked #>> '{path,id}' = ${id}))`;
      case 'actor':
        return ACTORS_WITHOUT_KEY.has(id)
          ? sql`true`
          : sql`exists (select 1 from api_key where key_id = ${id})`;
    }
  };
  const answer = async (condition: Fragment): Promise<boolean> => {
    const [found] = await sql<{ yes: boolean }[]>`select ${condition} as yes`;
    return found?.yes === true;
  };
  return {
    async total(list, filter) {
      const [found] = await listed<{ count: bigint }[]>`
        select count(*) as count from (
          select 1 from ${tables[list]} where ${conditions[list](filter)} limit ${COUNTED_MOST + 1}) counted`;
      const count = Number(found?.count ?? 0);
      return count > COUNTED_MOST ? null : count;
    },
    holds: (list, cursor) => answer(row(list, cursor)),
    knows: (what, id) => answer(named(what, id)),
  };
}
