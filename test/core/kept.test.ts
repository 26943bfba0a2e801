// Kept: no outflow names an owner for more tokens than that owner gained in the transaction, and
// all outflows of the transaction share that gain.
import { expect, test } from 'vitest';
import type { Fact, Outflow } from '../../src/core/fact.ts';
import { limitToKept } from '../../src/core/kept.ts';
import { WRAPPED_SOL } from '../../src/core/programs.ts';
import { QUOTE_MINT } from '../../src/venue/drift-v2/profile.ts';
import { agentTokens, made, someone, stranger, tokens } from '../support/made-transaction.ts';

const [account, other] = [someone(), someone()];
const body = (amount: bigint, more: Partial<Outflow> = {}): Outflow => ({
  kind: 'outflow',
  route: 'token_transfer',
  amount,
  mint: QUOTE_MINT,
  decimals: 6,
  destination: account,
  owner: stranger,
  internal: false,
  ofValue: true,
  usd: amount,
  consent: 'agent',
  signers: [],
  ...more,
});
/** The outflows of one transaction, in order, when the stranger's accounts hold these amounts. */
function limited(bodies: readonly Outflow[], rows = [tokens(account, 5n, 15n)]) {
  const transaction = made([], rows);
  const facts = bodies.map(
    (each, nth): Fact => ({
      subscriberId: 'ana',
      account: agentTokens,
      signature: transaction.signature,
      position: { slot: 100, blockIndex: 0, ordinal: nth },
      body: each,
    }),
  );
  return limitToKept(facts, transaction).map(({ body: left, position }) =>
    left.kind === 'outflow' ? [left.amount, left.owner, left.usd, position.ordinal] : [],
  );
}

test('what a receiver has afterwards is told as received', () => {
  expect(limited([body(10n)])).toEqual([[10n, stranger, 10n, 0]]);
  expect(limited([body(4n), body(6n)])).toEqual([
    [4n, stranger, 4n, 0],
    [6n, stranger, 6n, 1],
  ]);
});
test('what a receiver passed on is an outflow of its own, without an owner', () => {
  expect(limited([body(16n)])).toEqual([
    [10n, stranger, 10n, 0],
    [6n, null, 6n, 1],
  ]);
  expect(limited([body(16n)], [tokens(account, 5n, 5n)])).toEqual([[16n, null, 16n, 0]]);
  expect(limited([body(16n)], [tokens(account, 5n, 1n)])).toEqual([[16n, null, 16n, 0]]);
});
test('one gain is told once, over all accounts of the receiver and all outflows', () => {
  expect(limited([body(10n), body(10n)])).toEqual([
    [10n, stranger, 10n, 0],
    [10n, null, 10n, 1],
  ]);
  expect(limited([body(8n), body(8n)])).toEqual([
    [8n, stranger, 8n, 0],
    [2n, stranger, 2n, 1],
    [6n, null, 6n, 2],
  ]);
  const paidOut = [tokens(account, 5n, 15n), tokens(other, 9n, 2n)];
  expect(limited([body(10n)], paidOut)).toEqual([
    [3n, stranger, 3n, 0],
    [7n, null, 7n, 1],
  ]);
});
test('an account that was given to the receiver counts with all that is in it', () => {
  const given = tokens(account, 10n, 10n, { owner: someone(), ownerAfter: stranger });
  expect(limited([body(10n, { destination: stranger })], [given])).toEqual([
    [10n, stranger, 10n, 0],
  ]);
});
test('internal outflows, SOL, wrapped SOL and an owner without a balance stay as they are', () => {
  const kept = [
    body(99n, { internal: true }),
    body(99n, { mint: null }),
    body(99n, { mint: WRAPPED_SOL }),
    body(99n, { owner: someone() }),
  ];
  expect(limited(kept).map(([amount, owner]) => [amount, owner])).toEqual(
    kept.map((each) => [each.amount, each.owner]),
  );
});
