// Swap: decides whether the pen may sign a swap that another service has built. It must be one swap
// of exactly the planned USDC for at least the planned SOL, out of the agent's accounts and into
// them, and nothing else.
import type { Address } from './ids.ts';
import { type BaseUnits, BPS_WHOLE, type Lamports, mulDivFloor } from './money.ts';
import { type Act, COMPUTE_UNITS_MOST } from './policy.ts';

export type SwapAct =
  | Act
  | {
      readonly act: 'swap';
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
      readonly act: 'close_account';
      readonly account: Address;
      readonly destination: Address;
      readonly authority: Address;
    };

export type SwapLimits = {
  /** The most USDC that one swap may take. */
  readonly amountMost: BaseUnits;
  readonly slippageBpsMost: number;
  /** The least lamports that a swap must bring at the worst price that it accepts. */
  readonly lamportsLeast: Lamports;
};
export type SwapMandate = SwapLimits & {
  readonly agent: Address;
  /** The agent's USDC account. */
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

function objectionTo(act: SwapAct, mandate: SwapMandate): string | null {
  switch (act.act) {
    case 'compute_limit':
      return act.units <= COMPUTE_UNITS_MOST ? null : `compute limit ${act.units}`;
    case 'compute_price': {
      const most = (act.microLamports * BigInt(COMPUTE_UNITS_MOST)) / 1_000_000n;
      return most <= mandate.priorityFeeMost ? null : `priority fee could reach ${most} lamports`;
    }
    case 'create_token_account': {
      const own = act.account === mandate.wrapped && act.owner === mandate.agent;
      if (!own || act.mint !== mandate.wrappedMint) return `creates an account of ${act.owner}`;
      return act.payer === mandate.agent ? null : `rent is charged to ${act.payer}`;
    }
    case 'close_account':
      if (act.account !== mandate.wrapped) return `closes ${act.account}`;
      return act.destination === mandate.agent && act.authority === mandate.agent
        ? null
        : `sends the SOL to ${act.destination}`;
    case 'swap':
      if (act.authority !== mandate.agent) return `swaps by authority of ${act.authority}`;
      if (act.source !== mandate.source) return `swaps out of ${act.source}`;
      if (act.destination !== mandate.wrapped) return `swaps into ${act.destination}`;
      if (act.destinationMint !== mandate.wrappedMint) return `swaps for ${act.destinationMint}`;
      if (act.amountIn !== mandate.amount) return `swaps ${act.amountIn}, not ${mandate.amount}`;
      if (act.platformFeeBps !== 0) return `pays a platform fee of ${act.platformFeeBps} bps`;
      if (act.slippageBps > mandate.slippageBpsMost) return `slippage of ${act.slippageBps} bps`;
      return worstOf(act.quotedOut, act.slippageBps) >= mandate.lamportsLeast
        ? null
        : `may bring only ${worstOf(act.quotedOut, act.slippageBps)} lamports`;
    case 'transfer':
    case 'create_seeded_account':
    case 'initialize_token_account':
    case 'close_token_account':
    case 'memo':
    case 'settle':
    case 'withdraw':
      return `does a ${act.act}`;
    case 'unknown':
      return `calls program ${act.program}`;
  }
}

/** Every reason not to sign a swap; empty when the swap is exactly the planned one. */
export function swapObjections(
  feePayer: Address,
  acts: readonly SwapAct[],
  mandate: SwapMandate,
): string[] {
  const found = acts.map((act) => objectionTo(act, mandate)).filter((each) => each !== null);
  if (feePayer !== mandate.agent) found.push(`fee payer is ${feePayer}`);
  const count = (kind: SwapAct['act']) => acts.filter((act) => act.act === kind).length;
  if (count('swap') !== 1) found.push(`has ${count('swap')} swaps, exactly one is due`);
  if (count('close_account') !== 1)
    found.push('does not end in SOL: the wrapped account stays open');
  for (const kind of ['compute_limit', 'compute_price', 'create_token_account'] as const)
    if (count(kind) > 1) found.push(`has more than one ${kind}`);
  return found;
}
