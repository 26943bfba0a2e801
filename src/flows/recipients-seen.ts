// Recipients seen: gathers what planning must know of each recipient of a payment, beside its token
// account: whether its address may be paid, whether its account is opened once more, whether the
// sponsor pays for it, and what all subscribers owe to it.
import type { Address } from '../core/ids.ts';
import { seenOf } from '../core/plan-costs.ts';
import type { CreatorSeen } from '../core/preflight.ts';
import type { Token } from '../core/token.ts';
import type { Trouble } from '../core/trouble.ts';
import type { Budget } from './budget.ts';
import type { Payable } from './payable.ts';
import type { Reading } from './preflight.ts';

/** The reading of each recipient; or the trouble of the first one that cannot be paid. */
export type RecipientsSeen =
  | ReadonlyMap<Address, CreatorSeen>
  | { readonly creator: Address; readonly trouble: Trouble };

/** Creates the function that gathers what planning must know of the recipients. */
export const createRecipientsSeen =
  ({
    payable,
    budget,
  }: {
    readonly payable: Payable;
    readonly budget: Pick<Budget, 'opening' | 'sponsored' | 'owing'>;
  }) =>
  async (
    subscriberId: string,
    wallets: readonly Address[],
    token: Token,
    read: Reading,
  ): Promise<RecipientsSeen> => {
    const found = new Map<Address, CreatorSeen>();
    let rents = 0n;
    for (const creator of wallets) {
      const unpayable = await payable.trouble(creator, read.creatorWallets.get(creator) ?? null);
      if (unpayable !== null) return { creator, trouble: unpayable };
      const { creatorAccount } = seenOf(read, creator);
      const to = { creatorWallet: creator, token };
      const unopened = await budget.opening(to, { creatorAccount });
      if (unopened !== null) return { creator, trouble: unopened };
      const seen = { creatorAccount };
      const afforded = await budget.sponsored(subscriberId, creator, seen, read.costs, rents);
      found.set(creator, await budget.owing(to, afforded));
      if (creatorAccount === 'absent') rents += read.costs.tokenAccountRent;
    }
    return found;
  };
