// Events: our decoding equals the SDK's, on generated records of every shape, on what the local chain wrote, and on
// real mainnet data where the shared fixtures are present; on older layouts, where the SDK throws, ours reads on.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import * as sdk from '@drift-labs/sdk';
import { Connection, Keypair, PublicKey } from '@solana/web3.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeEvent, idl, type Struct } from '../../src/local/drift/layout.ts';
import { processEnvironment } from '../../src/system/settings.ts';
import { readSpotMarket, readUser } from '../../src/venue/accounts.ts';
import { decodeEvent } from '../../src/venue/events.ts';
import { readLogs } from '../../src/venue/logs.ts';
import { PROGRAM_ID } from '../../src/venue/profile.ts';

const connection = new Connection('http://127.0.0.1:1');
const client = new sdk.DriftClient({
  connection,
  wallet: new sdk.Wallet(Keypair.generate()),
  env: 'mainnet-beta',
  accountSubscription: {
    type: 'polling',
    accountLoader: new sdk.BulkAccountLoader(connection, 'confirmed', 0),
  },
  skipLoadUsers: true,
});

/** The SDK's value in plain form: BN and PublicKey as text, enums as the variant's name. */
function plain(value: unknown): unknown {
  if (value === null || value === undefined) return null;
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof PublicKey) return value.toBase58();
  if (typeof value === 'object' && 'toArrayLike' in value) return String(value);
  if (typeof value === 'object') {
    const keys = Object.keys(value);
    const [only] = keys;
    if (
      only !== undefined &&
      keys.length === 1 &&
      Object.keys((value as Struct)[only] ?? {}).length === 0
    )
      return only;
  }
  return value;
}

const oracle = (bytes: Uint8Array): Struct | null => {
  const decoded = client.program.coder.events.decode(Buffer.from(bytes).toString('base64'));
  return decoded === null
    ? null
    : {
        name: decoded.name,
        ...Object.fromEntries(
          Object.entries(decoded.data).map(([key, value]) => [key, plain(value)]),
        ),
      };
};

function compare(bytes: Uint8Array, padded: Uint8Array = bytes): void {
  const theirs = oracle(padded);
  const ours = decodeEvent(bytes);
  if (ours === null || theirs === null) throw new Error('both should decode this');
  expect(ours.event).toBe(theirs.name);
  const text = (value: unknown) => plain(value);
  if (ours.event === 'DepositRecord') {
    expect(
      [
        ours.ts,
        ours.authority,
        ours.user,
        ours.direction,
        ours.recordId,
        ours.amount,
        ours.oraclePrice,
        ours.totalDepositsAfter,
        ours.totalWithdrawsAfter,
        ours.explanation,
        ours.transferUser,
        ours.signer,
        ours.tokensAfter,
      ].map(text),
    ).toEqual(
      [
        'ts',
        'userAuthority',
        'user',
        'direction',
        'depositRecordId',
        'amount',
        'oraclePrice',
        'totalDepositsAfter',
        'totalWithdrawsAfter',
        'explanation',
        'transferUser',
        'signer',
        'userTokenAmountAfter',
      ].map((name) => theirs[name]),
    );
    expect(ours.market).toBe(theirs.marketIndex);
  } else if (ours.event === 'SettlePnlRecord') {
    expect(
      [
        ours.ts,
        ours.user,
        ours.pnl,
        ours.baseAfter,
        ours.quoteAfter,
        ours.quoteEntry,
        ours.settlePrice,
        ours.explanation,
      ].map(text),
    ).toEqual(
      [
        'ts',
        'user',
        'pnl',
        'baseAssetAmount',
        'quoteAssetAmountAfter',
        'quoteEntryAmount',
        'settlePrice',
        'explanation',
      ].map((name) => theirs[name]),
    );
  } else {
    expect(
      [
        ours.action,
        ours.marketType,
        ours.market,
        ours.filler,
        ours.fillRecordId,
        ours.baseFilled,
        ours.quoteFilled,
        ours.oraclePrice,
        ours.bitFlags,
        ours.builderFee,
      ].map(text),
    ).toEqual(
      [
        'action',
        'marketType',
        'marketIndex',
        'filler',
        'fillRecordId',
        'baseAssetAmountFilled',
        'quoteAssetAmountFilled',
        'oraclePrice',
        'bitFlags',
        'builderFee',
      ].map((name) => theirs[name]),
    );
    for (const side of ['taker', 'maker'] as const) {
      const own = ours[side];
      const present = theirs[side] !== null && theirs[`${side}OrderDirection`] !== null;
      expect(own !== null).toBe(present);
      if (own === null) continue;
      expect(
        [own.user, own.orderId, own.direction, own.fee, own.existingEntry, own.existingBase].map(
          text,
        ),
      ).toEqual([
        theirs[side],
        theirs[`${side}OrderId`],
        theirs[`${side}OrderDirection`],
        theirs[`${side}Fee`] ?? '0',
        theirs[`${side}ExistingQuoteEntryAmount`],
        theirs[`${side}ExistingBaseAssetAmount`],
      ]);
    }
  }
}

/** Arbitrary values of an event, from its published layout: every Option both ways, integers to their extremes. */
function arbitraryEvent(name: string): fc.Arbitrary<Struct> {
  const fields = idl.events.find((each) => each.name === name)?.fields ?? [];
  const variants = (defined: string): string[] => {
    const found = idl.types.find((each) => each.name === defined)?.type;
    return found?.kind === 'enum'
      ? found.variants.map((each) => each.name.charAt(0).toLowerCase() + each.name.slice(1))
      : [];
  };
  const key = fc
    .uint8Array({ minLength: 32, maxLength: 32 })
    .map((bytes) => new PublicKey(bytes).toBase58());
  const of = (type: unknown): fc.Arbitrary<unknown> => {
    if (typeof type === 'object' && type !== null) {
      if ('option' in type) return fc.option(of(type.option), { nil: null });
      if ('defined' in type) return fc.constantFrom(...variants(String(type.defined)));
    }
    if (type === 'publicKey') return key;
    if (type === 'bool') return fc.boolean();
    const [, sign, bits] = /^([ui])(\d+)$/.exec(String(type)) ?? [];
    const size = BigInt(bits ?? 0);
    const range =
      sign === 'u'
        ? { min: 0n, max: 2n ** size - 1n }
        : { min: -(2n ** (size - 1n)), max: 2n ** (size - 1n) - 1n };
    return fc.bigInt(range);
  };
  return fc.record(Object.fromEntries(fields.map((field) => [field.name, of(field.type)])));
}

test.each(['DepositRecord', 'SettlePnlRecord', 'OrderActionRecord'])(
  '%s: every field of any record equals the SDK’s',
  (name) => {
    fc.assert(
      fc.property(arbitraryEvent(name), (value) => compare(encodeEvent(name, value))),
      { numRuns: 300 },
    );
  },
);

test('an older, shorter record reads as absent where the SDK throws', () => {
  fc.assert(
    fc.property(arbitraryEvent('OrderActionRecord'), (value) => {
      // Before 2025-06 a record ended after bit_flags or even before it.
      const blank: Struct = {
        ...value,
        takerExistingQuoteEntryAmount: null,
        takerExistingBaseAssetAmount: null,
        makerExistingQuoteEntryAmount: null,
        makerExistingBaseAssetAmount: null,
        triggerPrice: null,
        builderIdx: null,
        builderFee: null,
      };
      const whole = encodeEvent('OrderActionRecord', blank);
      const older = whole.subarray(0, whole.length - 7);
      expect(() => oracle(older)).toThrow();
      expect(decodeEvent(older)).toMatchObject({
        event: 'OrderActionRecord',
        hasExisting: false,
        taker: blank.taker && blank.takerOrderDirection ? { existingEntry: null } : null,
      });
    }),
    { numRuns: 50 },
  );
});

test('a record that ends inside a needed field is an error, not a guess', () => {
  const bytes = encodeEvent(
    'DepositRecord',
    fc.sample(arbitraryEvent('DepositRecord'), 1)[0] ?? {},
  );
  expect(() => decodeEvent(bytes.subarray(0, 60))).toThrow(RangeError);
  expect(decodeEvent(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9))).toBeNull();
});

describe('attribution', () => {
  const line = `Program log: ${Buffer.from(encodeEvent('SettlePnlRecord', fc.sample(arbitraryEvent('SettlePnlRecord'), 1)[0] ?? {})).toString('base64')}`;
  const other = 'TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA';
  test('only lines the venue itself wrote count', () => {
    expect(
      readLogs([`Program ${other} invoke [1]`, line, `Program ${other} success`], PROGRAM_ID),
    ).toEqual([]);
    expect(
      readLogs(
        [
          `Program ${PROGRAM_ID} invoke [1]`,
          `Program ${other} invoke [2]`,
          line,
          `Program ${other} success`,
          `Program ${PROGRAM_ID} success`,
        ],
        PROGRAM_ID,
      ),
    ).toEqual([]);
    const heard = readLogs(
      [
        `Program ${other} invoke [1]`,
        `Program ${PROGRAM_ID} invoke [2]`,
        line,
        `Program ${PROGRAM_ID} success`,
        `Program ${other} success`,
      ],
      PROGRAM_ID,
    );
    expect(heard?.map((each) => each.instruction)).toEqual([0]);
  });
  test('a truncated log tells nothing, even if more lines follow', () => {
    expect(
      readLogs([`Program ${PROGRAM_ID} invoke [1]`, 'Log truncated', line], PROGRAM_ID),
    ).toBeNull();
  });
  test('a log line that claims to be an invocation does not fool the stack', () => {
    const forged = [
      `Program ${other} invoke [1]`,
      `Program log: Program ${PROGRAM_ID} invoke [2]`,
      line,
      `Program ${other} success`,
    ];
    expect(readLogs(forged, PROGRAM_ID)).toEqual([]);
  });
});

const shared =
  processEnvironment().BAILIFF_FIXTURES ??
  path.join(import.meta.dirname, '../../../shared/fixtures');
const load = (name: string): Struct =>
  JSON.parse(readFileSync(path.join(shared, name), 'utf8')) as Struct;
const hasShared = existsSync(path.join(shared, 'INDEX.md'));

describe.runIf(hasShared)('real chain data', () => {
  const names = [
    'logs-driftrs-parses_order_trigger.json',
    'logs-driftrs-parses_jit_proxy_logs.json',
    'events-driftrs-history.json',
    'logs-driftrs-parses_swap_logs.json',
    'logs-updatefundingrate-curve-fundingrate-protocolv2.json',
  ];
  test.each(names)('%s', (name) => {
    const payloads = [
      ...JSON.stringify(load(name)).matchAll(/Program (?:log|data): ([A-Za-z0-9+/]{40,}={0,2})/g),
    ].map((match) => Buffer.from(match[1] ?? '', 'base64'));
    for (const bytes of payloads) {
      const ours = decodeEvent(bytes);
      if (ours === null) continue;
      // The SDK needs the missing trailing fields padded with zeros; ours reads the bytes as they are.
      compare(bytes, Buffer.concat([bytes, Buffer.alloc(64)]));
      expect(ours.ts > 0n).toBe(true);
    }
  });

  test('67 mainnet users: positions and counters as the SDK reads them', () => {
    const buffers = [
      ...JSON.stringify(load('accounts-user-67-protocolv2.json')).matchAll(
        /"([A-Za-z0-9+/]{5000,}={0,2})"/g,
      ),
    ].map((match) => Buffer.from(match[1] ?? '', 'base64'));
    const users = buffers.filter((each) => each.length === 4376);
    expect(users.length).toBeGreaterThan(50);
    for (const bytes of users) {
      const ours = readUser(bytes);
      const theirs = sdk.decodeUser(bytes);
      expect(ours.authority).toBe(theirs.authority.toBase58());
      expect([ours.totalDeposits, ours.totalWithdraws, ours.settledPerpPnl].map(String)).toEqual(
        [theirs.totalDeposits, theirs.totalWithdraws, theirs.settledPerpPnl].map(String),
      );
      for (const perp of ours.perps) {
        const same = theirs.perpPositions.find(
          (each) =>
            each.marketIndex === perp.market &&
            each.baseAssetAmount.toString() === perp.base.toString(),
        );
        expect([same?.quoteAssetAmount, same?.quoteEntryAmount].map(String)).toEqual(
          [perp.quote, perp.entry].map(String),
        );
      }
      for (const spot of ours.spots.filter((each) => each.scaledBalance > 0n)) {
        const same = theirs.spotPositions.find(
          (each) => each.marketIndex === spot.market && each.scaledBalance.gtn(0),
        );
        expect(same?.scaledBalance.toString()).toBe(spot.scaledBalance.toString());
      }
    }
  });

  test("mainnet's USDC market", () => {
    const items = load('accounts-protocolv2-rust-tests.json').items as Struct[];
    const found = items.filter((each) => each.account === 'SpotMarket');
    for (const each of found) {
      const bytes = Buffer.from(each.b64 as string, 'base64');
      const theirs = client.program.coder.accounts.decodeUnchecked('SpotMarket', bytes) as Struct;
      const ours = readSpotMarket(bytes);
      expect([
        ours.oracle,
        ours.mint,
        ours.decimals,
        ours.index,
        ours.cumulativeDepositInterest.toString(),
      ]).toEqual([
        theirs.oracle.toBase58(),
        theirs.mint.toBase58(),
        theirs.decimals,
        theirs.marketIndex,
        theirs.cumulativeDepositInterest.toString(),
      ]);
    }
  });
});
