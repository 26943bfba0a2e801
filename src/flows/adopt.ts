// Adopt: sub-accounts that an owner makes later are watched from then on. They are found by what was heard of them, and by
// the counter that says how many there are.
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

/** Follows what freshly heard facts say of accounts that are not watched yet. True when there were any. */
export async function adoptFrom(ports: AdoptPorts, facts: readonly Fact[]): Promise<boolean> {
  let grown = false;
  for (const fact of facts) {
    if (!namedIn(fact, ports.watched)) continue;
    const subscriber = await ports.ledger.subscribers.find(fact.subscriberId);
    if (subscriber === null) continue;
    // Its history begins with the transaction that told of it, which is read again for its sake.
    const fromSlot = Math.max(0, fact.position.slot - 1);
    grown =
      (await adoptSubAccounts(ports, subscriber.id, subscriber.agentWallet, fromSlot)) || grown;
  }
  return grown;
}
