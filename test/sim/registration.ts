// Registration: the subscribers and subscriptions that a history begins with.
import type { Ledger } from '../../src/core/ports.ts';
import { NOTHING_HELD, termsOf } from '../support/terms.ts';
import type { Climate } from './climate.ts';
import { PEOPLE, SHARE_BPS, SUB_ACCOUNTS, subscriptionOf } from './world.ts';

export async function register(ledger: Ledger, { terms }: Climate): Promise<void> {
  for (const [index, person] of PEOPLE.entries()) {
    await ledger.subscribers.register({
      id: person.id,
      agentWallet: person.agent,
      agentTokenAccount: person.agentTokens,
      driftAccounts: person.users.map((address, subAccountId) => ({ address, subAccountId })),
      sealedKey: person.sealed.sealed,
      fromSlot: 1,
    });
    for (let sub = 0; sub < SUB_ACCOUNTS; sub++) {
      const { creatorWallet, ...subscription } = subscriptionOf(index, sub);
      await ledger.subscriptions.put({
        ...subscription,
        terms: termsOf(1, creatorWallet, SHARE_BPS, terms.get(subscription.id)),
        held: NOTHING_HELD,
      });
    }
  }
}
