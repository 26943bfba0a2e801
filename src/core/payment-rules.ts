// Payment rules: what must hold for each single effect of a payment that the pen signs, as one
// table. core/policy.ts has the rules about the payment as a whole.

import type { Address } from './ids.ts';
import type { Effect, Mandate } from './mandate.ts';
import type { BaseUnits, Lamports } from './money.ts';
import { TOKEN_PROGRAM } from './programs.ts';
import type { Rule, RulesByEffect } from './rules.ts';

const TOKEN_ACCOUNT_BYTES = 165n;
/** The most compute units that a transaction may ask for. */
export const COMPUTE_UNITS_MOST = 1_400_000;

/**
 * The amounts that the mandate owes, by role, because the sponsor may be a recipient of this
 * payment.
 */
export function duesOf(
  mandate: Mandate,
): { role: 'recipient' | 'sponsor'; to: Address; due: BaseUnits }[] {
  const { recipients, sponsorTokenAccount, reimburse } = mandate;
  return [
    ...recipients.map(({ tokenAccount, amount }) => ({
      role: 'recipient' as const,
      to: tokenAccount,
      due: amount,
    })),
    ...(reimburse > 0n && sponsorTokenAccount !== null
      ? [{ role: 'sponsor' as const, to: sponsorTokenAccount, due: reimburse }]
      : []),
  ];
}

/** The amounts that are due to a token account. */
const duesTo = (destination: Address, mandate: Mandate): BaseUnits[] =>
  duesOf(mandate)
    .filter((each) => each.to === destination)
    .map((each) => each.due);

/** The recipient to whom a token account belongs. */
const recipientAt = (account: Address, { recipients }: Mandate) =>
  recipients.find((each) => each.tokenAccount === account);

/** The first of these markets that the plan does not settle. */
const unplanned = (markets: readonly number[], { settleMarkets }: Mandate): number | undefined =>
  markets.find((market) => !settleMarkets.includes(market));

/** The priority fee in lamports at this price, when all compute units are used. */
const priorityFeeAt = (microLamports: bigint): Lamports =>
  (microLamports * BigInt(COMPUTE_UNITS_MOST)) / 1_000_000n;

/** The rule about the price of compute units, for payments and swaps. */
export const PRIORITY_FEE: Rule<
  Extract<Effect, { readonly effect: 'compute_price' }>,
  { readonly priorityFeeMost: Lamports }
> = {
  must: 'keep the priority fee within the setting, even if all compute units are used',
  holds: ({ microLamports }, { priorityFeeMost }) =>
    priorityFeeAt(microLamports) <= priorityFeeMost,
  objection: ({ microLamports }) =>
    `priority fee could reach ${priorityFeeAt(microLamports)} lamports`,
};

/** The rules about single effects of a payment. */
export const PAYMENT_RULES: RulesByEffect<Effect, Mandate> = {
  compute_limit: [
    {
      must: 'ask for at most 1,400,000 compute units',
      holds: ({ units }) => units <= COMPUTE_UNITS_MOST,
      objection: ({ units }) => `compute limit ${units} is above the maximum`,
    },
  ],
  compute_price: [PRIORITY_FEE],
  create_token_account: [
    {
      must: "create a recipient's own token account",
      holds: ({ account }, mandate) => recipientAt(account, mandate) !== undefined,
      objection: ({ owner }) => `creates a token account of ${owner}`,
    },
    {
      must: 'create it for that recipient',
      holds: ({ account, owner }, mandate) => recipientAt(account, mandate)?.wallet === owner,
      objection: ({ owner }) => `creates a token account of ${owner}`,
    },
    {
      must: 'create it for the quote token',
      holds: ({ mint }, mandate) => mint === mandate.mint,
      objection: ({ mint }) => `creates a token account of mint ${mint}`,
    },
    {
      must: 'charge the rent to the fee payer',
      holds: ({ payer }, { feePayer }) => payer === feePayer,
      objection: ({ payer }) => `rent is charged to ${payer}`,
    },
  ],
  transfer: [
    {
      must: "take from the agent's own or the passing token account",
      holds: ({ source }, mandate) => source === mandate.source,
      objection: ({ source }) => `transfers from ${source}`,
    },
    {
      must: 'move the quote token',
      holds: ({ mint }, mandate) => mint === mandate.mint,
      objection: ({ mint }) => `transfers mint ${mint}`,
    },
    {
      must: 'be authorised by the agent',
      holds: ({ authority }, { agent }) => authority === agent,
      objection: ({ authority }) => `transfers by authority of ${authority}`,
    },
    {
      must: 'go to a recipient, or to the sponsor that is reimbursed',
      holds: ({ destination }, mandate) => duesTo(destination, mandate).length > 0,
      objection: ({ destination }) => `transfers to ${destination}`,
    },
    {
      must: 'move exactly what is due there',
      holds: ({ destination, amount }, mandate) => duesTo(destination, mandate).includes(amount),
      objection: ({ destination, amount }, mandate) =>
        `transfers ${amount}, the mandate is ${duesTo(destination, mandate).join(' and ')}`,
    },
  ],
  create_seeded_account: [
    {
      must: "create this payment's passing account",
      holds: ({ account }, { passing }) => account === passing,
      objection: ({ account }) => `creates the account ${account}`,
    },
    {
      must: "derive it from the agent's key",
      holds: ({ base }, { agent }) => base === agent,
      objection: ({ account }) => `creates the account ${account}`,
    },
    {
      must: 'give it to the token program',
      holds: ({ program }) => program === TOKEN_PROGRAM,
      objection: ({ program, space }) => `creates an account of ${program} with ${space} bytes`,
    },
    {
      must: 'give it the 165 bytes of a token account',
      holds: ({ space }) => space === TOKEN_ACCOUNT_BYTES,
      objection: ({ program, space }) => `creates an account of ${program} with ${space} bytes`,
    },
    {
      must: 'charge the rent to the fee payer',
      holds: ({ payer }, { feePayer }) => payer === feePayer,
      objection: ({ payer }) => `rent is charged to ${payer}`,
    },
  ],
  initialize_token_account: [
    {
      must: 'initialize the passing account',
      holds: ({ account }, { passing }) => account === passing,
      objection: ({ account }) => `initializes ${account}`,
    },
    {
      must: 'make the agent its owner',
      holds: ({ owner }, { agent }) => owner === agent,
      objection: ({ owner }) => `gives a token account to ${owner}`,
    },
    {
      must: 'make it an account of the quote token',
      holds: ({ mint }, mandate) => mint === mandate.mint,
      objection: ({ mint }) => `opens a token account of mint ${mint}`,
    },
  ],
  close_token_account: [
    {
      must: 'close the passing account',
      holds: ({ account }, { passing }) => account === passing,
      objection: ({ account }) => `closes ${account}`,
    },
    {
      must: 'be authorised by the agent',
      holds: ({ authority }, { agent }) => authority === agent,
      objection: ({ account }) => `closes ${account}`,
    },
    {
      must: 'return the rent to the fee payer',
      holds: ({ destination }, { feePayer }) => destination === feePayer,
      objection: ({ destination }) => `gives rent to ${destination}`,
    },
  ],
  memo: [
    {
      must: "be this payment's memo",
      holds: ({ text }, { memo }) => text === memo,
      objection: () => 'carries another memo',
    },
  ],
  settle: [
    {
      must: 'settle the account that pays',
      holds: ({ user }, { driftUser }) => user === driftUser,
      objection: ({ user }) => `settles user ${user}`,
    },
    {
      must: 'settle markets of the plan alone',
      holds: ({ markets }, mandate) => unplanned(markets, mandate) === undefined,
      objection: ({ markets }, mandate) => `settles market ${unplanned(markets, mandate)}`,
    },
  ],
  withdraw: [
    {
      must: 'withdraw from the account that pays',
      holds: ({ user }, { driftUser }) => user === driftUser,
      objection: ({ user }) => `withdraws from ${user}`,
    },
    {
      must: 'be authorised by the agent',
      holds: ({ authority }, { agent }) => authority === agent,
      objection: ({ user }) => `withdraws from ${user}`,
    },
    {
      must: 'withdraw the quote token',
      holds: ({ market }, { quoteMarket }) => market === quoteMarket,
      objection: ({ market }) => `withdraws market ${market}`,
    },
    {
      must: 'withdraw to the token account that pays',
      holds: ({ destination }, { source }) => destination === source,
      objection: ({ destination }) => `withdraws to ${destination}`,
    },
    {
      must: 'only reduce the deposit, and never borrow',
      holds: ({ reduceOnly }) => reduceOnly,
      objection: () => 'withdraws without reduce_only, which could borrow',
    },
    {
      must: 'withdraw at most the planned amount',
      holds: ({ amount }, { withdraw }) => amount <= withdraw,
      objection: ({ amount }, { withdraw }) => `withdraws ${amount}, the mandate is ${withdraw}`,
    },
  ],
  pay_tip: [
    {
      must: 'take the tip from the fee payer',
      holds: ({ from }, { feePayer }) => from === feePayer,
      objection: ({ from }) => `takes a tip from ${from}`,
    },
    {
      must: 'give the tip to an account of the settings, also where the record names another',
      holds: ({ to }, { tipLimits }) => tipLimits?.accounts.includes(to) === true,
      objection: ({ to }) => `gives a tip to ${to}, which no setting names`,
    },
    {
      must: 'give it to the account of the mandate',
      holds: ({ to }, { tip }) => to === tip?.account,
      objection: ({ to }) => `gives a tip to ${to}`,
    },
    {
      must: 'keep it within the setting, also where the record says more',
      holds: ({ lamports }, { tipLimits }) => lamports <= (tipLimits?.most ?? 0n),
      objection: ({ lamports }, { tipLimits }) =>
        `gives a tip of ${lamports} lamports, the settings allow ${tipLimits?.most ?? 0n}`,
    },
    {
      must: 'give exactly what the mandate says',
      holds: ({ lamports }, { tip }) => lamports === tip?.lamports,
      objection: ({ lamports }, { tip }) =>
        `gives a tip of ${lamports} lamports, the mandate is ${tip?.lamports ?? 0n}`,
    },
  ],
  advance_nonce: [
    {
      must: "move the subscriber's own nonce",
      holds: ({ account }, { nonce }) => account === nonce?.account,
      objection: ({ account }) => `moves the nonce ${account}`,
    },
    {
      must: 'be authorised by the key of the mandate',
      holds: ({ authority }, { nonce }) => authority === nonce?.authority,
      objection: ({ authority }) => `moves a nonce by authority of ${authority}`,
    },
  ],
  refresh_interest: [
    {
      must: 'name the four accounts of one market and no others',
      holds: ({ accounts }) => accounts === 4,
      objection: ({ accounts }) => `books interest with ${accounts} accounts`,
    },
  ],
  unknown: [
    {
      must: 'be an instruction that a payment contains',
      holds: () => false,
      objection: ({ program }) => `calls program ${program}`,
    },
  ],
};
