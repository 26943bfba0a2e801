// Spoiled: a record that can't be read concerns the accounts it names, or those its call was given,
// and nothing else of the transaction; a record that nothing asks for concerns no account at all.
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { Address } from '../../src/core/ids.ts';
import { encodeEvent, type Struct } from '../../src/local/drift/layout.ts';
import { NO_ACTION } from '../../src/local/drift/order-record.ts';
import { PROGRAM_ID } from '../../src/venue/drift-v2/profile.ts';
import { DRIFT_V2 } from '../../src/venue/drift-v2/venue.ts';
import { hear } from '../support/hear.ts';
import {
  agent,
  agentTokens,
  depositRecord,
  made,
  someone,
  tokens,
  transfer,
  user,
  vault,
  venue,
  watched,
} from '../support/made-transaction.ts';

const { user: userAddress } = DRIFT_V2.addresses;

const [boAgent, stranger] = [someone(), someone()];
const bo = userAddress(boAgent, 0);
const both = new Map([
  ...watched,
  [bo, { address: bo, subscriberId: 'bo', role: 'drift_user' as const }],
]);
const discriminatorOf = (name: string) =>
  createHash('sha256').update(`event:${name}`).digest().subarray(0, 8);
const EXPLANATION_AT = 8 + 8 + 1;

const fill = (taker: Address, maker: Address | null): Struct => ({
  ...NO_ACTION,
  ts: 1n,
  action: 'fill',
  actionExplanation: 'orderFilledWithMatch',
  marketIndex: 0,
  marketType: 'perp',
  fillRecordId: 1n,
  baseAssetAmountFilled: 1_000_000_000n,
  quoteAssetAmountFilled: 110_000_000n,
  takerFee: 50_000n,
  taker,
  takerOrderId: 1,
  takerOrderDirection: 'short',
  takerOrderBaseAssetAmount: null,
  takerOrderCumulativeBaseAssetAmountFilled: null,
  takerOrderCumulativeQuoteAssetAmountFilled: null,
  takerExistingQuoteEntryAmount: 100_000_000n,
  maker,
  oraclePrice: 110_000_000n,
});
const line = (bytes: Uint8Array) => `Program log: ${Buffer.from(bytes).toString('base64')}`;
/** A transaction of one call for each list of records. */
function transactionOf(
  calls: readonly { at: Record<number, Address>; lines: readonly string[]; call?: string }[],
) {
  const transaction = made(calls.map(({ at, call }) => venue(call ?? 'order', at)));
  const logs = calls.flatMap(({ lines }) => [
    `Program ${PROGRAM_ID} invoke [1]`,
    ...lines,
    `Program ${PROGRAM_ID} success`,
  ]);
  return { ...transaction, logs };
}
const told = (transaction: ReturnType<typeof transactionOf>) =>
  hear(DRIFT_V2, transaction, both).map(({ account, body }) => [
    account === user ? 'ana' : account === bo ? 'bo' : account,
    body.kind === 'unknown' ? `unknown ${body.why}` : body.kind,
  ]);

const whole = (taker: Address, maker: Address | null) =>
  encodeEvent('OrderActionRecord', fill(taker, maker));
/** A fill whose explanation no table knows. */
const odd = (taker: Address, maker: Address | null) => {
  const bytes = whole(taker, maker);
  bytes[EXPLANATION_AT] = 99;
  return bytes;
};

describe('an unknown variant', () => {
  test('concerns who is named, and no neighbour in the same call', () =>
    expect(
      told(
        transactionOf([
          { at: { 1: user, 5: bo }, lines: [line(odd(bo, null)), line(whole(user, null))] },
        ]),
      ),
    ).toEqual([
      ['ana', 'close'],
      ['bo', 'unknown record_broken'],
      ['ana', 'tally'],
    ]));
  test('makes the account’s own state tell all of the transaction, and not a part of it twice', () =>
    expect(
      told(
        transactionOf([
          { at: { 1: user }, lines: [line(whole(user, null)), line(odd(user, null))] },
        ]),
      ),
    ).toEqual([['ana', 'unknown record_broken']]));
  test('of strangers concerns no watched account', () =>
    expect(
      told(
        transactionOf([
          { at: { 1: user }, lines: [line(odd(stranger, null)), line(whole(user, null))] },
        ]),
      ),
    ).toEqual([
      ['ana', 'close'],
      ['ana', 'tally'],
    ]));
});

describe('a record that ends inside a field', () => {
  test('concerns the accounts of its own call', () =>
    expect(
      told(
        transactionOf([
          { at: { 1: bo }, lines: [line(whole(stranger, null).subarray(0, 60))] },
          { at: { 1: user }, lines: [line(whole(user, null))] },
        ]),
      ),
    ).toEqual([
      ['ana', 'close'],
      ['bo', 'unknown record_broken'],
      ['ana', 'tally'],
    ]));
  test('of a withdrawal leaves the withdrawal to its instruction', () => {
    const [{ event, value }] = [depositRecord({ amount: 7n })];
    const bytes = encodeEvent(event, value).subarray(0, 80);
    const call = venue(
      'withdraw',
      { 1: user, 4: vault, 6: agentTokens },
      {
        inner: [transfer(vault, agentTokens, 7n)],
      },
    );
    const transaction = made(
      [call],
      [tokens(agentTokens, 0n, 7n, { owner: agent, ownerAfter: agent })],
    );
    const logs = transaction.logs.flatMap((each, at) =>
      at === 0 ? [each, `Program data: ${Buffer.from(bytes).toString('base64')}`] : [each],
    );
    const facts = hear(DRIFT_V2, { ...transaction, logs }, both);
    expect(facts.map(({ body }) => body)).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ kind: 'outflow', route: 'withdraw', amount: 7n, internal: true }),
        expect.objectContaining({ kind: 'unknown', why: 'record_broken', tradedAt: null }),
      ]),
    );
  });
});

test('records that nothing asks for may be of any shape', () => {
  const kinds = ['CurveRecord', 'NewUserRecord', 'DeleteUserRecord', 'RevenueShareSettleRecord'];
  const lines = kinds.map((name) =>
    line(Buffer.concat([discriminatorOf(name), Buffer.alloc(5, 0xff)])),
  );
  expect(
    told(transactionOf([{ at: { 1: user }, lines: [...lines, line(whole(user, null))] }])),
  ).toEqual([
    ['ana', 'close'],
    ['ana', 'tally'],
  ]);
});
