// Layout: the codec of the local chain writes and reads each type of an interface in the bytes of
// Borsh, and what it returns is not changed by later values.
import { expect, test } from 'vitest';
import {
  Cursor,
  createCodec,
  type IdlDefinition,
  type IdlType,
} from '../../src/local/drift/idl.ts';
import {
  blankAccount,
  decodeAccount,
  encodeAccount,
  encodeEvent,
} from '../../src/local/drift/layout.ts';
import { VELOCITY_LAYOUT } from '../../src/local/velocity/layout.ts';

const KEY = 'So11111111111111111111111111111111111111112';
const KEY_HEX = '069b8857feab8184fb687f634618c035dac439dc1aeb3b5598a0f00000000001';
const definitions = new Map<string, IdlDefinition['type']>([
  ['Side', { kind: 'enum', variants: [{ name: 'Long' }, { name: 'VeryShort' }] }],
  [
    'Pair',
    {
      kind: 'struct',
      fields: [
        { name: 'side', type: { defined: 'Side' } },
        { name: 'size', type: 'u16' },
      ],
    },
  ],
]);
const codec = createCodec(definitions);

test.each<[IdlType, unknown, string]>([
  ['u8', 255, 'ff'],
  ['i8', -1, 'ff'],
  ['u16', 513, '0102'],
  ['i16', -2, 'feff'],
  ['u32', 4_294_967_295, 'ffffffff'],
  ['i32', -2, 'feffffff'],
  ['u64', 2n ** 64n - 1n, 'ff'.repeat(8)],
  ['i64', -2n, `fe${'ff'.repeat(7)}`],
  ['u128', 2n ** 127n + 1n, `01${'00'.repeat(14)}80`],
  ['i128', -(2n ** 64n), `${'00'.repeat(8)}${'ff'.repeat(8)}`],
  ['bool', true, '01'],
  ['publicKey', KEY, KEY_HEX],
  [{ option: 'u16' }, null, '00'],
  [{ option: 'u16' }, 7, '010700'],
  [{ array: ['u8', 3] }, [1, 2, 3], '010203'],
  [{ vec: 'u16' }, [1, 2], '0200000001000200'],
  [{ defined: 'Side' }, 'veryShort', '01'],
  [{ vec: { defined: 'Pair' } }, [{ side: 'long', size: 1 }], '01000000000100'],
])('%j is written and read back', (type, value, hex) => {
  const cursor = new Cursor(new Uint8Array(40), 2);
  codec.write(type, value, cursor);
  expect(cursor.bytes.subarray(2, cursor.at).toString('hex')).toBe(hex);
  const read = new Cursor(cursor.bytes, 2);
  expect(codec.read(type, read)).toEqual(value);
  expect(read.at).toBe(cursor.at);
});

test.each<[IdlType, unknown, string]>([
  ['u8', 257n, '01'],
  ['u16', -1n, 'ffff'],
  ['u32', 2n ** 32n + 3n, '03000000'],
  ['u64', 5, '05'.padEnd(16, '0')],
  ['u64', -1n, 'ff'.repeat(8)],
  ['i128', -1, 'ff'.repeat(16)],
])('an integer of %j is wrapped to its width', (type, value, hex) => {
  const cursor = new Cursor(new Uint8Array(16));
  codec.write(type, value, cursor);
  expect(cursor.bytes.subarray(0, cursor.at).toString('hex')).toBe(hex);
});

test('what the interface does not have is an error', () => {
  const cursor = new Cursor(new Uint8Array(16));
  expect(() => codec.read('u24', cursor)).toThrow('unknown type u24');
  expect(codec.read({ option: { defined: 'Nothing' } }, cursor)).toBeNull();
  expect(() => codec.write({ defined: 'Side' }, 'up', cursor)).toThrow('no variant up');
  const fields = [{ name: 'size', type: 'u16' }];
  expect(() => codec.writeFields(fields, {}, cursor)).toThrow('field size is missing');
});

test('encoded bytes hold nothing of other values, and are not changed by them', () => {
  const before = new Uint8Array(4_496).fill(7);
  const full = VELOCITY_LAYOUT.encodeAccount('User', VELOCITY_LAYOUT.blankAccount('User'), before);
  const kept = Buffer.from(full).toString('hex');
  expect(kept).toContain('0707');
  const blank = VELOCITY_LAYOUT.encodeAccount('User', VELOCITY_LAYOUT.blankAccount('User'));
  expect(Buffer.from(blank.subarray(8)).equals(Buffer.alloc(blank.length - 8))).toBe(true);
  encodeEvent('CurveRecord', {
    ...blankAccount('PerpMarket').amm,
    ts: 1n,
    recordId: 2n,
    marketIndex: 3,
    adjustmentCost: 4n,
    pegMultiplierBefore: 1n,
    baseAssetReserveBefore: 1n,
    quoteAssetReserveBefore: 1n,
    sqrtKBefore: 1n,
    pegMultiplierAfter: 1n,
    baseAssetReserveAfter: 1n,
    quoteAssetReserveAfter: 1n,
    sqrtKAfter: 1n,
    baseAssetAmountShort: 1n,
    totalFee: 1n,
    oraclePrice: 1n,
    fillRecord: 1n,
    numberOfUsers: 1n,
  });
  expect(Buffer.from(full).toString('hex')).toBe(kept);
});

test('a struct that was read may be changed without effect on the next', () => {
  const data = encodeAccount('User', blankAccount('User'));
  const first = decodeAccount('User', data);
  first.orders[0].price = 5n;
  first.name[0] = 5;
  expect(decodeAccount('User', data)).toEqual(blankAccount('User'));
});
