// Cleared: which withdrawals a clearance covers, by the surviving chain: by the instructions that
// people gave and the balances that they left. It shares no code with the daemon's judge.
import type { ChainAccount } from '../../src/core/chain-ports.ts';
import type { FundsReading } from '../../src/core/clearance.ts';
import type { Address } from '../../src/core/ids.ts';
import type { SimBooks } from './books.ts';
import { base58Of, TOKEN } from './chain/account.ts';
import type { Landed, SimChain } from './chain/chain.ts';
import { CALL, depositOf } from './chain/drift.ts';
import { type SimVenue, venueOfProgram } from './chain/venues.ts';
import type { StoredClearance } from './memory/state.ts';
import { before, type Moment, type Sum } from './oracle.ts';
import { accountsOf, agentTokensAt, type Person, PLACES, venueOf, venueOfUser } from './world.ts';

/** What people took out of a subscriber's accounts in one transaction. */
export type Taken = {
  readonly at: Moment;
  readonly amount: bigint;
  readonly venue: SimVenue;
  readonly signature: string;
};

/** Whether an instruction gives a token account to another owner: SetAuthority, of the owner. */
export const givesAway = ({ program, data }: { program: string; data: Uint8Array }): boolean =>
  program === TOKEN && data[0] === 6 && data[1] === 2;

/** The amount that a transaction brought to a token account, by its balances before and after. */
export function gainOf({ transaction, execution }: Landed, account: string): bigint {
  const index = transaction.keys.indexOf(account as Address);
  const of = (rows: Landed['execution']['preTokens']): bigint =>
    rows.find((row) => row.accountIndex === index)?.amount ?? 0n;
  return of(execution.postTokens) - of(execution.preTokens);
}

/** What the accounts of a person at a venue hold now, as a daemon reads it. */
export function readingsOf(
  chain: SimChain,
  person: Person,
  venue: SimVenue,
  slot: number,
): FundsReading[] {
  const reader = venueOf(venue.name);
  const users = accountsOf(person)
    .filter((user) => venueOfUser(user) === venue)
    .map((account) => {
      const found = chain.store.get(account);
      const unsettled =
        reader.stateOf('drift_user', slot, found as ChainAccount | null)?.quote?.unsettled ?? 0n;
      return { account, slot, amount: depositOf(found) + unsettled };
    });
  const account = agentTokensAt(person, venue);
  const data = chain.store.get(account)?.data;
  if (data === undefined) return [...users, { account, slot, amount: 0n }];
  const own = base58Of(Buffer.from(data), 32) === person.agent;
  const amount = Buffer.from(data).readBigUInt64LE(64);
  return own ? [...users, { account, slot, amount }] : users;
}

/**
 * What a transaction changed in the accounts of the readings: what closes brought, what went into
 * the vault of the venue, and what came into the own token account. Null from the moment at which
 * that account is given away.
 */
function changeIn(
  landed: Landed,
  readings: readonly FundsReading[],
  venue: SimVenue,
  tokens: string,
): bigint | null {
  const { transaction, execution } = landed;
  if (execution.error !== null) return 0n;
  const read = new Set<string>(readings.map((each) => each.account));
  let change = read.has(tokens) ? gainOf(landed, tokens) : 0n;
  let moved = false;
  for (const { program, accounts, data } of transaction.instructions) {
    const view = Buffer.from(data);
    if (givesAway({ program, data }) && read.has(accounts[0] ?? '')) return null;
    if (venueOfProgram(program) !== venue || !read.has(accounts[1] ?? '')) continue;
    const call = view.toString('hex', 0, 8);
    if (call === CALL.fill && view[18] === 1) change += view.readBigInt64LE(19);
    if (call === CALL.deposit || call === CALL.withdraw) moved = true;
  }
  return moved ? change + gainOf(landed, PLACES[venue.name].vault) : change;
}

/** What was owed at least at a moment, over all tokens. */
function owedAt(p: Moment, owed: readonly Sum[], paid: readonly (Sum & { exact?: boolean })[]) {
  const sums = new Map<string, bigint>();
  const add = (purse: string, amount: bigint) => sums.set(purse, (sums.get(purse) ?? 0n) + amount);
  for (const { at, purse, amount } of owed) if (before(at, p)) add(purse, amount);
  for (const { at, purse, amount, exact = false } of paid)
    if (exact ? !before(p, at) : at[0] <= p[0]) add(purse, -amount);
  return [...sums.values()].reduce((sum, each) => (each > 0n ? sum + each : sum), 0n);
}

/**
 * The withdrawals that no clearance covers in full. A clearance to close covers what leaves within
 * its slots and is not behind a trade in a later slot than that of its readings. One to withdraw
 * covers its amount of its token, in the order of the chain, and in one slot in the order of the
 * signatures where no node tells another; and only as far as what the accounts hold after the
 * transaction is as much as is owed. Of several the one that was granted first is used first. Only
 * kept clearances count.
 */
export function notCleared(
  chain: SimChain,
  { state }: SimBooks,
  person: Person,
  taken: readonly Taken[],
  debts: { readonly owed: readonly Sum[]; readonly paid: readonly (Sum & { exact?: boolean })[] },
): Moment[] {
  const final = chain.landed().filter((each) => chain.isFinal(each));
  const placeOf = ({ slot, index, transaction }: Landed, inside: number): Moment => [
    ...([slot, chain.placesTold ? index : null, inside, transaction.signature] as const),
  ];
  const traded = final.flatMap((landed) =>
    landed.execution.error !== null
      ? []
      : landed.transaction.instructions.flatMap(({ program, accounts, data }, inside) =>
          venueOfProgram(program) !== null &&
          Buffer.from(data).toString('hex', 0, 8) === CALL.fill &&
          accountsOf(person).some((user) => user === accounts[1])
            ? [placeOf(landed, inside)]
            : [],
        ),
  );
  const clearances = [...(state?.clearances.get(person.id) ?? [])]
    .sort((a, b) => a.grantedSlot - b.grantedSlot || (a.id < b.id ? -1 : 1))
    .map((each) => ({ ...each, left: each.amount }));
  const uncovered = new Map(taken.map((each) => [each, each.amount]));
  /** The most of this withdrawal that may be covered; what left beside it counts as still there. */
  const room = ({ readings, grantedSlot }: StoredClearance, each: Taken): bigint => {
    if (readings.length === 0) return each.amount;
    let there = readings.reduce((sum, { amount }) => sum + amount, 0n);
    for (const landed of final) {
      if (landed.slot <= grantedSlot) continue;
      const place = placeOf(landed, 0);
      const known = landed.transaction.signature === each.signature || before(place, each.at);
      if (!known && before(each.at, place)) continue;
      const tokens = agentTokensAt(person, each.venue);
      const change = changeIn(landed, readings, each.venue, tokens);
      if (change === null && known) return 0n;
      if (change !== null && (known || change > 0n)) there += change;
    }
    for (const [other, open] of uncovered)
      if (other.signature === each.signature && other.venue === each.venue) there += open;
    return there - owedAt(each.at, debts.owed, debts.paid);
  };
  const least = (...amounts: bigint[]): bigint => amounts.reduce((a, b) => (a < b ? a : b));
  const inOrder = [...taken].sort(
    (a, b) =>
      a.at[0] - b.at[0] ||
      (a.at[1] ?? 0) - (b.at[1] ?? 0) ||
      (a.signature === b.signature ? a.at[2] - b.at[2] : a.signature < b.signature ? -1 : 1),
  );
  for (const each of inOrder)
    for (const clearance of clearances) {
      const open = uncovered.get(each) ?? 0n;
      if (each.at[0] < clearance.grantedSlot || each.at[0] > clearance.untilSlot) continue;
      if (clearance.left === null) {
        const ended = traded.some((at) => at[0] > clearance.grantedSlot && before(at, each.at));
        if (!ended) uncovered.set(each, 0n);
        continue;
      }
      if (clearance.mint !== each.venue.mint) continue;
      const covered = least(clearance.left, open, room(clearance, each));
      if (covered <= 0n) continue;
      clearance.left -= covered;
      uncovered.set(each, open - covered);
    }
  return inOrder.flatMap((each) => ((uncovered.get(each) ?? 0n) > 0n ? [each.at] : []));
}
