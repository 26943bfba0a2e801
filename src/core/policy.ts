// Policy: decides what the pen may sign. The ledger gives the payment's mandate; the transaction is
// decoded again from the bytes that are about to be signed, and the mandate must cover every act in
// it. Any act that is not recognised is refused.
import type { Address } from './ids.ts';
import type { BaseUnits, Lamports } from './money.ts';

/** One instruction, decoded as far as the policy needs. */
export type Act =
  | { readonly act: 'compute_limit'; readonly units: number }
  | { readonly act: 'compute_price'; readonly microLamports: bigint }
  | {
      readonly act: 'create_token_account';
      readonly payer: Address;
      readonly account: Address;
      readonly owner: Address;
      readonly mint: Address;
    }
  | {
      readonly act: 'transfer';
      readonly source: Address;
      readonly mint: Address;
      readonly destination: Address;
      readonly authority: Address;
      readonly amount: BaseUnits;
    }
  /** Creates an account at an address derived from a base key and a seed. */
  | {
      readonly act: 'create_seeded_account';
      readonly payer: Address;
      readonly account: Address;
      readonly base: Address;
      readonly space: bigint;
      readonly program: Address;
    }
  | {
      readonly act: 'initialize_token_account';
      readonly account: Address;
      readonly mint: Address;
      readonly owner: Address;
    }
  | {
      readonly act: 'close_token_account';
      readonly account: Address;
      readonly destination: Address;
      readonly authority: Address;
    }
  | { readonly act: 'memo'; readonly text: string }
  | {
      readonly act: 'settle';
      readonly user: Address;
      readonly authority: Address;
      readonly markets: readonly number[];
    }
  | {
      readonly act: 'withdraw';
      readonly user: Address;
      readonly authority: Address;
      readonly market: number;
      readonly amount: BaseUnits;
      readonly reduceOnly: boolean;
      readonly destination: Address;
    }
  | { readonly act: 'unknown'; readonly program: Address };

/** The limits within which a recorded payment lets the pen sign. */
export type Mandate = {
  readonly memo: string;
  readonly agent: Address;
  /** The token account that pays: the agent's own, or the passing one. */
  readonly source: Address;
  /**
   * The agent's token account that exists only within this transaction; null when the payment needs
   * none.
   */
  readonly passing: Address | null;
  readonly creator: Address;
  readonly creatorTokenAccount: Address;
  readonly mint: Address;
  readonly amount: BaseUnits;
  readonly driftUser: Address;
  readonly quoteMarket: number;
  readonly withdraw: BaseUnits;
  readonly settleMarkets: readonly number[];
  readonly feePayer: Address;
  /**
   * USDC for the sponsor that pays the fee, and its token account; zero and null when there is no
   * reimbursement.
   */
  readonly reimburse: BaseUnits;
  readonly sponsorTokenAccount: Address | null;
  readonly priorityFeeMost: Lamports;
};

const TOKEN_PROGRAM = 'TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA';
const TOKEN_ACCOUNT_BYTES = 165n;
/**
 * The acts of a passing account, each due exactly once. Its rent returns to the fee payer at the
 * end.
 */
const PASSING_ACTS = [
  'create_seeded_account',
  'initialize_token_account',
  'close_token_account',
] as const;
/** The most compute units that a transaction may ask for. */
export const COMPUTE_UNITS_MOST = 1_400_000;

/**
 * The amounts that the mandate owes, by role, because the sponsor may be the creator of this
 * payment.
 */
function duesOf(mandate: Mandate): { role: 'creator' | 'sponsor'; to: Address; due: BaseUnits }[] {
  const { creatorTokenAccount, sponsorTokenAccount, amount, reimburse } = mandate;
  return [
    { role: 'creator', to: creatorTokenAccount, due: amount },
    ...(reimburse > 0n && sponsorTokenAccount !== null
      ? [{ role: 'sponsor' as const, to: sponsorTokenAccount, due: reimburse }]
      : []),
  ];
}

/**
 * How many transfers each role gets. A transfer counts for the first role that is still owed
 * exactly its amount.
 */
function transfersByRole(acts: readonly Act[], mandate: Mandate): Record<string, number> {
  const open = duesOf(mandate);
  const counts = { creator: 0, sponsor: 0 };
  for (const act of acts) {
    if (act.act !== 'transfer') continue;
    const at = open.findIndex((each) => each.to === act.destination && each.due === act.amount);
    const paid = open[at] ?? duesOf(mandate).find((each) => each.to === act.destination);
    if (at >= 0) open.splice(at, 1);
    if (paid !== undefined) counts[paid.role]++;
  }
  return counts;
}

function objectionTo(act: Act, mandate: Mandate): string | null {
  switch (act.act) {
    case 'compute_limit':
      return act.units <= COMPUTE_UNITS_MOST
        ? null
        : `compute limit ${act.units} is above the maximum`;
    case 'compute_price': {
      const most = (act.microLamports * BigInt(COMPUTE_UNITS_MOST)) / 1_000_000n;
      return most <= mandate.priorityFeeMost ? null : `priority fee could reach ${most} lamports`;
    }
    case 'create_token_account': {
      if (act.account !== mandate.creatorTokenAccount || act.owner !== mandate.creator)
        return `creates a token account of ${act.owner}`;
      if (act.mint !== mandate.mint) return `creates a token account of mint ${act.mint}`;
      return act.payer === mandate.feePayer ? null : `rent is charged to ${act.payer}`;
    }
    case 'transfer': {
      if (act.source !== mandate.source) return `transfers from ${act.source}`;
      if (act.mint !== mandate.mint) return `transfers mint ${act.mint}`;
      if (act.authority !== mandate.agent) return `transfers by authority of ${act.authority}`;
      const dues = duesOf(mandate).filter((each) => each.to === act.destination);
      if (dues.length === 0) return `transfers to ${act.destination}`;
      if (dues.some((each) => each.due === act.amount)) return null;
      return `transfers ${act.amount}, the mandate is ${dues.map((each) => each.due).join(' and ')}`;
    }
    case 'create_seeded_account': {
      if (act.account !== mandate.passing || act.base !== mandate.agent)
        return `creates the account ${act.account}`;
      if (act.program !== TOKEN_PROGRAM || act.space !== TOKEN_ACCOUNT_BYTES)
        return `creates an account of ${act.program} with ${act.space} bytes`;
      return act.payer === mandate.feePayer ? null : `rent is charged to ${act.payer}`;
    }
    case 'initialize_token_account': {
      if (act.account !== mandate.passing) return `initializes ${act.account}`;
      if (act.owner !== mandate.agent) return `gives a token account to ${act.owner}`;
      return act.mint === mandate.mint ? null : `opens a token account of mint ${act.mint}`;
    }
    case 'close_token_account': {
      if (act.account !== mandate.passing || act.authority !== mandate.agent)
        return `closes ${act.account}`;
      return act.destination === mandate.feePayer ? null : `gives rent to ${act.destination}`;
    }
    case 'memo':
      return act.text === mandate.memo ? null : 'carries another memo';
    case 'settle': {
      if (act.user !== mandate.driftUser) return `settles user ${act.user}`;
      const foreign = act.markets.find((market) => !mandate.settleMarkets.includes(market));
      return foreign === undefined ? null : `settles market ${foreign}`;
    }
    case 'withdraw': {
      if (act.user !== mandate.driftUser || act.authority !== mandate.agent)
        return `withdraws from ${act.user}`;
      if (act.market !== mandate.quoteMarket) return `withdraws market ${act.market}`;
      if (act.destination !== mandate.source) return `withdraws to ${act.destination}`;
      if (!act.reduceOnly) return 'withdraws without reduce_only, which could borrow';
      return act.amount <= mandate.withdraw
        ? null
        : `withdraws ${act.amount}, the mandate is ${mandate.withdraw}`;
    }
    case 'unknown':
      return `calls program ${act.program}`;
  }
}

/** Every reason not to sign; empty when the acts are exactly a payment under the mandate. */
export function objections(feePayer: Address, acts: readonly Act[], mandate: Mandate): string[] {
  const found = acts.map((act) => objectionTo(act, mandate)).filter((each) => each !== null);
  if (feePayer !== mandate.feePayer) found.push(`fee payer is ${feePayer}`);
  const count = (kind: Act['act']) => acts.filter((act) => act.act === kind).length;
  const { creator = 0, sponsor = 0 } = transfersByRole(acts, mandate);
  if (creator !== 1) found.push(`has ${creator} transfers, exactly one is due`);
  if (sponsor > 1) found.push('reimburses the sponsor more than once');
  if (count('memo') !== 1) found.push(`has ${count('memo')} memos, exactly one is due`);
  for (const kind of PASSING_ACTS)
    if (count(kind) !== (mandate.passing === null ? 0 : 1))
      found.push(
        `has ${count(kind)} of ${kind}, the mandate is ${mandate.passing === null ? 0 : 1}`,
      );
  if (mandate.withdraw > mandate.amount + mandate.reimburse)
    found.push(`withdraws ${mandate.withdraw}, more than it pays`);
  if (count('withdraw') > 1) found.push('withdraws more than once');
  for (const kind of ['compute_limit', 'compute_price'] as const) {
    if (count(kind) > 1) found.push(`sets ${kind} more than once`);
  }
  return found;
}
