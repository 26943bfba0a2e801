// Hear: what several venues find in one transaction becomes one list of facts.

import { describe, expect, test } from 'vitest';
import { type HearingVenue, hearTransaction } from '../../src/core/hear.ts';
import type { Address } from '../../src/core/ids.ts';
import { holdingKey } from '../../src/core/transaction.ts';
import type { HeardAtVenue } from '../../src/core/venue.ts';
import { QUOTE_MINT } from '../../src/venue/drift-v2/profile.ts';
import { DRIFT_V2 } from '../../src/venue/drift-v2/venue.ts';
import { hearingVenueOf } from '../../src/venue/hearing.ts';
import { VELOCITY } from '../../src/venue/velocity/venue.ts';
import {
  agent,
  agentTokens,
  FEE,
  made,
  mine,
  OTHER,
  sendSol,
  stranger,
  tokens,
  transfer,
  vault,
  watched,
} from '../support/made-transaction.ts';

const drift = hearingVenueOf(DRIFT_V2);
const velocity = hearingVenueOf(VELOCITY);
/** The venue, with findings that the test gives. */
const telling = (venue: HearingVenue, told: Partial<HeardAtVenue>): HearingVenue => ({
  ...venue,
  hear: () => ({ facts: [], moved: new Map(), swaps: new Map(), ...told }),
});
const outflows = (venues: readonly HearingVenue[], transaction = paid) =>
  hearTransaction(venues, transaction, watched).flatMap(({ body }) =>
    body.kind === 'outflow' ? [body] : [],
  );
/** 60 units come from a vault, and 100 go to a stranger. */
const paid = made(
  [transfer(vault, agentTokens, 60n), transfer(agentTokens, vault, 100n)],
  [
    tokens(agentTokens, 100n, 60n, mine),
    tokens(vault, 500n, 540n, { owner: stranger, ownerAfter: stranger }),
  ],
);

describe('amounts that venues moved are no outflow of the wallet', () => {
  const moved = (amount: bigint) => new Map([[holdingKey(agentTokens, QUOTE_MINT), amount]]);
  test('of one venue', () => {
    expect(outflows([telling(drift, {})])[0]?.amount).toBe(40n);
    expect(outflows([telling(drift, { moved: moved(-30n) })])[0]?.amount).toBe(10n);
  });
  test('and of several together', () => {
    const both = (one: bigint, other: bigint) =>
      outflows([telling(drift, { moved: moved(one) }), telling(velocity, { moved: moved(other) })]);
    expect(both(-10n, -5n)[0]?.amount).toBe(25n);
    expect(both(-30n, -10n)).toEqual([]);
    expect(outflows([telling(drift, {}), telling(velocity, { moved: moved(-40n) })])).toEqual([]);
  });
});

test('a failed transaction moves only its fee, of which what a transaction costs is no outflow', () => {
  const failedAt = (fee: bigint) =>
    made([sendSol(agent, stranger, 5_000n)], [], 'whole', { error: 'failed', fee });
  expect(outflows([drift, velocity], failedAt(FEE))).toEqual([]);
  expect(outflows([drift, velocity], failedAt(900_000_000n))).toMatchObject([
    { route: 'network_fee', mint: null },
  ]);
});

describe("a subscriber's swap", () => {
  type Bracket = readonly [from: number, to: number];
  const bracket = (...at: Bracket) => ({ swaps: new Map([['ana', at]]) });
  /** Another program takes 10 units in the first instruction, and 20 in the third. */
  const exchange = (amount: bigint) => ({
    program: OTHER,
    accounts: [agentTokens, vault],
    data: new Uint8Array(),
    inner: [transfer(agentTokens, vault, amount)],
  });
  const swapped = made(
    [exchange(10n), sendSol(agent, agent, 1n), exchange(20n)],
    [
      tokens(agentTokens, 100n, 70n, mine),
      tokens(vault, 500n, 530n, { owner: stranger, ownerAfter: stranger }),
    ],
  );
  const left = (...brackets: Bracket[]): bigint =>
    outflows(
      brackets.map((each, nth) => telling(nth === 0 ? drift : velocity, bracket(...each))),
      swapped,
    ).reduce((sum, each) => sum + each.amount, 0n);

  test('spends what programs take inside of it; the rest is an outflow', () => {
    expect(outflows([telling(drift, {})], swapped)[0]?.amount).toBe(30n);
    expect([left([0, 0]), left([2, 2]), left([0, 2])]).toEqual([20n, 10n, 0n]);
  });
  test('reaches from its first instruction at any venue to its last', () => {
    expect([left([0, 0], [1, 1]), left([1, 1], [2, 2])]).toEqual([20n, 10n]);
    expect([left([0, 0], [2, 2]), left([2, 2], [0, 0])]).toEqual([0n, 0n]);
    expect([left([0, 2], [1, 1]), left([1, 1], [0, 2])]).toEqual([0n, 0n]);
  });
});

test('the mint of any venue counts as quote, and accounts of any venue as its own', () => {
  const bare = (venue: HearingVenue) => telling(venue, {});
  const usdt = { ...drift, quote: { ...drift.quote, mint: stranger } };
  const [both] = outflows([bare(usdt), bare(drift)]);
  expect(both?.usd).toBe(40n);
  const [without] = outflows([bare({ ...usdt, ofValue: () => false })]);
  expect(without).toMatchObject({ usd: null, ofValue: false });
  expect(outflows([bare({ ...usdt, ofValue: () => false }), bare(usdt)])[0]?.ofValue).toBe(true);
});

test('outflows of a transaction with the memo of a payment name it; other facts do not', () => {
  const memo = {
    program: 'MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr' as Address,
    accounts: [],
    data: new TextEncoder().encode('bailiff:pay_7'),
  };
  const facts = hearTransaction(
    [drift],
    made(
      [transfer(agentTokens, vault, 40n), memo],
      [tokens(agentTokens, 100n, 60n, mine), tokens(vault, 0n, 40n)],
    ),
    watched,
  );
  expect(facts.length).toBeGreaterThan(1);
  for (const { body } of facts)
    expect('paymentId' in body && body.paymentId).toBe(body.kind === 'outflow' && 'pay_7');
});
