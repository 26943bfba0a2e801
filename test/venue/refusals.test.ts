// Refusals: the readers of each venue, pointed at accounts and records of the other one, refuse by
// name. The two venues share discriminators, and a reader of the wrong one would not fail but lie:
// a close of -0.025 USDT read as +76.19.
import { describe, expect, test } from 'vitest';
import type { Address } from '../../src/core/ids.ts';
import { blankAccount, encodeAccount } from '../../src/local/drift/layout.ts';
import { createDialect, type Dialect } from '../../src/venue/dialect.ts';
import { DRIFT_V2 } from '../../src/venue/drift-v2/venue.ts';
import { readLogs } from '../../src/venue/logs.ts';
import { VELOCITY_PROFILE } from '../../src/venue/velocity/profile.ts';
import { VELOCITY } from '../../src/venue/velocity/venue.ts';
import { hex, i64, i128, key, u8, u16, u32, u64, u128 } from '../support/borsh.ts';

/** A User of Velocity: 1,000 USDT deposited, a short of 2 in market 1, one sub-account id of 4. */
function velocityUser(bytes: 4496 | 4560): Buffer {
  const stride = bytes === 4496 ? 80 : 88;
  const tail = bytes === 4496 ? 4392 : 4456;
  const data = Buffer.alloc(bytes);
  hex('9f755fe3ef973aec').copy(data);
  key(9).copy(data, 8);
  data.writeBigUInt64LE(1_000_000_000_000n, 104);
  const perp = 424 + stride;
  data.writeBigInt64LE(-2_000_000_000n, perp + 8);
  data.writeBigInt64LE(300_000_000n, perp + 16);
  data.writeBigInt64LE(299_000_000n, perp + 32);
  data.writeUInt16LE(1, perp + 76);
  data.writeBigInt64LE(1_000_000_000n, tail);
  data.writeBigInt64LE(250_000_000n, tail + 8);
  data.writeBigInt64LE(-12_000_000n, tail + 24);
  data.writeBigInt64LE(-3_000_000n, tail + 40);
  data.writeUInt16LE(4, tail + 74);
  data.writeUInt8(1, tail + 76);
  return data;
}

const account = (discriminator: string, bytes: number, write: (data: Buffer) => void): Buffer => {
  const data = Buffer.alloc(bytes);
  hex(discriminator).copy(data);
  write(data);
  return data;
};
const velocityAccounts = {
  User: velocityUser(4496),
  UserStats: account('b0df881b7a4f20e3', 240, (data) => data.writeUInt16LE(3, 162)),
  SpotMarket: account('64b1086ba8414127', 808, (data) => {
    u128(10_000_000_000n).copy(data, 328);
    data.writeUInt32LE(6, 696);
    data.writeUInt8(1, 704);
  }),
  PerpMarket: account('0adf0c2c6bf537f7', 1304, (data) => {
    key(8).copy(data, 312);
    data.writeBigInt64LE(76_343_548n, 848);
  }),
  State: account('d8926b5e684bb6b1', 1752, (data) => data.writeUInt8(66, 1366)),
};
const driftAccount = (kind: string) => encodeAccount(kind, blankAccount(kind));

const readersOf = ({ accounts, states }: Dialect) => ({
  User: [accounts.user, states.ofUser],
  UserStats: [accounts.subAccountsCreated, accounts.referrerRewards, accounts.breakerTripped],
  SpotMarket: [accounts.spotMarket],
  PerpMarket: [accounts.perpOracle, accounts.perpPrice],
  State: [accounts.exchangeStatus, accounts.flatFillerFee],
});
const KINDS = ['User', 'UserStats', 'SpotMarket', 'PerpMarket', 'State'] as const;
const owned = (dialect: Dialect, data: Uint8Array) => ({
  owner: dialect.profile.programId,
  lamports: 1n,
  data,
});
const unreadable = expect.objectContaining({ code: 'account_unreadable' });

describe('Velocity’s own accounts', () => {
  test('of a User are read at its own offsets', () => {
    expect(VELOCITY.accounts.user(velocityAccounts.User)).toMatchObject({
      beingLiquidated: true,
      bankrupt: false,
      perps: [{ market: 1, base: -2_000_000_000n, quote: 300_000_000n, isolated: null }],
    });
    expect(VELOCITY.states.ofUser(velocityAccounts.User)).toMatchObject({
      counters: {
        // 300 less 299, and 12 that were lost and settled.
        realised: -11_000_000n,
        funding: -3_000_000n,
        deposits: 1_000_000_000n,
        withdraws: 250_000_000n,
      },
      positions: [{ market: 1, base: -2_000_000_000n, entry: 299_000_000n }],
    });
  });
  test('of the other kinds as well', () => {
    const { accounts } = VELOCITY;
    expect(accounts.subAccountsCreated(velocityAccounts.UserStats)).toBe(3);
    expect(accounts.spotMarket(velocityAccounts.SpotMarket)).toMatchObject({
      index: 0,
      decimals: 6,
      cumulativeDepositInterest: 10_000_000_000n,
      withdrawPaused: false,
    });
    expect(accounts.perpPrice(velocityAccounts.PerpMarket)).toBe(76_343_548n);
    expect(accounts.exchangeStatus(velocityAccounts.State)).toBe(66);
  });
});

describe('an account of the other venue', () => {
  test.each(KINDS)('%s has another owner, and is refused before it is read', (kind) => {
    for (const [reader, written, data] of [
      [DRIFT_V2, VELOCITY, velocityAccounts[kind]],
      [VELOCITY, DRIFT_V2, driftAccount(kind)],
    ] as const)
      expect(() => reader.accounts.owned(owned(written, data))).toThrow(
        expect.objectContaining({
          code: 'account_unreadable',
          context: { owner: written.profile.programId, venue: reader.profile.programId },
        }),
      );
  });
  // A UserStats has 240 bytes at both venues: there the owner alone tells.
  test.each(KINDS.filter((kind) => kind !== 'UserStats'))(
    '%s has another length, and is refused by every reader',
    (kind) => {
      for (const read of readersOf(DRIFT_V2)[kind])
        expect(() => read(velocityAccounts[kind])).toThrow(unreadable);
      for (const read of readersOf(VELOCITY)[kind])
        expect(() => read(driftAccount(kind))).toThrow(unreadable);
    },
  );
  test('is refused as the state of a watched account', () => {
    for (const [reader, written, data] of [
      [DRIFT_V2, VELOCITY, velocityAccounts.User],
      [VELOCITY, DRIFT_V2, driftAccount('User')],
    ] as const)
      expect(() => reader.states.stateOf('drift_user', 7, owned(written, data))).toThrow(
        unreadable,
      );
  });
});

describe('a layout that is not proven', () => {
  test.each([
    [4560, velocityUser(4560)],
    [4376, driftAccount('User')],
  ] as const)('a User of Velocity of %i bytes is recognised and refused', (bytes, data) => {
    expect(() => VELOCITY.accounts.user(data)).toThrow(
      expect.objectContaining({
        code: 'account_unreadable',
        message: expect.stringMatching(new RegExp(`This User of Velocity has ${bytes} bytes: `)),
      }),
    );
  });
  test.each([DRIFT_V2, VELOCITY])('an unknown variant is refused', (dialect) => {
    const { profile, accounts } = dialect;
    const data = Buffer.alloc(profile.accounts.SpotMarket.bytes);
    hex(profile.accounts.SpotMarket.discriminator).copy(data);
    const { fields } = profile.accounts.SpotMarket;
    data.writeUInt8(fields.statuses - 1, fields.status);
    expect(() => accounts.spotMarket(data)).not.toThrow();
    data.writeUInt8(fields.statuses, fields.status);
    expect(() => accounts.spotMarket(data)).toThrow(
      expect.objectContaining({
        code: 'account_unreadable',
        context: { kind: 'SpotMarket', field: 'status', value: fields.statuses },
      }),
    );
    const user = Buffer.alloc(profile.accounts.User.bytes);
    hex(profile.accounts.User.discriminator).copy(user);
    user.writeBigUInt64LE(5n, 144);
    user.writeUInt8(2, 144 + 34);
    expect(() => accounts.user(user)).toThrow(unreadable);
  });
});

/** A LiquidationRecord as each venue writes it; `perp` and `spot` are its two parts that differ. */
const liquidation = (type: number, perp: Buffer, spot: Buffer, bankruptcy: Buffer): Buffer =>
  Buffer.concat([
    hex('7f11006cb60de735'),
    i64(1n),
    u8(type),
    key(1),
    key(2),
    u128(0n),
    i128(0n),
    u64(0n),
    u16(7),
    u8(0),
    u32(0),
    perp,
    spot,
    Buffer.alloc(2 * (2 + 8 + 16 + 2 + 8 + 16)),
    bankruptcy,
    Buffer.alloc(2 + 3 * 16),
    u8(0),
  ]);
const liquidatedPerp = (velocity: boolean): Buffer =>
  Buffer.concat([
    u16(3),
    i64(100_000_000n),
    i64(-1_000_000_000n),
    i64(100_000_000n),
    ...(velocity ? [] : [u64(0n)]),
    u64(555n),
    u32(11),
    u32(22),
    u64(250_000n),
    u64(900_000n),
    ...(velocity ? [u64(77_000n)] : []),
  ]);
const liquidatedSpot = (velocity: boolean): Buffer => Buffer.alloc(velocity ? 68 : 60);
const noBankruptcy = Buffer.concat([u16(0), i128(0n), u128(0n), u8(0), u8(0), i128(0n)]);
const someBankruptcy = Buffer.concat([
  u16(3),
  i128(-5_000_000n),
  u128(1_000_000n),
  u8(0),
  u8(0),
  i128(0n),
]);
const record = (velocity: boolean, type = 0, bankruptcy = noBankruptcy): Buffer =>
  liquidation(type, liquidatedPerp(velocity), liquidatedSpot(velocity), bankruptcy);

describe('a record of a liquidation', () => {
  test('is read by its own venue', () => {
    expect(VELOCITY.records.decodeEvent(record(true))).toMatchObject({
      liquidatePerp: {
        fillRecordId: 555n,
        userOrderId: 11,
        liquidatorOrderId: 22,
        liquidatorFee: 250_000n,
        ifFee: 900_000n,
        protocolFee: 77_000n,
      },
    });
    expect(VELOCITY.records.decodeEvent(record(true, 4, someBankruptcy))).toMatchObject({
      liquidationType: 'perpBankruptcy',
      perpBankruptcy: { marketIndex: 3, pnl: -5_000_000n, ifPayment: 1_000_000n },
    });
    expect(DRIFT_V2.records.decodeEvent(record(false))).toMatchObject({
      liquidatePerp: { lpShares: 0n, fillRecordId: 555n, liquidatorFee: 250_000n, ifFee: 900_000n },
    });
  });
  test('is refused by the other one, whatever it tells', () => {
    for (const bankruptcy of [noBankruptcy, someBankruptcy])
      for (const type of [0, 3, 4]) {
        expect(DRIFT_V2.records.decodeEvent(record(true, type, bankruptcy))).toMatchObject({
          event: 'Spoiled',
          of: 'LiquidationRecord',
          why: expect.stringMatching(/^(long|variant)$/),
        });
        expect(VELOCITY.records.decodeEvent(record(false, type, bankruptcy))).toMatchObject({
          event: 'Spoiled',
          of: 'LiquidationRecord',
          why: expect.stringMatching(/^(short|variant)$/),
        });
      }
  });
});

describe('an order record', () => {
  const action = (explanation: number, more = 0, flag = 0): Buffer =>
    Buffer.concat([
      hex('e0344347c2ed6d01'),
      i64(1n),
      u8(1),
      u8(explanation),
      u16(0),
      u8(1),
      u8(flag),
      Buffer.alloc(21),
      i64(5n),
      u8(0),
      Buffer.alloc(7 + more),
    ]);
  test.each([
    ['drift-v2', DRIFT_V2],
    ['velocity', VELOCITY],
  ] as const)('of %s with a variant or a length of its own is refused', (_, { records }) => {
    expect(records.decodeEvent(action(20))).toMatchObject({ event: 'OrderActionRecord' });
    // The action that Velocity's next program appends: ClobOrderEvicted, ClobRemainderCulled.
    for (const coming of [21, 22])
      expect(records.decodeEvent(action(coming))).toMatchObject({
        event: 'Spoiled',
        why: 'variant',
      });
    expect(records.decodeEvent(action(20, 1))).toMatchObject({ event: 'Spoiled', why: 'long' });
    expect(records.decodeEvent(action(20, 32, 2))).toMatchObject({
      event: 'Spoiled',
      why: 'variant',
      keys: null,
    });
  });
  test('of an older build is Drift v2’s alone: Velocity never wrote one', () => {
    const older = action(20).subarray(0, -8);
    expect(DRIFT_V2.records.decodeEvent(older)).toMatchObject({
      event: 'OrderActionRecord',
      bitFlags: undefined,
    });
    expect(VELOCITY.records.decodeEvent(older)).toMatchObject({ event: 'Spoiled', why: 'short' });
  });
});

test('lines of the other venue’s program are passed over, whatever they hold', () => {
  const line = `Program data: ${record(true).toString('base64')}`;
  const logOf = (program: Address) => [
    `Program ${program} invoke [1]`,
    line,
    `Program ${program} success`,
  ];
  const [drift, velocity] = [DRIFT_V2, VELOCITY].map(({ profile }) => profile.programId);
  expect(readLogs(DRIFT_V2.records, logOf(velocity as Address), drift as Address)).toEqual([]);
  expect(readLogs(VELOCITY.records, logOf(drift as Address), velocity as Address)).toEqual([]);
  expect(readLogs(VELOCITY.records, logOf(velocity as Address), velocity as Address)).toHaveLength(
    1,
  );
});

test('a third venue would be another profile', () => {
  const third = createDialect({ ...VELOCITY_PROFILE, title: 'Third' });
  expect(() => third.accounts.user(Buffer.alloc(3))).toThrow(/no User of Third/);
});
