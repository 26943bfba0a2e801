// Good payment: a mandate with every limit, the effects of a payment that keeps all of them, and
// the judgement of the policy on such effects.
import type { Address } from '../../src/core/ids.ts';
import type { Effect, Mandate } from '../../src/core/mandate.ts';
import { COMPUTE_UNITS_MOST } from '../../src/core/payment-rules.ts';
import { objections } from '../../src/core/policy.ts';
import { TOKEN_PROGRAM } from '../../src/core/programs.ts';

export const address = (name: string) => name as Address;
export const thief = address('thief');
export const CREATOR = address('creator');
export const CREATOR_TOKENS = address('creator tokens');
export const mandate: Mandate = {
  memo: 'bailiff:p1',
  agent: address('agent'),
  source: address('passing'),
  passing: address('passing'),
  recipients: [{ wallet: CREATOR, tokenAccount: CREATOR_TOKENS, amount: 100n }],
  mint: address('usdc'),
  amount: 100n,
  driftUser: address('user'),
  quoteMarket: 0,
  withdraw: 60n,
  settleMarkets: [1, 2],
  feePayer: address('sponsor'),
  reimburse: 5n,
  sponsorTokenAccount: address('sponsor tokens'),
  priorityFeeMost: 1_001n,
  tip: { lamports: 5_000n, account: address('tips') },
  tipLimits: { most: 5_000n, accounts: [address('tips'), address('more tips')] },
  nonce: { account: address('nonce'), authority: address('sponsor') },
};
type ActOf<Kind extends Effect['effect']> = Extract<Effect, { effect: Kind }>;
export const advance: ActOf<'advance_nonce'> = {
  effect: 'advance_nonce',
  account: address('nonce'),
  authority: address('sponsor'),
};
export const limit: ActOf<'compute_limit'> = { effect: 'compute_limit', units: COMPUTE_UNITS_MOST };
export const price: ActOf<'compute_price'> = { effect: 'compute_price', microLamports: 715n };
export const creatorAccount: ActOf<'create_token_account'> = {
  effect: 'create_token_account',
  payer: mandate.feePayer,
  account: CREATOR_TOKENS,
  owner: CREATOR,
  mint: mandate.mint,
};
export const create: ActOf<'create_seeded_account'> = {
  effect: 'create_seeded_account',
  payer: mandate.feePayer,
  account: address('passing'),
  base: mandate.agent,
  space: 165n,
  program: address(TOKEN_PROGRAM),
};
export const initialize: ActOf<'initialize_token_account'> = {
  effect: 'initialize_token_account',
  account: address('passing'),
  mint: mandate.mint,
  owner: mandate.agent,
};
export const close: ActOf<'close_token_account'> = {
  effect: 'close_token_account',
  account: address('passing'),
  destination: mandate.feePayer,
  authority: mandate.agent,
};
export const settle: ActOf<'settle'> = {
  effect: 'settle',
  user: mandate.driftUser,
  authority: mandate.agent,
  markets: [1, 2],
};
export const withdraw: ActOf<'withdraw'> = {
  effect: 'withdraw',
  user: mandate.driftUser,
  authority: mandate.agent,
  market: 0,
  amount: 60n,
  reduceOnly: true,
  destination: mandate.source,
};
export const transfer: ActOf<'transfer'> = {
  effect: 'transfer',
  source: mandate.source,
  mint: mandate.mint,
  destination: CREATOR_TOKENS,
  authority: mandate.agent,
  amount: 100n,
};
export const reimburse: ActOf<'transfer'> = {
  ...transfer,
  destination: address('sponsor tokens'),
  amount: 5n,
};
export const interest: ActOf<'refresh_interest'> = { effect: 'refresh_interest', accounts: 4 };
export const tip: ActOf<'pay_tip'> = {
  effect: 'pay_tip',
  from: mandate.feePayer,
  to: address('tips'),
  lamports: 5_000n,
};
export const memo: ActOf<'memo'> = { effect: 'memo', text: 'bailiff:p1' };
export const GOOD: readonly Effect[] = [
  advance,
  limit,
  price,
  create,
  initialize,
  creatorAccount,
  settle,
  interest,
  withdraw,
  transfer,
  reimburse,
  close,
  tip,
  memo,
];
export const judge = (effects: readonly Effect[], under: Mandate = mandate) =>
  objections(under.feePayer, effects, under);
