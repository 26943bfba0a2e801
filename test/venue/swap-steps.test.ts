// Swap steps: forty swaps with the venue's tokens that each lose 1.9 per cent take more than half
// of an account. Each loss by itself is one of fees and slippage; their sum is not.
import { describe, expect, test } from 'vitest';
import type { FactBody } from '../../src/core/fact.ts';
import type { Address, Signature } from '../../src/core/ids.ts';
import { quotesOf } from '../../src/core/token.ts';
import { classifyOutflows } from '../support/classes.ts';
import {
  agent,
  agentTokens,
  MADE_AT,
  OTHER,
  someone,
  transfer,
  vault,
} from '../support/made-transaction.ts';

const USDC = 1_000_000n;
describe.each(MADE_AT)('at %s', (_, at) => {
  const { bodies, made, tokens, user, venue, dialect } = at;
  const [delegate, theirs, friend, pool] = [someone(), someone(), someone(), someone()];
  /**
   * The facts of a swap of `amount` USDC for SOL at 150 that gives 98.1 per cent back. A route of
   * Jupiter with a platform fee of 190 bps does that.
   */
  const swap = (through: Address, signer: Address, amount: bigint): FactBody[] => {
    const fee = (amount * 19n) / 1_000n;
    const amountOut = ((amount - fee) * 1_000n) / 150n;
    const begin = venue(
      'begin_swap',
      { 1: user, 3: signer, 5: vault, 7: through },
      { inner: [transfer(vault, through, amount)] },
    );
    const exchange = {
      program: OTHER,
      accounts: [through, pool, friend],
      data: Buffer.from([1]),
      inner: [transfer(through, pool, amount - fee), transfer(through, friend, fee)],
    };
    const markets = { outMarketIndex: 1, inMarketIndex: 0 };
    const prices = { outOraclePrice: 150_000_000n, inOraclePrice: 1_000_000n };
    const value = { ts: 1n, user, amountOut, amountIn: amount, ...markets, ...prices, fee: 0n };
    const end = venue(
      'end_swap',
      { 1: user, 3: signer },
      { emits: [{ event: 'SwapRecord', value }] },
    );
    const rows = [
      tokens(through, 0n, 0n, { owner: signer, ownerAfter: signer }),
      tokens(vault, 5_000n * USDC, 5_000n * USDC - amount),
      tokens(pool, 0n, amount - fee),
      tokens(friend, 0n, fee),
    ];
    const given = { signers: [signer], lamports: null };
    return bodies(made([begin, exchange, end], rows, 'whole', given));
  };
  /** The facts of forty such swaps, each of all that is left of 1,000 USDC. */
  const steps = (through: Address, signer: Address): FactBody[] => {
    let left = 1_000n * USDC;
    return Array.from({ length: 40 }).flatMap(() => {
      const facts = swap(through, signer, left);
      left -= (left * 19n) / 1_000n;
      return facts;
    });
  };
  /** 1,000 USDC less the 464 that are left in the end, in whole USDC. */
  const LOST = 535n;

  test('by a delegate through its own token accounts: the losses but the first are outflows', () => {
    const facts = steps(theirs, delegate);
    const outflows = facts.flatMap((body, slot) =>
      body.kind === 'outflow'
        ? [{ key: `${slot}`, signature: `${slot}` as Signature, slot, ours: false, body }]
        : [],
    );
    expect(outflows).toHaveLength(40);
    expect(outflows.reduce((sum, { body }) => sum + body.amount, 0n) / USDC).toBe(LOST);
    const classes = classifyOutflows(outflows, [], quotesOf([dialect.profile.quote]));
    expect([...classes.values()].filter((each) => each === 'outflow')).toHaveLength(39);
  });

  test('by the agent through its own token accounts: the losses are notices that add up', () => {
    const facts = steps(agentTokens, agent);
    expect(facts.filter(({ kind }) => kind === 'outflow')).toEqual([]);
    const losses = facts.flatMap((body) =>
      body.kind === 'notice' && body.what === 'swap_loss' ? [body.amount ?? 0n] : [],
    );
    expect(losses).toHaveLength(40);
    expect(losses.reduce((sum, each) => sum + each, 0n) / USDC).toBe(LOST);
  });

  test('one swap at a usual loss is a notice with that loss, and nothing that counts', () => {
    const [body] = swap(agentTokens, agent, 100n * USDC);
    expect(body).toMatchObject({ kind: 'notice', what: 'swap_loss', amount: 1_900_000n });
  });
});
