// Preflight: builds the parts of a payment, and makes the one reading of the chain that its plan
// depends on. SPL balances come from token accounts, never from Drift collateral.

import type { Chain, ChainAccount, FeeMarket } from '../core/chain-ports.ts';
import type { Debt } from '../core/debt.ts';
import { Fault } from '../core/fault.ts';
import type { Address } from '../core/ids.ts';
import { least } from '../core/money.ts';
import type { Nonces } from '../core/nonce-ports.ts';
import type { Payment } from '../core/payment.ts';
import { paidTo } from '../core/payment-recipients.ts';
import type { Subscriber } from '../core/ports.ts';
import {
  type CreatorSeen,
  feeLamportsOf,
  type Preflight,
  type VenueFunds,
} from '../core/preflight.ts';
import type { TipSource } from '../core/sender-tip.ts';
import type { PaymentParts, Pen } from '../core/signing-ports.ts';
import type { Tokens } from '../core/token-ports.ts';
import type { Instruction } from '../core/transaction.ts';
import { troubled } from '../core/trouble.ts';
import type { SeenAccount, Venue, Venues } from '../core/venue.ts';
import type { LaneNonce, NonceSeen } from './nonce-guard.ts';

export type ReadPorts = {
  readonly chain: Chain;
  readonly tokens: Tokens;
  readonly venues: Venues;
  readonly pen: Pen;
  readonly fees: FeeMarket;
  readonly nonces: Nonces;
  /** The sender endpoint; null or absent where there is none. */
  readonly sender?: TipSource | null;
};
export type Reserves = { readonly agentReserve: bigint; readonly sponsorReserve: bigint };

/**
 * The compute units of a usual payment: settling one market, withdrawing, and a transfer take some
 * 113,000.
 */
const UNITS_USUAL = 150_000n;
const MICRO = 1_000_000n;

/** The memo of a payment, by which it is found again on chain. */
export const memoOf = (paymentId: string): string => `bailiff:${paymentId}`;

/** The addresses of all accounts in a payment. */
export function partsOf(
  { tokens, venues, pen }: ReadPorts,
  payment: Payment,
  subscriber: Subscriber,
): PaymentParts {
  const { quoteMint } = venues.of(payment.venue);
  const agentTokens = tokens.tokenAccount(quoteMint, subscriber.agentWallet);
  const sponsored = payment.plan.feePayer === 'sponsor' && pen.sponsor !== null;
  return {
    payment,
    agent: subscriber.agentWallet,
    agentTokenAccount: agentTokens,
    source: payment.plan.createAgentAccount
      ? tokens.passingAccount(subscriber.agentWallet, payment.id)
      : agentTokens,
    recipients: paidTo(payment).map(({ wallet, amount }) => ({
      wallet,
      tokenAccount: tokens.tokenAccount(quoteMint, wallet),
      amount,
    })),
    payer: sponsored ? pen.sponsor : subscriber.agentWallet,
    sponsorTokenAccount: sponsored ? tokens.tokenAccount(quoteMint, pen.sponsor) : null,
  };
}

/** The instructions before and after the venue's own. */
export async function aroundOf(
  { tokens, venues, fees }: ReadPorts,
  parts: PaymentParts,
): Promise<{ before: Instruction[]; after: Instruction[] }> {
  const memo = memoOf(parts.payment.id);
  const rent = await fees.tokenAccountRent();
  const { mint, decimals } = venues.of(parts.payment.venue).quote;
  return tokens.transferInstructions(parts, mint, decimals, memo, rent);
}

/**
 * All instructions of a payment out of an account as it was read, without the compute budget. A
 * payment that draws nothing from the venue needs no account.
 */
export async function instructionsOf(
  ports: ReadPorts,
  parts: PaymentParts,
  account: SeenAccount | null,
): Promise<Instruction[]> {
  const { chain } = ports;
  const venue = ports.venues.of(parts.payment.venue);
  const around = await aroundOf(ports, parts);
  const drawn = account === null ? [] : await venue.instructions(parts, account, chain.accounts);
  const { nonce } = parts.payment;
  const moves =
    nonce && ports.pen.sponsor ? [ports.nonces.advance(nonce.account, ports.pen.sponsor)] : [];
  return [...moves, ...around.before, ...drawn, ...around.after];
}

/** The reading that a plan depends on. */
export type Reading = Preflight & {
  /** The accounts at the addresses of the recipients. */
  readonly creatorWallets: ReadonlyMap<Address, ChainAccount | null>;
  /** The account at the venue; null when it does not exist or cannot be read. */
  readonly account: SeenAccount | null;
  /** The nonce account of the lane; null when the lane has none. */
  readonly nonce: NonceSeen | null;
};
/**
 * A Drift account and its funds. An account that this release cannot read gives funds of zero that
 * carry the trouble.
 */
function readAtVenue(
  venue: Venue,
  driftUser: Address,
  accounts: readonly (ChainAccount | null)[],
): { account: SeenAccount | null; funds: VenueFunds | null } {
  try {
    return venue.read(driftUser, accounts) ?? { account: null, funds: null };
  } catch (thrown) {
    if (!(thrown instanceof Fault) || thrown.code !== 'account_unreadable') throw thrown;
    // The debts wait for a release that reads the account; no attempt is used up until then.
    const blocked = troubled(
      'account_unreadable',
      `The ${venue.title} account ${driftUser} cannot be read: ${thrown.message}`,
    );
    const funds = { deposit: 0n, claimable: [], exposed: false, room: null, blocked };
    return { account: null, funds };
  }
}

/**
 * Reads in one batch everything that a plan depends on, for the Drift user that would pay these
 * recipients. The first recipient is that of the oldest debt. `expiries` is the number of payments
 * of these debts that have expired; the priority fee rises with that number.
 */
export async function readPreflight(
  { chain, tokens, venues, pen, fees, sender }: ReadPorts,
  reserves: Reserves,
  debt: Pick<Debt, 'driftUser' | 'venue'>,
  recipients: readonly Address[],
  subscriber: Subscriber,
  expiries: number,
  nonceAccount: LaneNonce | null,
): Promise<Reading> {
  const venue = venues.of(debt.venue);
  const { quoteMint } = venue;
  const venueAccounts = await venue.preflightAccounts(debt.driftUser, subscriber.agentWallet);
  const sponsorTokens = pen.sponsor === null ? [] : [tokens.tokenAccount(quoteMint, pen.sponsor)];
  const accountsOf = (wallet: Address) => [tokens.tokenAccount(quoteMint, wallet), wallet];
  const wallets: Address[] = [
    subscriber.agentWallet,
    tokens.tokenAccount(quoteMint, subscriber.agentWallet),
    ...recipients.slice(0, 1).flatMap(accountsOf),
    pen.sponsor ?? subscriber.agentWallet,
    ...sponsorTokens,
    ...recipients.slice(1).flatMap(accountsOf),
    ...(nonceAccount === null ? [] : [nonceAccount.address]),
  ];
  const { accounts, slot } = await chain.accounts([...wallets, ...venueAccounts]);
  const [agent, agentTokens, , , payer, sponsorAccount] = accounts;
  const seen = recipients.map((wallet, nth) => {
    const at = nth === 0 ? 2 : 3 + sponsorTokens.length + 2 * nth;
    const theirs = tokens.readTokenAccount(accounts[at] ?? null, quoteMint, wallet);
    const creatorAccount =
      theirs === null ? 'absent' : theirs.foreign ? 'foreign' : theirs.frozen ? 'frozen' : 'open';
    return { wallet, account: accounts[at + 1] ?? null, told: { creatorAccount } as CreatorSeen };
  });
  const nonce =
    nonceAccount === null ? null : { account: accounts[wallets.length - 1] ?? null, slot };
  const own = tokens.readTokenAccount(agentTokens ?? null, quoteMint, subscriber.agentWallet);
  const sponsors =
    pen.sponsor === null
      ? null
      : tokens.readTokenAccount(sponsorAccount ?? null, quoteMint, pen.sponsor);
  const usable = (read: typeof own) => read !== null && !read.frozen && !read.foreign;
  const { account, funds } = readAtVenue(venue, debt.driftUser, accounts.slice(wallets.length));
  const price = await fees.microLamports(expiries, venue.contended);
  const tip = sender?.tip() ?? null;
  return {
    agentLamports: feeLamportsOf(agent),
    agentTokens: own !== null && usable(own) ? own.amount : null,
    creatorAccount: seen[0]?.told.creatorAccount ?? 'absent',
    others: new Map(seen.slice(1).map((each) => [each.wallet, each.told])),
    venue: funds,
    account,
    creatorWallets: new Map(seen.map((each) => [each.wallet, each.account])),
    nonce,
    sponsorLamports: pen.sponsor === null ? null : feeLamportsOf(payer),
    // A sponsor that is also a recipient is not reimbursed, because it would pay itself.
    sponsorTakesTokens:
      usable(sponsors) && pen.sponsor !== null && !recipients.includes(pen.sponsor),
    costs: {
      lamportsPerSignature: await fees.lamportsPerSignature(),
      ...(nonceAccount?.pays === true ? { signatures: 2n } : {}),
      priority: price === 0n ? 0n : fees.priorityFeeMost,
      priorityLikely: least(fees.priorityFeeMost, (price * UNITS_USUAL) / MICRO),
      tokenAccountRent: await fees.tokenAccountRent(),
      agentReserve: reserves.agentReserve,
      sponsorReserve: reserves.sponsorReserve,
      ...(tip === null ? {} : { tip }),
    },
  };
}
