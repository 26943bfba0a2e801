// SDK oracle: the venue's own SDK as the judge of our decoders, and arbitrary records to judge them on.
import * as sdk from '@drift-labs/sdk';
import { Connection, Keypair, PublicKey } from '@solana/web3.js';
import fc from 'fast-check';
import { expect } from 'vitest';
import { idl, type Struct } from '../../src/local/drift/layout.ts';
import { decodeEvent } from '../../src/venue/events.ts';

const connection = new Connection('http://127.0.0.1:1');
export const client = new sdk.DriftClient({
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

export const oracle = (bytes: Uint8Array): Struct | null => {
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

/** Our decoding of a record equals the SDK's, field by field. */
export function compare(bytes: Uint8Array, padded: Uint8Array = bytes): void {
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
export function arbitraryEvent(name: string): fc.Arbitrary<Struct> {
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
