// Preflight: what a payment is made of, and the one reading of the chain that its plan depends on. SPL balances come from
// token accounts, never from Drift collateral.
import type { Address } from '../core/ids.ts';
import type { Chain, FeeMarket, PaymentParts, Pen, Venue } from '../core/outside.ts';
import type { Debt, Payment } from '../core/payment.ts';
import type { Preflight } from '../core/plan.ts';
import type { Subscriber } from '../core/ports.ts';

export type ReadPorts = {
  readonly chain: Chain;
  readonly venue: Venue;
  readonly pen: Pen;
  readonly fees: FeeMarket;
};
export type Reserves = { readonly agentReserve: bigint; readonly sponsorReserve: bigint };

const LAMPORTS_PER_SIGNATURE = 5_000n;

/** Everybody's addresses in a payment. */
export function partsOf(
  { chain, venue, pen }: ReadPorts,
  payment: Payment,
  subscriber: Subscriber,
): PaymentParts {
  return {
    payment,
    agent: subscriber.agentWallet,
    agentTokenAccount: subscriber.agentTokenAccount,
    creator: payment.creatorWallet,
    creatorTokenAccount: chain.tokenAccount(venue.quoteMint, payment.creatorWallet),
    payer:
      payment.plan.feePayer === 'agent' || pen.sponsor === null
        ? subscriber.agentWallet
        : pen.sponsor,
  };
}

/** One batched read of everything a plan depends on. */
export async function readPreflight(
  { chain, venue, pen, fees }: ReadPorts,
  reserves: Reserves,
  debt: Debt,
  subscriber: Subscriber,
): Promise<Preflight> {
  const creatorAccount = chain.tokenAccount(venue.quoteMint, debt.creatorWallet);
  const venueAccounts = await venue.preflightAccounts(debt.driftUser);
  const wallets: Address[] = [subscriber.agentWallet, subscriber.agentTokenAccount, creatorAccount];
  const { accounts } = await chain.accounts([
    ...wallets,
    pen.sponsor ?? subscriber.agentWallet,
    ...venueAccounts,
  ]);
  const [agent, agentTokens, creator, payer] = accounts;
  const own = chain.readTokenAccount(agentTokens ?? null, venue.quoteMint);
  const theirs = chain.readTokenAccount(creator ?? null, venue.quoteMint);
  const price = await fees.microLamports();
  return {
    agentLamports: agent?.lamports ?? 0n,
    agentTokens: own?.amount ?? null,
    agentFrozen: own?.frozen ?? false,
    creatorAccount: theirs === null ? 'absent' : theirs.frozen ? 'frozen' : 'open',
    venue: venue.funds(debt.driftUser, accounts.slice(wallets.length + 1)),
    sponsorLamports: pen.sponsor === null ? null : (payer?.lamports ?? 0n),
    costs: {
      lamportsPerSignature: LAMPORTS_PER_SIGNATURE,
      priority: price === 0n ? 0n : fees.priorityFeeMost,
      tokenAccountRent: await chain.tokenAccountRent(),
      agentReserve: reserves.agentReserve,
      sponsorReserve: reserves.sponsorReserve,
    },
  };
}
