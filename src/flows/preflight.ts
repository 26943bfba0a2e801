// Preflight: what a payment is made of, and the one reading of the chain that its plan depends on. SPL balances come from
// token accounts, never from Drift collateral.
import type { Address } from '../core/ids.ts';
import type { BaseUnits } from '../core/money.ts';
import type { Chain, FeeMarket, PaymentParts, Pen, Venue } from '../core/outside.ts';
import type { Debt, Payment } from '../core/payment.ts';
import type { Preflight } from '../core/plan.ts';
import type { Subscriber } from '../core/ports.ts';
import type { Instruction } from '../core/transaction.ts';

export type ReadPorts = {
  readonly chain: Chain;
  readonly venue: Venue;
  readonly pen: Pen;
  readonly fees: FeeMarket;
};
export type Reserves = { readonly agentReserve: bigint; readonly sponsorReserve: bigint };

export const memoOf = (paymentId: string): string => `bailiff:${paymentId}`;

/** Everybody's addresses in a payment. */
export function partsOf(
  { chain, venue, pen }: ReadPorts,
  payment: Payment,
  subscriber: Subscriber,
): PaymentParts {
  const sponsored = payment.plan.feePayer === 'sponsor' && pen.sponsor !== null;
  return {
    payment,
    agent: subscriber.agentWallet,
    agentTokenAccount: subscriber.agentTokenAccount,
    creator: payment.creatorWallet,
    creatorTokenAccount: chain.tokenAccount(venue.quoteMint, payment.creatorWallet),
    payer: sponsored ? pen.sponsor : subscriber.agentWallet,
    sponsorTokenAccount: sponsored ? chain.tokenAccount(venue.quoteMint, pen.sponsor) : null,
  };
}

/** A payment's instructions, without the compute budget. */
export async function instructionsOf(
  { chain, venue }: ReadPorts,
  parts: PaymentParts,
): Promise<Instruction[]> {
  const memo = memoOf(parts.payment.id);
  const around = chain.transferInstructions(parts, venue.quoteMint, venue.quoteDecimals, memo);
  const drawn = await venue.instructions(parts, chain.accounts);
  return [...around.before, ...drawn, ...around.after];
}

/** One batched read of everything a plan depends on, with the Drift user that would pay. */
export async function readPreflight(
  { chain, venue, pen, fees }: ReadPorts,
  reserves: Reserves,
  debt: Pick<Debt, 'creatorWallet' | 'driftUser'>,
  subscriber: Subscriber,
): Promise<Preflight> {
  const { quoteMint } = venue;
  const venueAccounts = await venue.preflightAccounts(debt.driftUser);
  const sponsorTokens = pen.sponsor === null ? [] : [chain.tokenAccount(quoteMint, pen.sponsor)];
  const wallets: Address[] = [
    subscriber.agentWallet,
    subscriber.agentTokenAccount,
    chain.tokenAccount(quoteMint, debt.creatorWallet),
    pen.sponsor ?? subscriber.agentWallet,
    ...sponsorTokens,
  ];
  const { accounts } = await chain.accounts([...wallets, ...venueAccounts]);
  const [agent, agentTokens, creator, payer, sponsorAccount] = accounts;
  const own = chain.readTokenAccount(agentTokens ?? null, quoteMint);
  const theirs = chain.readTokenAccount(creator ?? null, quoteMint);
  const sponsors =
    pen.sponsor === null ? null : chain.readTokenAccount(sponsorAccount ?? null, quoteMint);
  const price = await fees.microLamports();
  return {
    agentLamports: agent?.lamports ?? 0n,
    agentTokens: own?.amount ?? null,
    agentFrozen: own?.frozen ?? false,
    creatorAccount: theirs === null ? 'absent' : theirs.frozen ? 'frozen' : 'open',
    venue: venue.funds(debt.driftUser, accounts.slice(wallets.length)),
    sponsorLamports: pen.sponsor === null ? null : (payer?.lamports ?? 0n),
    sponsorTakesTokens: sponsors !== null && !sponsors.frozen,
    costs: {
      lamportsPerSignature: await fees.lamportsPerSignature(),
      priority: price === 0n ? 0n : fees.priorityFeeMost,
      tokenAccountRent: await chain.tokenAccountRent(),
      agentReserve: reserves.agentReserve,
      sponsorReserve: reserves.sponsorReserve,
    },
  };
}

/**
 * Asks the venue itself, by simulation, how much of `wanted` it would let go: settling and withdrawing, and nothing else.
 * The withdrawal is reduce-only, so the program takes what its own margin rules allow; what arrives is the answer.
 */
export async function askRoom(
  ports: ReadPorts,
  payment: Payment,
  subscriber: Subscriber,
  wanted: BaseUnits,
  tokensBefore: BaseUnits,
): Promise<
  { room: BaseUnits } | { error: unknown; programs: readonly Address[]; logs: readonly string[] }
> {
  const { chain, venue } = ports;
  const probe = { ...payment, plan: { ...payment.plan, withdraw: wanted } };
  const parts = partsOf(ports, probe, subscriber);
  const { before } = chain.transferInstructions(parts, venue.quoteMint, venue.quoteDecimals, '');
  const instructions = [...before, ...(await venue.instructions(parts, chain.accounts))];
  const watched = [subscriber.agentTokenAccount];
  const simulated = await chain.simulate(parts.payer, instructions, watched);
  if (simulated.error !== null)
    return { error: simulated.error, programs: simulated.programs, logs: simulated.logs };
  const after = chain.readTokenAccount(simulated.accounts[0] ?? null, venue.quoteMint);
  return { room: (after?.amount ?? tokensBefore) - tokensBefore };
}
