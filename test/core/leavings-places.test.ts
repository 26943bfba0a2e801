// Leavings, place by place: the call at which something left, the account it left, by whose act it
// left, and what a swap with the venue's tokens explains.
import { describe, expect, test } from 'vitest';
import { leavings, solBrought } from '../../src/core/conservation.ts';
import type { Perimeter } from '../../src/core/holdings.ts';
import type { Address } from '../../src/core/ids.ts';
import { WRAPPED_SOL } from '../../src/core/programs.ts';
import { tokenOwners } from '../../src/core/token-owners.ts';
import {
  type ChainTransaction,
  callsOf,
  LAST_ORDINAL,
  ORDINALS_A_CALL,
} from '../../src/core/transaction.ts';
import { PROGRAM_ID, QUOTE_MINT } from '../../src/venue/drift-v2/profile.ts';
import {
  agent,
  FEE,
  type Made,
  type MadeCall,
  made,
  mine,
  OTHER,
  sendSol,
  someone,
  stranger,
  TOKEN,
  tokens,
  transfer,
  vault,
  venue,
  venueMove,
  WALLET_LAMPORTS,
  watched,
} from '../support/made-transaction.ts';

const SOL = 1_000_000_000n;
const subject = { subscriberId: 'ana', agent };
const around = (transaction: ChainTransaction, more: Partial<Perimeter> = {}): Perimeter => ({
  transaction,
  calls: callsOf(transaction),
  watched,
  venues: new Set([PROGRAM_ID]),
  quotes: new Set([QUOTE_MINT]),
  ofValue: () => true,
  isVenueAccount: () => false,
  madeFor: () => false,
  venueMoved: [],
  owners: tokenOwners(transaction),
  swaps: new Map(),
  ...more,
});
const left = (transaction: ChainTransaction, more: Partial<Perimeter> = {}) =>
  leavings(around(transaction, more), subject);
const at = (place: number, nth = 0) => place * ORDINALS_A_CALL + 8 + nth;
const [x, y] = [someone(), someone()].sort() as [Address, Address];
const noise: Made = { program: OTHER, accounts: [someone()], data: Buffer.of(1) };

describe('the place', () => {
  const places = (transaction: ChainTransaction) =>
    left(transaction).map(({ destination, ordinal }) => [destination, ordinal]);

  test('is that of the last wallet call that names the receiver', () => {
    const sent = made([noise, sendSol(agent, x, 5n * SOL), sendSol(agent, y, 3n * SOL), noise]);
    expect(places(sent)).toEqual([
      [x, at(1)],
      [y, at(2)],
    ]);
    const twice = made([
      sendSol(agent, x, SOL),
      noise,
      sendSol(agent, x, SOL),
      sendSol(stranger, y, SOL),
    ]);
    expect(places(twice)).toEqual([[x, at(2)]]);
    expect(places(made([sendSol(agent, x, SOL)]))).toEqual([[x, at(0)]]);
  });
  test('of several parts of one call differs by one; without any call they stand at the end', () => {
    const took = (call: Made) => {
      const whole = made([call, { ...noise, accounts: [x, y] }]);
      const gains = new Map([
        [x, 2n * SOL],
        [y, SOL],
      ]);
      const before = whole.keys.map(() => WALLET_LAMPORTS);
      const after = whole.keys.map((key) =>
        key === agent ? WALLET_LAMPORTS - FEE - 3n * SOL : WALLET_LAMPORTS + (gains.get(key) ?? 0n),
      );
      return { ...whole, lamports: { before, after } };
    };
    const both = { ...sendSol(agent, x, 0n), accounts: [agent, x, y] };
    expect(places(took(both))).toEqual([
      [x, at(0)],
      [y, at(0, 1)],
    ]);
    expect(places(took({ ...noise, accounts: [agent] }))).toEqual([
      [x, LAST_ORDINAL - 1],
      [y, LAST_ORDINAL - 2],
    ]);
    // The receivers are in no wallet call; the last one that names the wallet tells the place.
    expect(places(took(sendSol(agent, stranger, 0n)))).toEqual([
      [x, at(0)],
      [y, at(0, 1)],
    ]);
  });
});

describe('the account that it left', () => {
  const taken = (fromX: bigint, fromY: bigint) => {
    const call: MadeCall = transfer(x, stranger, fromX + fromY);
    const rows = [tokens(x, 100n, 100n - fromX, mine), tokens(y, 100n, 100n - fromY, mine)];
    return left(made([call], [...rows, tokens(stranger, 0n, fromX + fromY)]))[0]?.source;
  };
  test('is the one that lost most, among equals the first by address', () => {
    expect([taken(10n, 30n), taken(30n, 10n), taken(20n, 20n), taken(-5n, 30n)]).toEqual([
      y,
      x,
      x,
      y,
    ]);
  });
});

describe('without a signature of the agent', () => {
  const consent = (...rows: Parameters<typeof tokens>[]) => {
    const call: MadeCall = transfer(x, stranger, 10n);
    const balances = [...rows.map((row) => tokens(...row)), tokens(stranger, 0n, 900n)];
    return left(made([call], balances, 'whole', { signers: [stranger] })).map(
      (each) => each.consent,
    );
  };
  const foreign = { ...mine, program: OTHER };
  test('only a classic token account that fell proves that its delegate took it', () => {
    expect(consent([x, 90n, 40n, mine])).toEqual(['appointed']);
    expect(consent([x, 90n, 40n, foreign])).toEqual(['none']);
    expect(consent([x, 90n, 40n, foreign], [y, 10n, 20n, mine])).toEqual(['none']);
    expect(consent([x, 90n, 40n, foreign], [y, 20n, 20n, mine])).toEqual(['none']);
    expect(consent([x, 90n, 40n, foreign], [y, 20n, 10n, mine])).toEqual(['appointed']);
    expect(consent([x, 90n, 40n, { ...foreign, program: null }])).toEqual(['none']);
  });
  test('SOL out of the wallet itself is its owner’s doing', () => {
    const sent = made([sendSol(agent, x, SOL)], [], 'whole', { signers: [stranger] });
    expect(left(sent).map((each) => each.consent)).toEqual(['appointed']);
  });
  test('lamports of a token account prove nothing by the wrapped SOL of another one', () => {
    const rows = [
      tokens(x, 5n, 5n, mine),
      tokens(y, 5n, 3n, { mint: WRAPPED_SOL, owner: stranger, ownerAfter: stranger }),
    ];
    const whole = made([transfer(x, y, 0n)], rows, 'whole', { signers: [stranger] });
    const before = whole.keys.map((key) => (key === x ? 900n : SOL));
    const after = whole.keys.map((key) => (key === x ? 700n : key === stranger ? SOL + 200n : SOL));
    const found = left({ ...whole, lamports: { before, after } });
    expect(found.filter(({ mint }) => mint === null).map((each) => each.consent)).toEqual(['none']);
  });
});

describe('what the venue moved', () => {
  const row = tokens(x, 50n, 50n, mine);
  const amounts = (moved: [Address, bigint, string?][], rows = [row]) =>
    left(made([noise], rows), {
      venueMoved: moved.map(([account, amount, subscriberId = 'ana']) => {
        const mint = rows.find((each) => each.account === account)?.mint ?? QUOTE_MINT;
        return { ...venueMove(account, mint, amount), subscriberId };
      }),
    }).map(({ mint, amount }) => [mint, amount]);
  test('into an own account and is not there any more has left, in its own token alone', () => {
    expect(amounts([[x, 7n]])).toEqual([[QUOTE_MINT, 7n]]);
    expect(amounts([[x, 7n, 'ben']])).toEqual([]);
    expect(amounts([[x, -7n]])).toEqual([]);
    // The account was the subscriber's when the tokens came, and another wallet's at both ends.
    const other = tokens(y, 5n, 12n);
    expect(amounts([[y, 7n]], [row, other])).toEqual([[QUOTE_MINT, 7n]]);
  });
  test('in one token explains nothing of another one in the same account', () => {
    const other = someone();
    const rows = [
      tokens(x, 7n, 0n, { owner: agent, ownerAfter: null }),
      tokens(x, 0n, 0n, { mint: other, owner: null, ownerAfter: agent }),
      tokens(y, 7n, 0n, { mint: other, ...mine }),
    ];
    expect(amounts([[x, -7n]], rows)).toEqual([[other, 7n]]);
  });
  test('of wrapped SOL counts as SOL', () => {
    const wrapped = tokens(x, 50n, 50n, { ...mine, mint: WRAPPED_SOL });
    expect(amounts([[x, 7n]], [wrapped])).toEqual([[null, 7n]]);
  });
});

describe('a swap with the venue’s tokens', () => {
  const pool = someone();
  const through = (...inner: MadeCall[]): Made => ({
    program: OTHER,
    accounts: [x],
    data: Buffer.of(1),
    inner,
  });
  /** The venue gives 60 units out at the beginning, and takes nothing back. */
  const begin = venue('an order', { 1: x }, { inner: [transfer(vault, x, 60n)] });
  const end = venue('an order', { 1: x });
  const parts = (
    instructions: Made[],
    swaps: [number, number][],
    after: bigint,
    received = 100n - after,
    moved = 60n,
  ) =>
    left(made(instructions, [tokens(x, 40n, after, mine), tokens(pool, 0n, received)]), {
      swaps: new Map([['ana', swaps]]),
      venueMoved: [venueMove(x, QUOTE_MINT, moved)],
    });
  const amounts = (
    instructions: Made[],
    swap: [number, number],
    after: bigint,
    received = 100n - after,
  ) => parts(instructions, [swap], after, received).map(({ amount }) => amount);
  const spend = through(transfer(x, pool, 60n));

  test('explains what programs moved between its two instructions, less what came back', () => {
    expect(amounts([begin, spend, end], [0, 2], 40n)).toEqual([]);
    const back = through(transfer(x, pool, 60n), transfer(pool, x, 20n));
    expect(amounts([begin, back, end], [0, 2], 60n)).toEqual([]);
    expect(amounts([begin, back, end], [0, 2], 50n)).toEqual([10n]);
  });
  test('explains nothing before or after them, by hand, or between others', () => {
    expect(amounts([spend, begin, end], [1, 2], 40n)).toEqual([60n]);
    expect(amounts([begin, end, spend], [0, 1], 40n)).toEqual([60n]);
    expect(amounts([begin, transfer(x, pool, 60n), end], [0, 2], 40n)).toEqual([60n]);
    const others = through(transfer(someone(), someone(), 60n));
    expect(amounts([begin, others, end], [0, 2], 40n)).toEqual([60n]);
  });
  test('in which more came back than was spent has taken nothing', () => {
    const gain = through(transfer(x, pool, 10n), transfer(pool, x, 50n));
    expect(amounts([begin, gain, end], [0, 2], 100n, 0n)).toEqual([]);
    expect(amounts([begin, gain, end], [0, 2], 90n, 10n)).toEqual([10n]);
  });
  test('explains no tokens beyond those that the venue gave out, which went to their receiver', () => {
    const all = through(transfer(x, pool, 90n));
    expect(parts([begin, all, end], [[0, 2]], 10n)).toMatchObject([
      { amount: 30n, destination: pool },
    ]);
    const unused = venue('an order', { 1: x }, { inner: [transfer(x, vault, 60n)] });
    const older = through(transfer(x, pool, 30n));
    expect(parts([begin, older, unused], [[0, 2]], 10n, 30n, 0n)).toMatchObject([{ amount: 30n }]);
  });
  test('explains nothing between two swaps', () => {
    const more = venue('an order', { 1: x }, { inner: [transfer(vault, x, 0n)] });
    const calls = [begin, end, spend, more, end];
    expect(parts(calls, [[0, 4]], 40n)).toEqual([]);
    expect(
      parts(
        calls,
        [
          [0, 1],
          [3, 4],
        ],
        40n,
      ),
    ).toMatchObject([{ amount: 60n, destination: pool }]);
  });
  test('in which the venue took what programs brought leaves the wallet what it had', () => {
    const bought = through(transfer(pool, x, 50n));
    const taken = venue('an order', { 1: x }, { inner: [transfer(x, vault, 50n)] });
    const hand = (amount: bigint) => transfer(x, stranger, amount);
    const of = (calls: Made[], after: bigint) =>
      parts(calls, [[0, calls.length - 1]], after, 0n, -50n).map(({ amount }) => amount);
    expect(of([end, bought, taken], 40n)).toEqual([]);
    expect(of([end, bought, hand(40n), taken], 0n)).toEqual([40n]);
    // More came than the venue took, or less.
    expect(of([end, through(transfer(pool, x, 55n)), taken], 45n)).toEqual([]);
    expect(of([end, through(transfer(pool, x, 30n)), taken], 20n)).toEqual([]);
  });
});

test('SOL that came in is told without the fee; a loss brought nothing', () => {
  expect(solBrought(around(made([sendSol(stranger, agent, 3n * SOL)])), subject)).toBe(3n * SOL);
  expect(solBrought(around(made([sendSol(agent, stranger, SOL)])), subject)).toBe(0n);
  expect(solBrought(around({ ...made([noise]), lamports: null }), subject)).toBe(0n);
  const row = tokens(x, 0n, 5n, mine);
  expect(solBrought(around(made([transfer(stranger, x, 5n)], [row])), subject)).toBe(0n);
});

test('the program of the venue is not asked where no token of it moved', () =>
  expect(left(made([{ program: TOKEN, accounts: [x], data: Buffer.of(1) }]))).toEqual([]));

describe('who received tokens', () => {
  const [bridge, friend, creator, other] = [someone(), someone(), someone(), someone()];
  const owned = (account: Address, before: bigint, after: bigint) =>
    tokens(account, before, after, { owner: account, ownerAfter: account });
  const receivers = (instructions: Made[], rows: ReturnType<typeof tokens>[]) =>
    left(made(instructions, rows)).map(({ destination, amount }) => [destination, amount]);

  test('is told by the calls, not by the size of a gain that another wallet paid', () => {
    const rows = [
      tokens(x, 10n, 0n, mine),
      owned(other, 10n, 0n),
      owned(bridge, 1n, 1n),
      owned(friend, 0n, 6n),
      owned(stranger, 0n, 4n),
      owned(creator, 0n, 10n),
    ];
    const through = [transfer(bridge, friend, 6n), transfer(bridge, stranger, 4n)];
    const paid = transfer(other, creator, 10n);
    const told = [
      [friend, 6n],
      [stranger, 4n],
    ];
    expect(receivers([transfer(x, bridge, 10n), ...through, paid], rows)).toEqual(told);
    expect(receivers([paid, transfer(x, bridge, 10n), ...through], rows)).toEqual(told);
  });
  test('is told by size where the calls do not lead to the balances', () => {
    const rows = [tokens(x, 10n, 0n, mine), owned(friend, 0n, 6n), owned(creator, 0n, 4n)];
    expect(receivers([noise], rows)).toEqual([
      [friend, 6n],
      [creator, 4n],
    ]);
  });
});
