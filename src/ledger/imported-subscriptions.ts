// Imported subscriptions: writes the subscriptions of a chunk, with their terms, the positions at
// their beginning and the losses that they bring.
import type { Prepared, PreparedSubscription, RowOutcome } from '../core/import-ports.ts';
import { recipientsOf } from '../core/split.ts';
import type { Subscription } from '../core/subscription.ts';
import { sameTerms } from '../core/terms.ts';
import { type Transaction, toJson } from './database.ts';
import { among } from './groups.ts';
import { keepSplits, readSubscriptions } from './subscriptions.ts';

type Known = {
  readonly byId: ReadonlyMap<string, Subscription>;
  readonly idOfAccount: ReadonlyMap<string, string>;
  readonly ownerOf: ReadonlyMap<string, string>;
  readonly checked: ReadonlySet<string>;
  readonly agents: ReadonlySet<string>;
};

async function readKnown(tx: Transaction, own: readonly PreparedSubscription[]): Promise<Known> {
  const accounts = own.map((each) => each.account);
  const creators = own.flatMap(({ terms }) => recipientsOf(terms).map((each) => each.wallet));
  // The trigger that refuses an agent wallet as a creator passes over terms that end a
  // subscription. For these terms the lock of that trigger is taken here, so that no wallet becomes
  // an agent's between this reading and the commit.
  const ended = own.flatMap(({ terms }) =>
    terms.ended ? recipientsOf(terms).map((each) => each.wallet) : [],
  );
  await tx`
    select pg_advisory_xact_lock(hashtextextended('bailiff.role ' || w, 0))
    from (select distinct jsonb_array_elements_text(${tx.json(ended)}) as w order by 1) t`;
  const taken = await tx<{ subscription_id: string; drift_account: string }[]>`
    select subscription_id, drift_account from subscription where drift_account = ${among(tx, accounts)}`;
  const watched = await tx<{ address: string; subscriber_id: string; checked: boolean }[]>`
    select a.address, a.subscriber_id, c.address is not null as checked
    from account a left join account_check c using (address)
    where a.address = ${among(tx, [...accounts, ...creators])}`;
  const known = await readSubscriptions(tx, { subscriptions: own.map(({ row }) => row.id) });
  const wanted = new Set<string>(creators);
  return {
    byId: new Map(known.map((each) => [each.id, each])),
    idOfAccount: new Map(taken.map((row) => [row.drift_account, row.subscription_id])),
    ownerOf: new Map(watched.map((row) => [row.address, row.subscriber_id])),
    checked: new Set(watched.flatMap((row) => (row.checked ? row.address : []))),
    agents: new Set(watched.flatMap((row) => (wanted.has(row.address) ? row.address : []))),
  };
}

/** Whether the ledger has this subscription already, as an earlier run of the import wrote it. */
const isSame = (known: Subscription, { account, terms, row }: PreparedSubscription): boolean => {
  const [first] = known.terms;
  return (
    known.driftAccount === account &&
    first !== undefined &&
    sameTerms(first, terms) &&
    (row.fromSlot === undefined || first.fromSlot === row.fromSlot) &&
    (known.held.open ?? 'free') === row.open
  );
};

function outcomeOf(
  each: PreparedSubscription,
  subscriberId: string,
  known: Known,
  newAccounts: ReadonlySet<string>,
): RowOutcome['outcome'] {
  const { row, account, terms } = each;
  const problem = (text: string) => ({ problem: text });
  if (known.ownerOf.get(account) !== subscriberId)
    return problem(`Its subscriber ${subscriberId} was refused, or has no such sub-account.`);
  const before = known.byId.get(row.id);
  if (before !== undefined) {
    if (before.subscriberId !== subscriberId || before.driftAccount !== account)
      return problem(
        `Subscription ${row.id} is of another subscriber or sub-account. Use a new id.`,
      );
    return isSame(before, each)
      ? 'known'
      : problem(
          `Subscription ${row.id} is here with other terms. Change them with POST /v1/subscribers/${subscriberId}/subscriptions, or end it with DELETE /v1/subscribers/${subscriberId}/subscriptions/${row.id}.`,
        );
  }
  const other = known.idOfAccount.get(account);
  if (other !== undefined)
    return problem(`This sub-account already has the subscription ${other}. Change its terms.`);
  const agent = recipientsOf(terms).find((each) => known.agents.has(each.wallet));
  if (agent !== undefined)
    return problem(
      `${agent.wallet} is an agent wallet, or an account of one: a share paid there would come back to a subscriber.`,
    );
  if (row.open === 'from_slot' && !newAccounts.has(account) && known.checked.has(account))
    return problem(
      `Account ${account} is watched already, from a later slot. Use open free or charged.`,
    );
  return 'new';
}

/** Writes the subscriptions of a chunk; each row's outcome is added to `outcomes`. */
export async function importSubscriptions(
  tx: Transaction,
  prepared: readonly Prepared[],
  newAccounts: ReadonlySet<string>,
  outcomes: RowOutcome[],
): Promise<void> {
  const given = prepared.flatMap(({ subscriberId, subscriptions }) =>
    subscriptions.map((each) => ({ subscriberId, each })),
  );
  if (given.length === 0) return;
  const known = await readKnown(
    tx,
    given.map(({ each }) => each),
  );
  const added = given.filter(({ subscriberId, each }) => {
    const outcome = outcomeOf(each, subscriberId, known, newAccounts);
    outcomes.push({ line: each.line, outcome });
    return outcome === 'new';
  });
  if (added.length === 0) return;
  const rows = added.map(({ subscriberId, each: { row, account, terms, held, ...rest } }) => ({
    subscriber_id: subscriberId,
    subscription_id: row.id,
    drift_account: account,
    held: held.positions,
    held_slot: held.slot,
    open_at_start: held.open ?? 'free',
    books_from: rest.booksFrom,
    deficit: rest.deficit,
    from_slot: terms.fromSlot,
    creator_wallet: terms.creatorWallet,
    share_bps: terms.shareBps,
    basis: terms.basis,
    minimum_payment: terms.minimumPayment,
    off_curve: terms.offCurve,
    expires_after_ms: terms.expiresAfterMs,
    ended: terms.ended,
    profit: terms.profit,
    hurdle: terms.hurdle,
    cap_per_close: terms.capPerClose,
    cap_per_period: terms.capPerPeriod,
    period_slots: terms.periodSlots,
    free_before_slot: terms.freeBeforeSlot,
  }));
  const json = tx.json(toJson(rows));
  await tx`
    insert into subscription (subscriber_id, subscription_id, drift_account, held, held_slot, open_at_start, books_from)
    select subscriber_id, subscription_id, drift_account, held, held_slot, open_at_start, books_from
    from jsonb_to_recordset(${json}) as t(subscriber_id text, subscription_id text, drift_account text, held jsonb,
      held_slot bigint, open_at_start text, books_from bigint)`;
  await tx`
    insert into subscription_terms (subscriber_id, subscription_id, from_slot, creator_wallet, share_bps, basis, minimum_payment,
      off_curve, expires_after_ms, ended, mark_slot, profit, hurdle, cap_per_close, cap_per_period, period_slots, free_before_slot)
    select subscriber_id, subscription_id, from_slot, creator_wallet, share_bps, basis, minimum_payment, off_curve,
      expires_after_ms, ended, from_slot, profit, hurdle, cap_per_close, cap_per_period, period_slots, free_before_slot
    from jsonb_to_recordset(${json}) as t(subscriber_id text, subscription_id text, from_slot bigint, creator_wallet text,
      share_bps integer, basis text, minimum_payment bigint, off_curve boolean, expires_after_ms bigint, ended boolean,
      profit text, hurdle bigint, cap_per_close bigint, cap_per_period bigint, period_slots bigint, free_before_slot bigint)`;
  await keepSplits(
    tx,
    added.map(({ subscriberId, each: { row, terms } }) => ({
      subscriberId,
      id: row.id,
      fromSlot: terms.fromSlot,
      splits: terms.splits,
    })),
  );
  await tx`
    insert into tab (subscriber_id, subscription_id, mark_slot, carry, deficit)
    select subscriber_id, subscription_id, from_slot, 0, deficit
    from jsonb_to_recordset(${json}) as t(subscriber_id text, subscription_id text, from_slot bigint, deficit bigint)
    where deficit > 0`;
  // The history of an account that is new here is read from the terms on.
  await tx`
    update account a set cursor_slot = least(a.cursor_slot, t.held_slot), walked_at = null, walked_slot = null, walked_pulse = null
    from jsonb_to_recordset(${json}) as t(drift_account text, held_slot bigint, open_at_start text)
    where a.address = t.drift_account and t.open_at_start = 'from_slot'`;
  await tx`
    delete from unbooked u using jsonb_to_recordset(${json}) as t(drift_account text, from_slot bigint, books_from bigint)
    where u.account = t.drift_account and u.slot < greatest(t.from_slot, t.books_from)`;
}
