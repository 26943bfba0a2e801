// Velocity: results of its compiled program of 2026-07 in this project's scenarios (npm run
// record-fixtures), heard on a machine that does not have it; and the readers of Drift v2 pointed
// at the same accounts and records.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { PublicKey } from '@solana/web3.js';
import { describe, expect, test } from 'vitest';
import type { Address } from '../../src/core/ids.ts';
import type { Watched } from '../../src/core/watch-ports.ts';
import type { Dialect } from '../../src/venue/dialect.ts';
import { instructionDiscriminator } from '../../src/venue/discriminator.ts';
import { DRIFT_V2 } from '../../src/venue/drift-v2/venue.ts';
import { classify } from '../../src/venue/errors.ts';
import { cover } from '../../src/venue/hearing.ts';
import { readLogs } from '../../src/venue/logs.ts';
import { VELOCITY } from '../../src/venue/velocity/venue.ts';
import { hear } from '../support/hear.ts';
import { type Recorded, readRecording } from '../support/recording.ts';
import { verdictOf } from '../support/verdict.ts';

const recordingOf = (name: string) =>
  readRecording(readFileSync(path.join(import.meta.dirname, '../fixtures', name), 'utf8'));
const { histories, accounts = {} } = recordingOf('velocity-transactions.json');
const drift = Object.values(recordingOf('venue-transactions.json').histories).flat();
const all = Object.values(histories).flat();

const watchedOf = ({ users }: Recorded): Map<string, Watched> =>
  new Map(
    users.map(({ address }) => [
      address,
      { address, subscriberId: address, role: 'drift_user', venue: 'velocity' },
    ]),
  );
const heard = (each: Recorded, dialect: Dialect = VELOCITY) =>
  hear(dialect, each.transaction, watchedOf(each));
const bodiesOf = (name: string) => (histories[name] ?? []).flatMap((each) => heard(each));
const owned = (dialect: Dialect, data: Uint8Array) => ({
  owner: dialect.profile.programId,
  lamports: 1n,
  data,
});

test('transactions of both venues are recorded, and most touch a watched account', () => {
  for (const recorded of [all, drift]) {
    expect(recorded.length).toBeGreaterThan(20);
    const touching = recorded.filter(({ users }) => users.length > 0);
    expect(touching.length).toBeGreaterThan(recorded.length / 2);
  }
});

test.each(Object.entries(histories))(
  'the facts of %s are what the accounts say, to the unit',
  (_, recorded) => {
    for (const each of recorded)
      for (const user of each.users)
        expect(verdictOf(VELOCITY, heard(each), user), each.transaction.signature).toBe(
          'explained',
        );
  },
);

describe('what is told', () => {
  test('of a close: profit less its fee, in USDT', () => {
    const closes = bodiesOf('a round trip with profit, settled and withdrawn').flatMap(
      ({ body }) => (body.kind === 'close' && body.side === 'taker' ? [body] : []),
    );
    expect(closes).toEqual([
      expect.objectContaining({
        grossPnl: 20_000_000n,
        fee: 112_000n,
        netPnl: 19_888_000n,
        cause: 'trade',
      }),
    ]);
  });
  test('of a withdrawal: tokens, and their value at the oracle of USDT', () => {
    expect(
      bodiesOf('a round trip with profit, settled and withdrawn').map(({ body }) => body),
    ).toContainEqual(
      expect.objectContaining({
        kind: 'outflow',
        route: 'withdraw',
        amount: 7_000_001n,
        usd: (7_000_001n * 999_289n) / 1_000_000n,
        mint: VELOCITY.profile.quote.mint,
      }),
    );
  });
  test('of a delegate’s transfer: it is internal, and its permission is a notice', () => {
    const [recorded] = (histories['deposits moved by their owner and by a delegate'] ?? []).slice(
      -1,
    );
    if (recorded === undefined) throw new Error('no transaction');
    expect(heard(recorded).map(({ body }) => body)).toContainEqual(
      expect.objectContaining({ route: 'transfer', amount: 7n, internal: true }),
    );
    const allowing = histories['deposits moved by their owner and by a delegate']?.at(-2);
    if (allowing === undefined) throw new Error('no transaction');
    const owner = allowing.transaction.signers.at(-1) as Address;
    const watched = new Map<string, Watched>([
      ...watchedOf(allowing),
      [owner, { address: owner, subscriberId: 'ana', role: 'agent_wallet' }],
    ]);
    const notices = hear(VELOCITY, allowing.transaction, watched).flatMap(({ body }) =>
      body.kind === 'notice' ? [body.what] : [],
    );
    expect(notices).toEqual(['delegate_changed', 'delegate_changed', 'delegate_transfers_changed']);
  });
  test('of a new sub-account: it is seen, also where a coming program has its authority elsewhere', () => {
    const discriminator = instructionDiscriminator('initialize_user');
    const creating = (histories['deposits moved by their owner and by a delegate'] ?? [])
      .filter(({ transaction }) =>
        transaction.instructions.some(
          ({ data }) => Buffer.from(data.subarray(0, 8)).toString('hex') === discriminator,
        ),
      )
      .at(-1);
    if (creating === undefined) throw new Error('no transaction');
    const { transaction } = creating;
    const owner = transaction.signers.at(-1) as Address;
    const watched = new Map<string, Watched>([
      [owner, { address: owner, subscriberId: 'ana', role: 'agent_wallet' }],
    ]);
    // Newer sources put an account of conditions behind the user, and move all others by one.
    const moved = {
      ...transaction,
      instructions: transaction.instructions.map((each) => {
        const [user, ...rest] = each.accounts;
        return each.program === VELOCITY.profile.programId && user !== undefined
          ? { ...each, accounts: [user, PublicKey.default.toBase58() as Address, ...rest] }
          : each;
      }),
    };
    for (const each of [transaction, moved])
      expect(
        hear(VELOCITY, each, watched).flatMap(({ body }) =>
          body.kind === 'notice' ? [body.what] : [],
        ),
      ).toEqual(['sub_account_seen']);
  });
  test('of both liquidations: the whole of what they cost', () => {
    for (const name of [
      'a liquidation that takes the position over',
      'a liquidation that fills against the book',
    ]) {
      const bodies = bodiesOf(name).map(({ body }) => body);
      expect(bodies).toContainEqual(
        expect.objectContaining({ kind: 'close', cause: 'liquidation' }),
      );
      expect(bodies).toContainEqual(
        expect.objectContaining({ kind: 'notice', what: 'liquidated' }),
      );
    }
    const events = (histories['a liquidation that fills against the book'] ?? []).flatMap(
      ({ transaction }) =>
        readLogs(VELOCITY.records, transaction.logs, VELOCITY.profile.programId) ?? [],
    );
    const [record] = events.flatMap(({ event }) =>
      event.event === 'LiquidationRecord' && 'protocolFee' in event.liquidatePerp
        ? [event.liquidatePerp]
        : [],
    );
    expect(record?.protocolFee).toBeGreaterThan(0n);
    expect(record?.ifFee).toBeGreaterThan(0n);
  });
  test('of refusals: each is classed by the venue’s own table', () => {
    const classes = (histories['withdrawals that the program refuses'] ?? []).flatMap(
      ({ transaction }) =>
        transaction.error === null
          ? []
          : [
              classify(
                VELOCITY.profile,
                transaction.error,
                transaction.instructions.map(({ program }) => program),
                transaction.logs,
                String,
              ),
            ],
    );
    expect(classes).toEqual([
      expect.objectContaining({ class: 'operator', code: 'venue_6036' }),
      expect.objectContaining({ class: 'retry_soon', code: 'venue_6010' }),
      expect.objectContaining({ class: 'operator', code: 'venue_2001' }),
    ]);
  });
  test('every instruction of the recording is known', () => {
    const covered = all.flatMap((each) => [
      ...cover(VELOCITY, each.transaction, watchedOf(each)).values(),
    ]);
    expect(covered.length).toBeGreaterThan(20);
    expect(covered.filter(({ unknown }) => unknown > 0)).toEqual([]);
  });
});

test('the venue’s own accounts, as the program left them, are read', () => {
  const read = VELOCITY.accounts;
  const of = (kind: string) => read.owned(owned(VELOCITY, accounts[kind] ?? new Uint8Array()));
  expect(read.exchangeStatus(of('State'))).toBe(0);
  expect(read.flatFillerFee(of('State'))).toBe(10_000n);
  expect(read.spotMarket(of('SpotMarket'))).toMatchObject({
    index: 0,
    decimals: 6,
    mint: VELOCITY.profile.quote.mint,
    withdrawPaused: false,
  });
  expect(read.perpPrice(of('PerpMarket'))).toBe(160_000_000n);
  expect(read.subAccountsCreated(of('UserStats'))).toBe(1);
  expect(read.referrerRewards(of('UserStats'))).toBe(0n);
  expect(read.breakerTripped(of('UserStats'))).toBe(false);
});

describe('each venue’s readers on the other’s real accounts and records', () => {
  const unreadable = expect.objectContaining({ code: 'account_unreadable' });
  test('refuse every user', () => {
    for (const [reader, written, recorded] of [
      [DRIFT_V2, VELOCITY, all],
      [VELOCITY, DRIFT_V2, drift],
    ] as const)
      for (const { users } of recorded)
        for (const { before, after } of users)
          for (const data of [before, after]) {
            expect(() => reader.accounts.user(data)).toThrow(unreadable);
            expect(() => reader.states.ofUser(data)).toThrow(unreadable);
            expect(() => reader.accounts.owned(owned(written, data))).toThrow(unreadable);
          }
  });
  test('refuse the venue’s own accounts', () => {
    const read = DRIFT_V2.accounts;
    expect(() => read.spotMarket(accounts.SpotMarket ?? new Uint8Array())).toThrow(unreadable);
    expect(() => read.perpOracle(accounts.PerpMarket ?? new Uint8Array())).toThrow(unreadable);
    expect(() => read.exchangeStatus(accounts.State ?? new Uint8Array())).toThrow(unreadable);
    // Its length and discriminator are those of Drift v2: the owner tells.
    expect(() => read.owned(owned(VELOCITY, accounts.UserStats ?? new Uint8Array()))).toThrow(
      unreadable,
    );
  });
  test('hear nothing in a transaction of the other one', () => {
    for (const each of all) expect(heard(each, DRIFT_V2)).toEqual([]);
    for (const each of drift) expect(heard(each, VELOCITY)).toEqual([]);
  });
  test('refuse every record whose layout differs, whatever is told of its program', () => {
    let liquidations = 0;
    for (const [reader, written, recorded] of [
      [DRIFT_V2, VELOCITY, all],
      [VELOCITY, DRIFT_V2, drift],
    ] as const)
      for (const { transaction } of recorded) {
        const { programId } = written.profile;
        const own = readLogs(written.records, transaction.logs, programId) ?? [];
        const other = readLogs(reader.records, transaction.logs, programId) ?? [];
        for (const [at, { event }] of own.entries())
          if (event.event === 'LiquidationRecord') {
            liquidations++;
            expect(other[at]?.event).toMatchObject({ event: 'Spoiled', of: 'LiquidationRecord' });
          }
      }
    expect(liquidations).toBeGreaterThan(5);
  });
});
