// Adopt: accounts that an owner makes later are watched from then on. Sub-accounts are found by what was heard of them, and by
// the counter that says how many there are; token accounts where collateral went, or that somebody else may take from.
import type { Fact } from '../core/fact.ts';
import type { Address, Slot } from '../core/ids.ts';
import { type CheckPorts, missingSubAccounts } from './check.ts';
import type { WatchedAccounts } from './watched.ts';

export type AdoptPorts = CheckPorts & {
  readonly watched: WatchedAccounts;
};

/** Accounts of the same owner that a fact names and nobody watches. */
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

/** Watches every sub-account of an agent that the venue counts, from this slot on. */
export async function adoptSubAccounts(
  ports: AdoptPorts,
  subscriberId: string,
  agentWallet: Address,
  fromSlot: Slot,
): Promise<boolean> {
  const { ledger, clock, log, watched } = ports;
  let grown = false;
  for (const each of await missingSubAccounts(ports, agentWallet, watched.map)) {
    const account = { ...each, subscriberId, fromSlot, nowMs: clock.nowMs() };
    if (!(await ledger.watchList.adopt(account))) continue;
    grown = true;
    log.warn('account.adopted', { subscriber: subscriberId, ...each });
  }
  if (grown) await watched.refresh();
  return grown;
}

/** Token accounts that one subscriber may have watched beside its own: each costs its owner rent, and the platform an address. */
const TOKEN_ACCOUNTS_MOST = 100;

/**
 * An own token account that must be followed from now on: a transaction of a delegate or of a closing authority names the account
 * and not the wallet, so nothing else would tell of it.
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

async function adoptTokenAccount(
  { ledger, clock, log, watched }: AdoptPorts,
  address: Address,
  subscriberId: string,
  fromSlot: Slot,
): Promise<boolean> {
  const own = await ledger.watchList.all(subscriberId);
  if (own.filter((each) => each.role === 'agent_token_account').length > TOKEN_ACCOUNTS_MOST) {
    log.error('account.not_adopted', { subscriber: subscriberId, address });
    return false;
  }
  const account = { address, subscriberId, subAccountId: null, fromSlot, nowMs: clock.nowMs() };
  if (!(await ledger.watchList.adopt(account))) return false;
  log.info('account.adopted', { subscriber: subscriberId, address, subAccountId: null });
  await watched.refresh();
  return true;
}

/** Follows what freshly heard facts say of accounts that are not watched yet. True when there were any. */
export async function adoptFrom(ports: AdoptPorts, facts: readonly Fact[]): Promise<boolean> {
  const { watched, ledger } = ports;
  let grown = false;
  for (const fact of facts) {
    // Its history begins with the transaction that told of it, which is read again for its sake.
    const fromSlot = Math.max(0, fact.position.slot - 1);
    const tokens = tokenAccountIn(fact);
    if (tokens !== null && !watched.map.has(tokens))
      grown = (await adoptTokenAccount(ports, tokens, fact.subscriberId, fromSlot)) || grown;
    if (!namedIn(fact, watched)) continue;
    const subscriber = await ledger.subscribers.find(fact.subscriberId);
    if (subscriber === null) continue;
    grown =
      (await adoptSubAccounts(ports, subscriber.id, subscriber.agentWallet, fromSlot)) || grown;
  }
  return grown;
}
