// Cut logs: from which call on a transaction whose log was cut may have made a profit, beside the
// place of what left in it.
import { describe, expect, test } from 'vitest';
import type { Address } from '../../src/core/ids.ts';
import { instructionDiscriminator } from '../../src/venue/discriminator.ts';
import { hear } from '../support/hear.ts';
import {
  agent,
  agentTokens,
  MADE_AT,
  type Made,
  mine,
  someone,
  stranger,
  transfer,
  vault,
} from '../support/made-transaction.ts';

const AMOUNT = 500_000_000n;

describe.each(MADE_AT)('at %s', (_, { dialect, made, user, venue, watched }) => {
  /** The places of a call that may have traded for the account, in a cut log of this call. */
  const tradedBy = (name: string, accounts: Record<number, Address>) => {
    const data = Buffer.alloc(48);
    data.write(instructionDiscriminator(name), 'hex');
    const call = { ...venue('an order', accounts), data };
    return hear(dialect, made([call], [], 'cut'), watched).flatMap(({ body }) =>
      body.kind === 'unknown' ? [body.tradedAt] : [],
    );
  };
  test('a call trades for the accounts that it fills, and for no other that it was given', () => {
    expect(tradedBy('cancel_orders', { 1: stranger, 9: user })).toEqual([null]);
    expect(tradedBy('cancel_orders', { 1: user })).toEqual([null]);
    expect(tradedBy('settle_funding_payment', { 1: user })).toEqual([null]);
    expect(tradedBy('settle_pnl', { 1: stranger, 9: user })).toEqual([null]);
    expect(tradedBy('settle_pnl', { 1: user })).toEqual([1_023]);
    expect(tradedBy('place_and_take_perp_order', { 1: stranger, 9: user })).toEqual([1_023]);
    expect(tradedBy('fill_perp_order', { 4: user })).toEqual([1_023]);
    expect(tradedBy('liquidate_perp', { 2: user, 4: stranger })).toEqual([1_023]);
    expect(tradedBy('liquidate_perp', { 2: stranger, 4: user })).toEqual([1_023]);
    expect(tradedBy('liquidate_perp', { 2: stranger, 4: stranger, 9: user })).toEqual([null]);
  });
  test.each([
    ['place_and_make_perp_order', 3],
    ['place_and_make_signed_msg_perp_order', 3],
    ['liquidate_perp_with_fill', 9],
    ['liquidate_borrow_for_perp_pnl', 2],
    ['liquidate_perp_pnl_for_deposit', 4],
    ['resolve_perp_bankruptcy', 4],
    ['trigger_order', 2],
    ['trigger_order', 3],
    ['revert_fill', 2],
    ['settle_multiple_pnls', 1],
    ['transfer_perp_position', 0],
    ['transfer_perp_position', 1],
  ])('%s trades for its account %i', (name, index) => {
    expect(tradedBy(name, { [index]: user })).toEqual([1_023]);
  });
  test('a call that is newer than this release may trade for each account that it was given', () => {
    expect(tradedBy('a_call_of_next_year', { 9: user })).toEqual([1_023]);
  });
});

describe.each(MADE_AT)('at %s', (_, { dialect, made, tokens, user, venue, watched }) => {
  const order = venue('an order', { 1: user });
  const thief = someone();
  const taken: Made[] = [
    venue(
      'withdraw',
      { 1: user, 3: agent, 4: vault, 6: agentTokens },
      { inner: [transfer(vault, agentTokens, AMOUNT)] },
    ),
    transfer(agentTokens, thief, AMOUNT),
  ];
  /** The places of the unknown fact, and that of what left, in a cut log of these calls. */
  const placesIn = (...calls: Made[]) => {
    const balances = [
      tokens(vault, 10n * AMOUNT, 9n * AMOUNT),
      tokens(agentTokens, 0n, 0n, mine),
      tokens(thief, 0n, AMOUNT),
    ];
    const facts = hear(dialect, made(calls, balances, 'cut'), watched);
    const [unknown] = facts.flatMap(({ body }) => (body.kind === 'unknown' ? [body] : []));
    const [left] = facts.flatMap(({ body, position }) =>
      body.kind === 'outflow' && !body.internal ? [position.ordinal] : [],
    );
    if (unknown === undefined || left === undefined) throw new Error('nothing was heard');
    const { tradedAt, tradedFrom = tradedAt } = unknown;
    return { isOwed: (tradedFrom ?? left) < left, tradedAt, isOneCall: tradedFrom === tradedAt };
  };

  test('an order after value left leaves the order before it where it was', () => {
    const once = placesIn(order, ...taken);
    expect(once).toMatchObject({ isOwed: true, isOneCall: true });
    const twice = placesIn(order, ...taken, order);
    expect(twice).toMatchObject({ isOwed: true, isOneCall: false });
    // The reckoning is booked at the last call, as before.
    expect(twice.tradedAt).toBeGreaterThan(once.tradedAt ?? 0);
    expect(placesIn(order, order, ...taken, order, order)).toMatchObject({ isOwed: true });
    expect(placesIn(...taken, order)).toMatchObject({ isOwed: false, isOneCall: true });
  });
});
