// Adopt: watches accounts that an owner made after registering. Sub-accounts are found through
// facts that name them and through the venue's counter of sub-accounts; token accounts are followed
// when collateral went to them, or when a delegate may take tokens from them.
import type { Unfollowed } from '../core/doubt-ports.ts';
import type { Fact } from '../core/fact.ts';
import { type Address, base58Text, type Slot } from '../core/ids.ts';
import type { Ledger, Subscriber } from '../core/ports.ts';
import type { ChainTransaction } from '../core/transaction.ts';
import type { CheckPorts } from './account-checks.ts';
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

/**
 * The slot from which accounts are followed that a transaction after `namedAfter` names: an earlier
 * one, where one of these addresses is listed as not followed since then. What the accounts did
 * between the two slots was not heard and may owe a share.
 */
async function firstSlot(
  { unfollowed }: Ledger,
  addresses: readonly Address[],
  namedAfter: Slot,
): Promise<Slot> {
  const listed = await unfollowed.find(addresses);
  return Math.min(namedAfter, ...listed.map((each) => each.fromSlot));
}

/**
 * Watches the sub-accounts of a subscriber that a venue counts and that are not followed, as far as
 * there is room: from the slot `namedAfter` on, or from an earlier one with which a counter of this
 * subscriber is listed. A listed counter stands for the sub-accounts of its other venues as well,
 * because one call lists one counter. Where there is no room for all, the counter of the first one
 * left is listed, and the gate says `unknown` for this subscriber. `none`: the counters, read after
 * `namedAfter`, show no sub-account that is not followed.
 */
async function adoptSubAccounts(
  ports: AdoptPorts,
  subscriber: Subscriber,
  namedAfter: Slot,
): Promise<'grown' | 'same' | 'none'> {
  const { ledger, clock, log, watched, venues } = ports;
  const { id: subscriberId, agentWallet } = subscriber;
  const fromSlot = await firstSlot(ledger, countersOf(venues, agentWallet), namedAfter);
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
  if (beyond !== undefined) {
    const address = venues.of(beyond.venue).statsAddress(agentWallet);
    const unfollowed = { address, subscriberId, fromSlot };
    if (await ledger.unfollowed.add(unfollowed, clock.nowMs()))
      log.error('account.not_adopted', {
        ...{ subscriber: subscriberId, address },
        subAccount: beyond.address,
      });
  }
  if (grown) await watched.refresh();
  return grown ? 'grown' : missing.length === 0 && slot > namedAfter ? 'none' : 'same';
}

/**
 * The most open token accounts of one subscriber that are followed. Each account costs its owner
 * rent, and the platform a watched address. While the subscriber has more of them the gate says
 * `unknown`, because a delegate could take tokens out of one unheard.
 */
export const TOKEN_ACCOUNTS_MOST = 100;
/** The most accounts that are not followed and are looked at in one run. */
const LOOKS_MOST = 100;
/** The owner in a token account's bytes; null for data that is too short. */
const ownerOf = (data: Uint8Array | undefined): string | null =>
  data === undefined || data.length < 165 ? null : base58Text(data.subarray(32, 64));

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
 * Token accounts of signing agents that hold tokens of value after a transaction. Such tokens stay
 * within the agent's reach, so their accounts are followed.
 */
function filledIn({ venues, watched }: AdoptPorts, transaction: ChainTransaction) {
  if (transaction.error !== null) return [];
  return transaction.tokenBalances.flatMap(({ account, mint, ownerAfter, after }) => {
    const owner = ownerAfter === null ? undefined : watched.map.get(ownerAfter);
    const kept =
      owner?.role === 'agent_wallet' &&
      transaction.signers.includes(owner.address) &&
      after > 0n &&
      venues.all.some((each) => each.ofValue(mint));
    return kept ? [{ address: account, subscriberId: owner.subscriberId }] : [];
  });
}

const openTokenAccounts = ({ watchList }: Ledger, subscriberId: string): Promise<number> =>
  watchList.openAccounts(subscriberId, 'agent_token_account');

async function adoptTokenAccount(
  { ledger, clock, log, watched }: AdoptPorts,
  address: Address,
  subscriberId: string,
  namedAfter: Slot,
): Promise<boolean> {
  const fromSlot = await firstSlot(ledger, [address], namedAfter);
  if ((await openTokenAccounts(ledger, subscriberId)) > TOKEN_ACCOUNTS_MOST) {
    log.error('account.not_adopted', { subscriber: subscriberId, address });
    await ledger.unfollowed.add({ address, subscriberId, fromSlot }, clock.nowMs());
    return false;
  }
  await ledger.unfollowed.remove(address);
  const named = { address, subscriberId, subAccountId: null, venue: null };
  const account = { ...named, fromSlot, nowMs: clock.nowMs() };
  if (!(await ledger.watchList.adopt(account))) return false;
  log.info('account.adopted', { subscriber: subscriberId, address, subAccountId: null });
  await watched.refresh();
  return true;
}

/**
 * Looks at the sub-accounts for which a counter is listed. Those for which there is room by now are
 * followed from the slot where the first of them was named, deleted ones as well, because their
 * trades may owe a share. The counter is forgotten in a later look, once none is left.
 */
async function lookAtSubAccounts(
  ports: AdoptPorts,
  subscriber: Subscriber,
  { address, fromSlot }: Unfollowed,
): Promise<boolean> {
  const { ledger, log } = ports;
  const found = await adoptSubAccounts(ports, subscriber, fromSlot);
  if (found !== 'none') return found === 'grown';
  await ledger.unfollowed.remove(address);
  log.info('account.forgotten', { subscriber: subscriber.id, address });
  // A sub-account that was named after the counters were read and before the row went was not
  // listed, because the row stood. It is listed or followed now.
  const still = await ledger.subscribers.find(subscriber.id);
  return still !== null && (await adoptSubAccounts(ports, still, fromSlot)) === 'grown';
}

/**
 * Creates the look at accounts that are not followed. A token account that is closed, or has
 * another owner, is forgotten. An account for which there is room by now is followed from the slot
 * where it was first named. Each call looks at the next hundred accounts, so that every one gets
 * its turn. Returns true when an account is followed that was not.
 */
export function createUnfollowedLook(ports: AdoptPorts): () => Promise<boolean> {
  const { ledger, chain, log, venues } = ports;
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
      const { address, subscriberId, fromSlot } = each;
      // The account was named in the slot after `fromSlot`. A node that has not seen that slot may
      // not know the account yet, which says nothing about whether it is closed.
      if (slot <= fromSlot) continue;
      const subscriber = await ledger.subscribers.find(subscriberId);
      if (subscriber !== null && countersOf(venues, subscriber.agentWallet).includes(address)) {
        grown = (await lookAtSubAccounts(ports, subscriber, each)) || grown;
        continue;
      }
      const owner = ownerOf(accounts[index]?.data);
      if (owner === null || owner !== subscriber?.agentWallet) {
        await ledger.unfollowed.remove(address);
        log.info('account.forgotten', { subscriber: subscriberId, address });
      } else if ((await openTokenAccounts(ledger, subscriberId)) <= TOKEN_ACCOUNTS_MOST)
        grown = (await adoptTokenAccount(ports, address, subscriberId, fromSlot)) || grown;
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
  for (const { address, subscriberId } of filledIn(ports, transaction)) {
    const fromSlot = Math.max(0, transaction.slot - 1);
    if (!watched.map.has(address))
      grown = (await adoptTokenAccount(ports, address, subscriberId, fromSlot)) || grown;
  }
  for (const fact of facts) {
    const fromSlot = Math.max(0, fact.position.slot - 1);
    const tokens = tokenAccountIn(fact);
    if (tokens !== null && !watched.map.has(tokens))
      grown = (await adoptTokenAccount(ports, tokens, fact.subscriberId, fromSlot)) || grown;
    if (!namedIn(fact, watched)) continue;
    const subscriber = await ledger.subscribers.find(fact.subscriberId);
    if (subscriber === null) continue;
    grown = (await adoptSubAccounts(ports, subscriber, fromSlot)) === 'grown' || grown;
  }
  return grown;
}
