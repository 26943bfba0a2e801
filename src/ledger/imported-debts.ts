// Imported debts: writes the unpaid debts that a chunk brings from another system. Such a debt has
// no close; it is owed from the slot of the import on, and paid like every other one.
import { createHash } from 'node:crypto';
import { type Brought, broughtIn } from '../core/brought.ts';
import { type Address, base58Text, type Slot } from '../core/ids.ts';
import type { Prepared, PreparedDebt, RowOutcome } from '../core/import-ports.ts';
import { shareIdFrom } from '../core/receipt.ts';
import { recipientsOf } from '../core/split.ts';
import type { Subscription } from '../core/subscription.ts';
import type { Terms } from '../core/terms.ts';
import { amountText, type Token } from '../core/token.ts';
import { DEFAULT_VENUE } from '../core/venue-name.ts';
import { holdDebtsOf, waitAgain } from './credits.ts';
import { at, type Transaction, toJson } from './database.ts';
import { among } from './groups.ts';
import { tellAll } from './outbox.ts';
import { readSubscriptions } from './subscriptions.ts';
import { type TokenRow, tokenIn } from './tokens.ts';

/** The id of a brought debt, from its subscription and its id in the other system. */
const broughtShareId = (subscription: string, id: string): string =>
  shareIdFrom(base58Text(createHash('sha256').update(`brought/${subscription}/${id}`).digest()));

type Given = { readonly subscriberId: string; readonly slot: Slot; readonly each: PreparedDebt };
type Known = {
  readonly subscriptions: ReadonlyMap<string, Subscription>;
  readonly amounts: ReadonlyMap<string, { readonly amount: bigint; readonly creator: string }>;
  readonly tokens: ReadonlyMap<string, Token>;
};

async function readKnown(tx: Transaction, given: readonly Given[]): Promise<Known> {
  const ids = [...new Set(given.map(({ each }) => each.row.subscription))];
  const subscriptions = await readSubscriptions(tx, { subscriptions: ids });
  const shares = await tx<{ share_id: string; amount: bigint; creator_wallet: string }[]>`
    select share_id, amount, creator_wallet from profit_share
    where share_id = ${among(
      tx,
      given.map(({ each }) => broughtShareId(each.row.subscription, each.row.id)),
    )}`;
  const tokens = await tx<(TokenRow & { address: string })[]>`
    select a.address, k.mint, k.symbol, k.decimals from account a
    join venue v on v.name = coalesce(a.venue, ${DEFAULT_VENUE}) join token k on k.mint = v.mint
    where a.address = ${among(
      tx,
      subscriptions.map((each) => each.driftAccount),
    )}`;
  return {
    subscriptions: new Map(subscriptions.map((each) => [each.id, each])),
    amounts: new Map(
      shares.map((row) => [row.share_id, { amount: row.amount, creator: row.creator_wallet }]),
    ),
    tokens: new Map(tokens.map((row) => [row.address, tokenIn(row)])),
  };
}

type Debt = {
  readonly id: string;
  readonly given: Given;
  readonly creatorWallet: Address;
  readonly termsSlot: Slot;
  readonly recipient: number;
  readonly token: Token;
};

/** Which recipient of terms a wallet is; null when it is none. */
const recipientOf = (terms: Terms, wallet: Address | undefined): number | null =>
  recipientsOf(terms).find((each) => each.wallet === wallet)?.nth ?? null;

/** The debt of a row, or why it is not taken. */
function debtOf(given: Given, known: Known): Debt | RowOutcome['outcome'] {
  const { row } = given.each;
  const subscription = known.subscriptions.get(row.subscription);
  if (subscription?.subscriberId !== given.subscriberId)
    return {
      problem: `Subscriber ${given.subscriberId} has no subscription ${row.subscription}: its row was refused, or is not in the file.`,
    };
  const terms =
    row.creatorWallet === undefined
      ? subscription.terms.at(-1)
      : subscription.terms.findLast((each) => recipientOf(each, row.creatorWallet) !== null);
  const token = known.tokens.get(subscription.driftAccount);
  if (terms === undefined || token === undefined)
    return {
      problem: `No terms of subscription ${row.subscription} name the creator ${row.creatorWallet}. A debt is owed to the creator of its subscription.`,
    };
  const id = broughtShareId(row.subscription, row.id);
  const before = known.amounts.get(id);
  const { fromSlot: termsSlot } = terms;
  const creatorWallet = row.creatorWallet ?? terms.creatorWallet;
  const recipient = recipientOf(terms, creatorWallet) ?? 0;
  if (before === undefined) return { id, given, creatorWallet, termsSlot, recipient, token };
  if (before.amount === row.amount && before.creator === creatorWallet) return 'known';
  return {
    problem: `Debt ${row.id} was imported with ${amountText(before.amount, token)} to ${before.creator}. End that share first (${id}), or give this debt another id.`,
  };
}

const broughtOf = ({ each: { row } }: Given): Brought => ({
  id: row.id,
  origin: row.origin ?? null,
  netPnl: row.netPnl ?? null,
  shareBps: row.shareBps ?? null,
});

/** Writes the debts of a chunk; each row's outcome is added to `outcomes`. */
export async function importDebts(
  tx: Transaction,
  prepared: readonly Prepared[],
  observing: boolean,
  outcomes: RowOutcome[],
): Promise<void> {
  const given = prepared.flatMap(({ subscriberId, slot, debts }) =>
    debts.map((each) => ({ subscriberId, slot, each })),
  );
  if (given.length === 0) return;
  const owing = [...new Set(given.map((each) => each.subscriberId))];
  // As for a booking: no other transaction books or matches for these subscribers meanwhile.
  await holdDebtsOf(tx, owing);
  const known = await readKnown(tx, given);
  const debts = given.flatMap((each): Debt[] => {
    const debt = debtOf(each, known);
    const made = typeof debt === 'object' && 'id' in debt;
    const { line, row } = each.each;
    if (!made) {
      outcomes.push({ line, outcome: debt });
      return [];
    }
    const owed = { creatorWallet: debt.creatorWallet, token: debt.token, amount: row.amount };
    outcomes.push({ line, outcome: 'new', owed });
    return [debt];
  });
  const rows = debts.map(({ id, given: { subscriberId, slot, each }, ...debt }) => ({
    share_id: id,
    subscriber_id: subscriberId,
    subscription_id: each.row.subscription,
    slot,
    terms_slot: debt.termsSlot,
    recipient: debt.recipient,
    creator_wallet: debt.creatorWallet,
    mint: debt.token.mint,
    amount: each.row.amount,
    observed: observing,
    brought: broughtOf({ subscriberId, slot, each }),
    closed_at: each.row.at === undefined ? null : at(each.row.at),
  }));
  await tx`
    insert into profit_share (share_id, subscriber_id, subscription_id, slot, ordinal, terms_slot, recipient, creator_wallet, mint, amount, observed,
      brought, closed_at)
    select share_id, subscriber_id, subscription_id, slot, 0, terms_slot, recipient, creator_wallet, mint, amount, observed, brought, closed_at
    from jsonb_to_recordset(${tx.json(toJson(rows))}) as t(share_id text, subscriber_id text, subscription_id text, slot bigint,
      terms_slot bigint, recipient int, creator_wallet text, mint text, amount bigint, observed boolean, brought jsonb, closed_at timestamptz)`;
  await tellAll(
    tx,
    debts.flatMap(({ id, given: one, creatorWallet, token }) => {
      const { amount, subscription } = one.each.row;
      const debt = { id, subscriberId: one.subscriberId, creatorWallet, token, amount };
      return broughtIn({ ...debt, observed: observing }, subscription, broughtOf(one)).events;
    }),
  );
  // A transfer to the creator in a later block may have been matched before this commit.
  await waitAgain(
    tx,
    debts.map(({ given: { subscriberId, slot }, creatorWallet, token }) => ({
      subscriberId,
      creatorWallet,
      slot,
      mint: token.mint,
    })),
  );
}
