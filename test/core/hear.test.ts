// Hear: what several venues find in one transaction becomes one list of facts.

import { describe, expect, test } from 'vitest';
import { type HearingVenue, hearTransaction } from '../../src/core/hear.ts';
import type { Address } from '../../src/core/ids.ts';
import type { HeardAtVenue } from '../../src/core/venue.ts';
import { PROGRAM_ID, QUOTE_MINT } from '../../src/venue/drift-v2/profile.ts';
import { DRIFT_V2 } from '../../src/venue/drift-v2/venue.ts';
import { hearingVenueOf } from '../../src/venue/hearing.ts';
import { VELOCITY } from '../../src/venue/velocity/venue.ts';
import {
  agent,
  agentTokens,
  FEE,
  type Made,
  made,
  mine,
  OTHER,
  sendSol,
  someone,
  stranger,
  tokens,
  transfer,
  vault,
  venueMove,
  watched,
} from '../support/made-transaction.ts';

const drift = hearingVenueOf(DRIFT_V2);
const velocity = hearingVenueOf(VELOCITY);
/** The venue, with findings that the test gives. */
const telling = (venue: HearingVenue, told: Partial<HeardAtVenue>): HearingVenue => ({
  ...venue,
  hear: () => ({ facts: [], moved: [], swaps: new Map(), ...told }),
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
  const moved = (amount: bigint) => [venueMove(agentTokens, QUOTE_MINT, amount)];
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

test('an address is derived only for an account whose lamports changed and for which no key signed', () => {
  const asked: Address[] = [];
  const [friend, counters] = [someone(), someone()];
  const venue: HearingVenue = {
    ...drift,
    isOwnAccount(of, account) {
      expect(of).toBe(agent);
      asked.push(account);
      return account === counters;
    },
  };
  // A keeper pays the fee of a close, which names more accounts and changes the lamports of none.
  const named = { program: OTHER, accounts: [agent, friend, counters], data: Buffer.of(1) };
  expect(outflows([venue], made([named], [], 'whole', { signers: [stranger] }))).toEqual([]);
  expect(asked).toEqual([]);
  // Rent for an own account has not left. SOL for another account has.
  const sent = made([sendSol(agent, friend, 9n), sendSol(agent, counters, 9n)]);
  expect(outflows([venue], sent)).toMatchObject([{ destination: friend, amount: 9n }]);
  expect(new Set(asked)).toEqual(new Set([friend, counters]));
});

describe("a subscriber's swap", () => {
  type Bracket = readonly [from: number, to: number];
  const calls = (program: Address, inner: Made['inner']): Made => ({
    program,
    accounts: [agentTokens, vault],
    data: new Uint8Array(),
    ...(inner === undefined ? {} : { inner }),
  });
  /** Another program takes 10 units in the second instruction, and 20 in the fourth. */
  const exchange = (amount: bigint) => calls(OTHER, [transfer(agentTokens, vault, amount)]);
  const given = (amount: bigint) =>
    calls(PROGRAM_ID as Address, [transfer(vault, agentTokens, amount)]);
  const swapped = made(
    [given(30n), exchange(10n), sendSol(agent, agent, 1n), exchange(20n)],
    [
      tokens(agentTokens, 100n, 100n, mine),
      tokens(vault, 500n, 500n, { owner: stranger, ownerAfter: stranger }),
    ],
  );
  const moved = [venueMove(agentTokens, QUOTE_MINT, 30n)];
  const bracket = (...at: Bracket) => ({ swaps: new Map([['ana', [at]]]) });
  const left = (...brackets: Bracket[]): bigint =>
    outflows(
      brackets.map((each, nth) =>
        nth === 0
          ? telling(drift, { ...bracket(...each), moved })
          : telling(velocity, bracket(...each)),
      ),
      swapped,
    ).reduce((sum, each) => sum + each.amount, 0n);

  test('spends what programs take inside of it; the rest is an outflow', () => {
    expect(outflows([telling(drift, { moved })], swapped)[0]?.amount).toBe(30n);
    expect([left([0, 0]), left([0, 1]), left([0, 3])]).toEqual([30n, 20n, 0n]);
  });
  test('spends at most what the venue gave out inside of it', () =>
    expect([left([1, 1]), left([1, 3])]).toEqual([30n, 30n]));
  test('at each venue has its own first and last instruction', () => {
    expect([left([0, 0], [3, 3]), left([3, 3], [0, 0])]).toEqual([10n, 10n]);
    expect([left([0, 1], [3, 3]), left([3, 3], [0, 1])]).toEqual([0n, 0n]);
    expect([left([0, 3], [1, 1]), left([1, 1], [0, 3])]).toEqual([0n, 0n]);
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
