// Credit: transfers to creators that Bailiff did not make, and matches them in a ledger whose books
// are known to be whole.
import type { Fact, Outflow } from '../../src/core/fact.ts';
import type { Ledger } from '../../src/core/ports.ts';
import { USDC } from '../../src/core/token.ts';
import { addressOf, CREATOR, signatureOf } from './ledger.ts';

/** Matches transfers. Returns the subscribers whose transfers were matched for the first time. */
export async function creditTransfers({ credits }: Pick<Ledger, 'credits'>): Promise<string[]> {
  const matched: string[] = [];
  for (const id of await credits.waiting())
    if ((await credits.match(id, null)).length > 0) matched.push(id);
  return matched;
}

/** An outflow of the agent's token account to the creator. */
export const transferOf = (
  n: number,
  slot: number,
  amount: bigint,
  more: Partial<Outflow> = {},
): Fact => ({
  subscriberId: 'ana',
  account: addressOf(2),
  signature: signatureOf(n),
  position: { slot, blockIndex: 1, ordinal: 0 },
  body: {
    kind: 'outflow',
    route: 'token_transfer',
    amount,
    mint: USDC.mint,
    decimals: 6,
    destination: addressOf(77),
    owner: CREATOR,
    internal: false,
    ofValue: true,
    consent: 'agent',
    signers: [],
    usd: amount,
    ...more,
  },
});
