// Rewound: openings and closes that records show between the last transaction that could not be
// read and the state that proves its profit, in both ledgers. The account trades by the venue's
// rules, so that what is booked must add up to what it realised.
import { expect, test } from 'vitest';
import { accrualOf, type Booking } from '../../src/core/accrual.ts';
import type { Fact, FactBody } from '../../src/core/fact.ts';
import type { Ledger } from '../../src/core/ports.ts';
import { type AccountState, NO_COUNTERS } from '../../src/core/reckoning.ts';
import { createMemoryLedger } from '../sim/memory/ledger.ts';
import { addressOf, CREATOR, createTestLedger, signatureOf } from '../support/ledger.ts';
import { NOTHING_HELD, termsOf } from '../support/terms.ts';
import { createTradedAccount } from '../support/traded-account.ts';

const ACCOUNT = addressOf(3);
const LEDGERS = ['Postgres', 'memory'] as const;

async function open(name: (typeof LEDGERS)[number]): Promise<AsyncDisposable & { ledger: Ledger }> {
  if (name === 'Postgres') return createTestLedger();
  const { ledger } = createMemoryLedger(() => 0);
  await ledger.subscribers.register({
    ...{ id: 'ana', agentWallet: addressOf(1), agentTokenAccount: addressOf(2), fromSlot: 1 },
    driftAccounts: [{ address: ACCOUNT, subAccountId: 0 }],
    sealedKey: null,
  });
  await ledger.subscriptions.put({
    ...{ id: 'ana-sub', subscriberId: 'ana', driftAccount: ACCOUNT, held: NOTHING_HELD },
    terms: termsOf(1, CREATOR, 1_000),
  });
  return { ledger, [Symbol.asyncDispose]: async () => {} };
}

/** An account of ana's that trades, some of it behind cut logs, and is compared with its state. */
function trading(ledger: Ledger) {
  const account = createTradedAccount();
  const watched = { address: ACCOUNT, subscriberId: 'ana', role: 'drift_user' } as const;
  let told = 0n;
  let reckonedTo = 0n;
  const state = (slot: number): AccountState => ({
    ...{ slot, positions: account.held(), pulse: '' },
    counters: { ...NO_COUNTERS, realised: account.realised() },
    hints: { exists: true, delegate: '', quoteFlow: 0n, isolated: 0n },
  });
  const record = async (slot: number, bodies: readonly FactBody[]) => {
    const rumour = { signature: signatureOf(slot), blockIndex: 0, accounts: [ACCOUNT] };
    await ledger.sightings.note([rumour], { source: 'replay', by: 'confirmed', nowMs: 0 });
    const facts = bodies.map(
      (body, ordinal): Fact => ({
        ...{ subscriberId: 'ana', account: ACCOUNT, signature: rumour.signature, body },
        position: { slot, blockIndex: 0, ordinal: body.kind === 'unknown' ? 1_000_000 : ordinal },
      }),
    );
    const read = { signature: rumour.signature, slot, finality: 'finalized', facts } as const;
    await ledger.sightings.record({ ...read, dueMs: 0, nowMs: 0 });
  };
  return {
    account,
    begin: (slot: number) => ledger.checks.begin(watched, state(slot)),
    /** Trades, and returns what puts the facts of the trade on record. */
    trade(slot: number, delta: bigint, price: bigint, fee: bigint) {
      const before = account.realised();
      const { moves } = account.trade(slot, 0, delta, price, fee);
      told += account.realised() - before;
      const bodies = moves.map(({ slot: _, ...body }) => body as FactBody);
      return { hear: () => record(slot, bodies) };
    },
    async hide(slot: number, delta: bigint, price: bigint, fee: bigint) {
      account.trade(slot, 0, delta, price, fee);
      await record(slot, [{ kind: 'unknown', why: 'log_truncated', tradedAt: 1_023 }]);
    },
    quiet: (slot: number) =>
      record(slot, [{ kind: 'unknown', why: 'log_truncated', tradedAt: null }]),
    /** Compares the account's state at the end of a slot with all facts up to it. */
    async check(slot: number) {
      await ledger.checks.propose(ACCOUNT, state(slot));
      const [check] = await ledger.checks.find([ACCOUNT]);
      if (check === undefined) throw new Error('no such account');
      const { unknowns } = await ledger.checks.told(ACCOUNT, check.baseline?.slot ?? 0, slot);
      const netPnl = account.realised() - told - reckonedTo;
      reckonedTo += netPnl;
      if (unknowns > 0) await ledger.checks.reckon(check, netPnl);
      else await ledger.checks.advance(check);
    },
    /** Books all closes that wait. */
    async book(): Promise<Booking[]> {
      const bookings: Booking[] = [];
      for (;;) {
        const [close] = await ledger.shares.unaccrued(1);
        if (close === undefined) return bookings;
        const { fact, subscription, history } = close;
        const accrued = accrualOf(fact.body, fact.position.slot, subscription, history);
        expect(await ledger.shares.book(close, accrued)).toBe(true);
        bookings.push(...accrued.bookings);
      }
    },
  };
}
const profits = (bookings: readonly Booking[]) => bookings.map((each) => each.netPnl);

test.each(LEDGERS)('what was opened by record behind it is opened once, in %s', async (name) => {
  await using held = await open(name);
  const ana = trading(held.ledger);
  await ana.begin(5);
  await ana.trade(20, 10n, 1_000n, 50n).hear();
  await ana.hide(30, 5n, 1_100n, 0n);
  await ana.trade(40, 4n, 1_200n, 40n).hear();
  await ana.check(50);
  await ana.trade(60, -4n, 1_300n, 10n).hear();
  await ana.check(65);
  // The record's own average entry, and the fee with which the last four were opened.
  const bookings = await ana.book();
  expect(bookings).toMatchObject([
    { netPnl: 0n, base: null },
    { base: 4n, openingFee: 19n },
  ]);
  await ana.trade(70, -15n, 1_300n, 0n).hear();
  await ana.check(75);
  const all = [...bookings, ...(await ana.book())];
  expect(profits(all).reduce((sum, each) => sum + each, 0n)).toBe(ana.account.realised());
});

test.each(LEDGERS)('what was closed by record behind it is closed once, in %s', async (name) => {
  await using held = await open(name);
  const ana = trading(held.ledger);
  await ana.begin(5);
  await ana.trade(20, 10n, 1_000n, 50n).hear();
  await ana.hide(30, -3n, 1_100n, 7n);
  await ana.trade(40, -4n, 1_200n, 5n).hear();
  await ana.trade(45, -2n, 1_200n, 5n).hear();
  await ana.check(50);
  await ana.trade(60, -1n, 1_300n, 0n).hear();
  await ana.check(65);
  // Of the opening fee 50 each of the ten bears five, and the hidden close three of them alone.
  expect(profits(await ana.book())).toEqual([
    300n - 7n - 15n,
    800n - 5n - 20n,
    400n - 5n - 10n,
    300n - 5n,
  ]);
});

test.each(LEDGERS)('one that is heard after the state was compared, in %s', async (name) => {
  await using held = await open(name);
  const ana = trading(held.ledger);
  await ana.begin(5);
  await ana.trade(20, 10n, 1_000n, 50n).hear();
  await ana.hide(30, 5n, 1_100n, 0n);
  const late = ana.trade(40, 4n, 1_200n, 0n);
  await ana.check(50);
  await late.hear();
  await ana.trade(60, -19n, 1_300n, 0n).hear();
  await ana.check(65);
  const bookings = await ana.book();
  expect(bookings).toMatchObject([{ base: null }, { base: 19n, openingFee: 50n, openedSlot: 20 }]);
  expect(profits(bookings).reduce((sum, each) => sum + each, 0n)).toBe(ana.account.realised());
});

test.each(LEDGERS)(
  'one that could not be read and cannot have traded hides no lot from a close, in %s',
  async (name) => {
    await using held = await open(name);
    const ana = trading(held.ledger);
    await ana.begin(5);
    await ana.quiet(10);
    await ana.quiet(11);
    await ana.trade(20, 10n, 1_000n, 50n).hear();
    await ana.trade(30, -10n, 1_100n, 0n).hear();
    expect(await ana.book()).toMatchObject([
      { base: 10n, openingFee: 50n, netPnl: 950n, openedSlot: 20 },
    ]);
  },
);
