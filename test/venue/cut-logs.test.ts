// Cut logs: from which call on a transaction whose log was cut may have made a profit, beside the
// place of what left in it.
import { describe, expect, test } from 'vitest';
import { hear } from '../support/hear.ts';
import {
  agent,
  agentTokens,
  MADE_AT,
  type Made,
  mine,
  someone,
  transfer,
  vault,
} from '../support/made-transaction.ts';

const AMOUNT = 500_000_000n;

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
