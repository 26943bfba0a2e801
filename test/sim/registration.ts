// Registration: the subscribers and subscriptions that a history begins with.
import type { Address } from '../../src/core/ids.ts';
import type { Ledger } from '../../src/core/ports.ts';
import { DEFAULT_VENUE } from '../../src/core/venue-name.ts';
import { NOTHING_HELD, termsOf } from '../support/terms.ts';
import type { SimChain } from './chain/chain.ts';
import type { Climate } from './climate.ts';
import { PEOPLE, SHARE_BPS, SUB_ACCOUNTS, subscriptionOf, venueOf } from './world.ts';

export async function register(
  ledger: Ledger,
  chain: SimChain,
  { terms, checked, both }: Climate,
): Promise<void> {
  for (const [index, person] of PEOPLE.entries()) {
    await ledger.subscribers.register({
      id: person.id,
      agentWallet: person.agent,
      agentTokenAccount: person.agentTokens,
      driftAccounts: person.users.map((address, subAccountId) => ({ address, subAccountId })),
      sealedKey: person.sealed.sealed,
      fromSlot: 1,
    });
    if (both)
      await ledger.subscribers.register({
        id: person.id,
        agentWallet: person.agent,
        agentTokenAccount: person.agentUsdt,
        driftAccounts: [{ address: person.velocityUser, subAccountId: 0, venue: 'velocity' }],
        sealedKey: person.sealed.sealed,
        fromSlot: 1,
      });
    for (let sub = 0; sub < SUB_ACCOUNTS + (both ? 1 : 0); sub++) {
      const { creatorWallet, ...subscription } = subscriptionOf(index, sub);
      await ledger.subscriptions.put({
        ...subscription,
        terms: termsOf(1, creatorWallet, SHARE_BPS, terms.get(subscription.id)),
        held: NOTHING_HELD,
      });
    }
  }
  if (!checked) return;
  // The state from which on histories are checked, as registering an account reads it.
  // People may act in the first block already.
  const slot = chain.block(0).slot - 1;
  for (const account of await ledger.watchList.all()) {
    const found = chain.store.get(account.address);
    const state = venueOf(account.venue ?? DEFAULT_VENUE).stateOf(
      account.role,
      slot,
      found && { ...found, owner: found.owner as Address },
    );
    if (state !== null) await ledger.checks.begin(account, state);
  }
}
