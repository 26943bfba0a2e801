// Adopt: watches accounts that an owner made after registering. Sub-accounts are found through
// facts that name them and through the venue's counter of sub-accounts; token accounts are followed
// when collateral or other value of the agent went to them, or when a delegate may take tokens from
// them.
import type { ChainAccount } from '../core/chain-ports.ts';
import type { Unfollowed } from '../core/doubt-ports.ts';
import type { Fact } from '../core/fact.ts';
import { filledAccounts } from '../core/filled.ts';
import { type Address, base58Text, type Slot } from '../core/ids.ts';
import type { Ledger, Subscriber } from '../core/ports.ts';
import { isTokenAccount } from '../core/token-account.ts';
import type { ChainTransaction } from '../core/transaction.ts';
import type { CheckPorts } from './state-check.ts';
import { countersOf, missingSubAccounts, roomFor } from './sub-accounts.ts';
import type { WatchedAccounts } from './watched.ts';

export type AdoptPorts = CheckPorts & {
  readonly watched: WatchedAccounts;
};

/** Whether a fact names an account of the same owner that is not watched. */
function namedIn(fact: Fact, watched: WatchedAccounts): boolean {
  const { body } = fact;
  const named =
    body.kind === 'notice' && body.what === 'sub_account_seen'
      ? body.who
      : body.kind === 'outflow' && body.route === 'transfer'
        ? body.destination
        : null;
  return named !== null && !watched.map.has(named);
}

/** The slots of the first and the last transaction that named an account that is not followed. */
type Named = Pick<Unfollowed, 'fromSlot' | 'namedSlot'>;
/** The slots of an account that one transaction names, from which its history begins. */
const namedBy = (slot: Slot): Named => ({ fromSlot: Math.max(0, slot - 1), namedSlot: slot });

/**
 * The slot from which accounts are followed that a transaction names: that of `named`, or an
 * earlier one, where one of these addresses is listed as not followed since then. What the accounts
 * did between the two slots was not heard and may owe a share.
 */
async function firstSlot(
  { unfollowed }: Ledger,
  addresses: readonly Address[],
  named: Named,
): Promise<Slot> {
  const listed = await unfollowed.find(addresses);
  return Math.min(named.fromSlot, ...listed.map((each) => each.fromSlot));
}

/**
 * Watches the sub-accounts of a subscriber that a venue counts and that are not followed, as far as
 * there is room: from the first slot of `named` on, or from an earlier one with which a counter of
 * this subscriber is listed. A listed counter stands for the sub-accounts of its other venues as
 * well, because one call lists one counter. Where there is no room for all, the counter of the
 * first one left is listed, and the gate says `unknown` for this subscriber. A counter is listed
 * too where the node that answers has not seen the last slot of `named`, and may know fewer
 * sub-accounts than there are. `noneIn`: the slot in which the counters show none that is not
 * followed; null where they show one.
 */
async function adoptSubAccounts(
  ports: AdoptPorts,
  subscriber: Subscriber,
  named: Named,
): Promise<{ readonly grown: boolean; readonly noneIn: Slot | null }> {
  const { ledger, clock, log, watched, venues } = ports;
  const { id: subscriberId, agentWallet } = subscriber;
  const fromSlot = await firstSlot(ledger, countersOf(venues, agentWallet), named);
  const room = await roomFor(ledger, subscriber);
  const { slot, missing } = await missingSubAccounts(ports, subscriber, room + 1);
  let grown = false;
  for (const each of missing.slice(0, room)) {
    const account = { ...each, subscriberId, fromSlot, nowMs: clock.nowMs() };
    if (!(await ledger.watchList.adopt(account))) continue;
    grown = true;
    log.warn('account.adopted', { subscriber: subscriberId, ...each });
  }
  const [beyond] = missing.slice(room);
  if (beyond !== undefined || slot < named.namedSlot) {
    const venue = beyond === undefined ? venues.usual : venues.of(beyond.venue);
    const address = venue.statsAddress(agentWallet);
    const unfollowed = { address, subscriberId, fromSlot, namedSlot: named.namedSlot };
    if (await ledger.unfollowed.add(unfollowed, clock.nowMs()))
      log[beyond === undefined ? 'warn' : 'error']('account.not_adopted', {
        subscriber: subscriberId,
        address,
        subAccount: beyond?.address ?? null,
      });
  }
  if (grown) await watched.refresh();
  return { grown, noneIn: missing.length === 0 ? slot : null };
}

/**
 * The most open token accounts of one subscriber that are followed. Each account costs its owner
 * rent, and the platform a watched address. While the subscriber has more of them the gate says
 * `unknown`, because a delegate could take tokens out of one unheard.
 */
export const TOKEN_ACCOUNTS_MOST = 100;
/** The most accounts that are not followed and are looked at in one run. */
const LOOKS_MOST = 100;
/** The owner in a token account's bytes; null for any other account. */
const ownerOf = (account: ChainAccount | null | undefined): string | null =>
  account && isTokenAccount(account) ? base58Text(account.data.subarray(32, 64)) : null;

/**
 * The subscriber's own token account that a fact makes necessary to follow, or null. A transaction
 * of a delegate or of a closing authority names the account and not the wallet, so it would not be
 * heard otherwise.
 */
function tokenAccountIn({ account, body }: Fact): Address | null {
  if (body.kind === 'notice')
    return (body.what === 'token_approved' || body.what === 'token_authority_changed') &&
      body.who !== null
      ? account
      : null;
  if (body.kind !== 'outflow' || !body.internal) return null;
  return body.route === 'withdraw' || body.route === 'isolated_withdraw' ? body.destination : null;
}

/**
 * Whether a token account stands in the transaction's balances. One that the transaction made and
 * closed does not, and there is nothing to follow: tokens that go into an account made again at its
 * address are heard by the agent's own transaction.
 */
const outlives = ({ tokenBalances }: ChainTransaction, account: Address): boolean =>
  tokenBalances.some((row) => row.account === account);

const openTokenAccounts = ({ watchList }: Ledger, subscriberId: string): Promise<number> =>
  watchList.openAccounts(subscriberId, 'agent_token_account');

async function adoptTokenAccount(
  { ledger, clock, log, watched }: AdoptPorts,
  address: Address,
  subscriberId: string,
  named: Named,
): Promise<boolean> {
  const fromSlot = await firstSlot(ledger, [address], named);
  if ((await openTokenAccounts(ledger, subscriberId)) > TOKEN_ACCOUNTS_MOST) {
    const unfollowed = { address, subscriberId, fromSlot, namedSlot: named.namedSlot };
    if (await ledger.unfollowed.add(unfollowed, clock.nowMs()))
      log.error('account.not_adopted', { subscriber: subscriberId, address });
    return false;
  }
  const tokens = { address, subscriberId, subAccountId: null, venue: null };
  const account = { ...tokens, fromSlot, nowMs: clock.nowMs() };
  if (!(await ledger.watchList.adopt(account))) return false;
  log.info('account.adopted', { subscriber: subscriberId, address, subAccountId: null });
  await watched.refresh();
  return true;
}

/**
 * Looks at the sub-accounts for which a counter is listed. Those for which there is room by now are
 * followed from the slot where the first of them was named, deleted ones as well, because their
 * trades may owe a share. The counter is forgotten in a later look, once none is left. The counter
 * stays listed where a sub-account was named in a later slot than that of the answer, also while
 * the counters were read.
 */
async function lookAtSubAccounts(
  ports: AdoptPorts,
  subscriber: Subscriber,
  listed: Unfollowed,
): Promise<boolean> {
  const { ledger, log } = ports;
  const { address } = listed;
  const { grown, noneIn } = await adoptSubAccounts(ports, subscriber, listed);
  if (noneIn !== null && (await ledger.unfollowed.remove(address, noneIn)))
    log.info('account.forgotten', { subscriber: subscriber.id, address });
  return grown;
}

/**
 * Creates the look at accounts that are not followed. A token account that is closed, or has
 * another owner, is forgotten. An account for which there is room by now is followed from the slot
 * where it was first named. Each call looks at the next hundred accounts, so that every one gets
 * its turn. Returns true when an account is followed that was not.
 */
export function createUnfollowedLook(ports: AdoptPorts): () => Promise<boolean> {
  const { ledger, chain, log, venues, watched } = ports;
  let last: Address | null = null;
  return async () => {
    const list = await ledger.unfollowed.next(LOOKS_MOST, last);
    last = list.length < LOOKS_MOST ? null : (list.at(-1)?.address ?? null);
    if (list.length === 0) return false;
    const { slot, accounts } = await chain.slices(
      list.map((each) => each.address),
      null,
      'finalized',
    );
    let grown = false;
    for (const [index, each] of list.entries()) {
      const { address, subscriberId } = each;
      // Two daemons that read one transaction may follow and list the same account.
      if (watched.map.has(address)) {
        await ledger.unfollowed.remove(address, null);
        continue;
      }
      const subscriber = await ledger.subscribers.find(subscriberId);
      if (subscriber !== null && countersOf(venues, subscriber.agentWallet).includes(address)) {
        grown = (await lookAtSubAccounts(ports, subscriber, each)) || grown;
        continue;
      }
      const owner = ownerOf(accounts[index]);
      if (owner === null || owner !== subscriber?.agentWallet) {
        // A node that has not seen the slot in which the account was named last may not know it
        // yet, which says nothing about whether it is closed. The account stays listed.
        if (await ledger.unfollowed.remove(address, slot))
          log.info('account.forgotten', { subscriber: subscriberId, address });
      } else if ((await openTokenAccounts(ledger, subscriberId)) <= TOKEN_ACCOUNTS_MOST)
        grown = (await adoptTokenAccount(ports, address, subscriberId, each)) || grown;
    }
    return grown;
  };
}

/**
 * Follows the accounts that a transaction and its new facts name and that are not watched yet. True
 * when there were any; the caller must then hear the transaction again. The history of a new
 * account begins with this transaction.
 */
export async function adoptFrom(
  ports: AdoptPorts,
  facts: readonly Fact[],
  transaction: ChainTransaction,
): Promise<boolean> {
  const { watched, ledger } = ports;
  let grown = false;
  const filled = filledAccounts(transaction, watched.map, ports.venues.all);
  for (const { address, subscriberId } of filled) {
    const named = namedBy(transaction.slot);
    grown = (await adoptTokenAccount(ports, address, subscriberId, named)) || grown;
  }
  for (const fact of facts) {
    const named = namedBy(fact.position.slot);
    const tokens = tokenAccountIn(fact);
    if (tokens !== null && outlives(transaction, tokens) && !watched.map.has(tokens))
      grown = (await adoptTokenAccount(ports, tokens, fact.subscriberId, named)) || grown;
    if (!namedIn(fact, watched)) continue;
    const subscriber = await ledger.subscribers.find(fact.subscriberId);
    if (subscriber === null) continue;
    grown = (await adoptSubAccounts(ports, subscriber, named)).grown || grown;
  }
  return grown;
}
