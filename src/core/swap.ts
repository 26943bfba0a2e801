// Swap: the rules about a swap that another service has built and the pen may sign, as two tables:
// rules about single effects, and rules about the whole. The transaction must hold one swap of
// exactly the planned tokens for at least the planned SOL, out of the agent's accounts and into
// them, and nothing else.
import type { Address } from './ids.ts';
import type { Effect } from './mandate.ts';
import { type BaseUnits, BPS_WHOLE, type Lamports, mulDivFloor } from './money.ts';
import { COMPUTE_UNITS_MOST, PRIORITY_FEE } from './payment-rules.ts';
import { objectionsTo, objectionTo, type Rule, type RulesByEffect } from './rules.ts';

export type SwapEffect =
  | Effect
  | {
      readonly effect: 'swap';
      readonly authority: Address;
      readonly source: Address;
      readonly destination: Address;
      readonly destinationMint: Address;
      readonly amountIn: BaseUnits;
      readonly quotedOut: bigint;
      readonly slippageBps: number;
      readonly platformFeeBps: number;
    }
  /** Closing an account of wrapped SOL turns its balance into SOL. */
  | {
      readonly effect: 'close_account';
      readonly account: Address;
      readonly destination: Address;
      readonly authority: Address;
    };

export type SwapLimits = {
  /** The most base units of the payment's token that one swap may take. */
  readonly amountMost: BaseUnits;
  readonly slippageBpsMost: number;
  /** The least lamports that a swap must bring at the worst price that it accepts. */
  readonly lamportsLeast: Lamports;
};
export type SwapMandate = SwapLimits & {
  readonly agent: Address;
  /** The agent's account of the token that is swapped. */
  readonly source: Address;
  /** The agent's account of wrapped SOL. */
  readonly wrapped: Address;
  readonly wrappedMint: Address;
  readonly amount: BaseUnits;
  readonly priorityFeeMost: Lamports;
};

/** The least amount a swap can bring: the quote less its slippage, rounded down. */
const worstOf = (quotedOut: bigint, slippageBps: number): bigint =>
  mulDivFloor(quotedOut, BPS_WHOLE - BigInt(slippageBps), BPS_WHOLE);

/** The rule about effects that no swap contains. */
const NEVER: Rule<SwapEffect, SwapMandate> = {
  must: 'be an instruction that a swap contains',
  holds: () => false,
  objection: ({ effect }) => `does a ${effect}`,
};

/** The rules about single effects of a swap. */
const SWAP_RULES: RulesByEffect<SwapEffect, SwapMandate> = {
  compute_limit: [
    {
      must: 'ask for at most 1,400,000 compute units',
      holds: ({ units }) => units <= COMPUTE_UNITS_MOST,
      objection: ({ units }) => `compute limit ${units}`,
    },
  ],
  compute_price: [PRIORITY_FEE],
  create_token_account: [
    {
      must: "create the agent's account of wrapped SOL",
      holds: ({ account }, { wrapped }) => account === wrapped,
      objection: ({ owner }) => `creates an account of ${owner}`,
    },
    {
      must: 'create it for the agent',
      holds: ({ owner }, { agent }) => owner === agent,
      objection: ({ owner }) => `creates an account of ${owner}`,
    },
    {
      must: 'create it for wrapped SOL',
      holds: ({ mint }, { wrappedMint }) => mint === wrappedMint,
      objection: ({ owner }) => `creates an account of ${owner}`,
    },
    {
      must: 'charge the rent to the agent',
      holds: ({ payer }, { agent }) => payer === agent,
      objection: ({ payer }) => `rent is charged to ${payer}`,
    },
  ],
  close_account: [
    {
      must: "close the agent's account of wrapped SOL",
      holds: ({ account }, { wrapped }) => account === wrapped,
      objection: ({ account }) => `closes ${account}`,
    },
    {
      must: 'send the SOL to the agent',
      holds: ({ destination }, { agent }) => destination === agent,
      objection: ({ destination }) => `sends the SOL to ${destination}`,
    },
    {
      must: 'be authorised by the agent',
      holds: ({ authority }, { agent }) => authority === agent,
      objection: ({ destination }) => `sends the SOL to ${destination}`,
    },
  ],
  swap: [
    {
      must: 'be authorised by the agent',
      holds: ({ authority }, { agent }) => authority === agent,
      objection: ({ authority }) => `swaps by authority of ${authority}`,
    },
    {
      must: "take from the agent's account of the payment's token",
      holds: ({ source }, mandate) => source === mandate.source,
      objection: ({ source }) => `swaps out of ${source}`,
    },
    {
      must: "give to the agent's account of wrapped SOL",
      holds: ({ destination }, { wrapped }) => destination === wrapped,
      objection: ({ destination }) => `swaps into ${destination}`,
    },
    {
      must: 'buy wrapped SOL',
      holds: ({ destinationMint }, { wrappedMint }) => destinationMint === wrappedMint,
      objection: ({ destinationMint }) => `swaps for ${destinationMint}`,
    },
    {
      must: 'spend exactly the planned amount',
      holds: ({ amountIn }, { amount }) => amountIn === amount,
      objection: ({ amountIn }, { amount }) => `swaps ${amountIn}, not ${amount}`,
    },
    {
      must: 'pay no platform fee',
      holds: ({ platformFeeBps }) => platformFeeBps === 0,
      objection: ({ platformFeeBps }) => `pays a platform fee of ${platformFeeBps} bps`,
    },
    {
      must: 'accept at most the slippage of the settings',
      holds: ({ slippageBps }, { slippageBpsMost }) => slippageBps <= slippageBpsMost,
      objection: ({ slippageBps }) => `slippage of ${slippageBps} bps`,
    },
    {
      must: 'bring the least amount of SOL even at the worst price that it accepts',
      holds: ({ quotedOut, slippageBps }, { lamportsLeast }) =>
        worstOf(quotedOut, slippageBps) >= lamportsLeast,
      objection: ({ quotedOut, slippageBps }) =>
        `may bring only ${worstOf(quotedOut, slippageBps)} lamports`,
    },
  ],
  transfer: [NEVER],
  create_seeded_account: [NEVER],
  initialize_token_account: [NEVER],
  close_token_account: [NEVER],
  memo: [NEVER],
  settle: [NEVER],
  withdraw: [NEVER],
  pay_tip: [NEVER],
  advance_nonce: [NEVER],
  refresh_interest: [NEVER],
  unknown: [
    {
      must: 'be an instruction that a swap contains',
      holds: () => false,
      objection: ({ program }) => `calls program ${program}`,
    },
  ],
};

/** A swap as a whole: its fee payer, and how many effects of a kind there are. */
type WholeSwap = {
  readonly feePayer: Address;
  readonly count: (kind: SwapEffect['effect']) => number;
};

/** The rules about a swap as a whole. */
const WHOLE_SWAP_RULES: readonly Rule<WholeSwap, SwapMandate>[] = [
  {
    must: 'be paid for by the agent',
    holds: ({ feePayer }, { agent }) => feePayer === agent,
    objection: ({ feePayer }) => `fee payer is ${feePayer}`,
  },
  {
    must: 'swap once',
    holds: ({ count }) => count('swap') === 1,
    objection: ({ count }) => `has ${count('swap')} swaps, exactly one is due`,
  },
  {
    must: 'turn the wrapped SOL into SOL by closing its account once',
    holds: ({ count }) => count('close_account') === 1,
    objection: () => 'does not end in SOL: the wrapped account stays open',
  },
  ...(['compute_limit', 'compute_price', 'create_token_account'] as const).map(
    (kind): Rule<WholeSwap, SwapMandate> => ({
      must: `contain at most one ${kind}`,
      holds: ({ count }) => count(kind) <= 1,
      objection: () => `has more than one ${kind}`,
    }),
  ),
];

/** Every reason not to sign a swap; empty when the swap is exactly the planned one. */
export function swapObjections(
  feePayer: Address,
  effects: readonly SwapEffect[],
  mandate: SwapMandate,
): string[] {
  const count = (kind: SwapEffect['effect']) =>
    effects.filter((effect) => effect.effect === kind).length;
  return [
    ...effects
      .map((effect) => objectionTo(SWAP_RULES, effect, mandate))
      .filter((each) => each !== null),
    ...objectionsTo(WHOLE_SWAP_RULES, { feePayer, count }, mandate),
  ];
}
