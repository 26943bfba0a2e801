// Hidden trading: an account of ana's that trades by the venue's rules, some of it behind cut logs,
// and whose closes are booked from what a ledger has heard of them.
import { expect } from 'vitest';
import { accrualOf, type Booking } from '../../src/core/accrual.ts';
import type { UnaccruedClose } from '../../src/core/debt-ports.ts';
import type { Fact, FactBody } from '../../src/core/fact.ts';
import type { Ledger } from '../../src/core/ports.ts';
import { type AccountState, NO_COUNTERS } from '../../src/core/reckoning.ts';
import type { Basis } from '../../src/core/terms.ts';
import { createMemoryLedger } from '../sim/memory/ledger.ts';
import { addressOf, CREATOR, createTestLedger, signatureOf } from './ledger.ts';
import { NOTHING_HELD, termsOf } from './terms.ts';
import { createTradedAccount } from './traded-account.ts';

const ACCOUNT = addressOf(3);
/** The two implementations of the ledger. */
export const LEDGERS = ['Postgres', 'memory'] as const;

/** An empty ledger with ana, whose one account is traded under terms on this basis. */
export async function openTrading(
  name: (typeof LEDGERS)[number],
  basis: Basis = 'per_close',
): Promise<AsyncDisposable & { readonly ledger: Ledger }> {
  const held = name === 'Postgres' ? await createTestLedger() : null;
  const ledger = held?.ledger ?? createMemoryLedger(() => 0).ledger;
  if (held === null)
    await ledger.subscribers.register({
      id: 'ana',
      agentWallet: addressOf(1),
      agentTokenAccount: addressOf(2),
      fromSlot: 1,
      driftAccounts: [{ address: ACCOUNT, subAccountId: 0 }],
      sealedKey: null,
    });
  await ledger.subscriptions.put({
    id: 'ana-sub',
    subscriberId: 'ana',
    driftAccount: ACCOUNT,
    held: NOTHING_HELD,
    terms: termsOf(1, CREATOR, 1_000, { basis }),
  });
  return { ledger, [Symbol.asyncDispose]: async () => held?.[Symbol.asyncDispose]() };
}

/** The account: what it does, what is heard of that, and when its state is read. */
export function trading(ledger: Ledger) {
  const account = createTradedAccount();
  const watched = { address: ACCOUNT, subscriberId: 'ana', role: 'drift_user' } as const;
  let told = 0n;
  let reckonedTo = 0n;
  let checkedTo = 0;
  const state = (slot: number): AccountState => ({
    slot,
    positions: account.held(),
    pulse: '',
    counters: { ...NO_COUNTERS, realised: account.realised() },
    hints: { exists: true, delegate: '', quoteFlow: 0n, isolated: 0n },
  });
  const record = async (slot: number, bodies: readonly FactBody[]) => {
    const rumour = { signature: signatureOf(slot), blockIndex: 0, accounts: [ACCOUNT] };
    await ledger.sightings.note([rumour], { source: 'replay', by: 'confirmed', nowMs: 0 });
    const facts = bodies.map(
      (body, ordinal): Fact => ({
        subscriberId: 'ana',
        account: ACCOUNT,
        signature: rumour.signature,
        body,
        position: { slot, blockIndex: 0, ordinal: body.kind === 'unknown' ? 1_000_000 : ordinal },
      }),
    );
    const read = { signature: rumour.signature, slot, finality: 'finalized', facts } as const;
    await ledger.sightings.record({ ...read, dueMs: 0, nowMs: 0 });
  };
  return {
    account,
    /** Puts facts of a slot on record as final. */
    record,
    begin: (slot: number) => ledger.checks.begin(watched, state(slot)),
    /** Trades, and returns what puts the facts of the trade on record. */
    trade(slot: number, delta: bigint, price: bigint, fee: bigint) {
      const before = account.realised();
      const { moves } = account.trade(slot, 0, delta, price, fee);
      const change = account.realised() - before;
      const bodies = [
        ...moves.map(({ slot: _, ...body }) => body as FactBody),
        { kind: 'tally', ...NO_COUNTERS, realised: change } as const,
      ];
      return {
        async hear() {
          if (slot > checkedTo) told += change;
          await record(slot, bodies);
        },
      };
    },
    async hide(slot: number, delta: bigint, price: bigint, fee: bigint) {
      account.trade(slot, 0, delta, price, fee);
      await record(slot, [{ kind: 'unknown', why: 'log_truncated', tradedAt: 1_023 }]);
    },
    quiet: (slot: number) =>
      record(slot, [{ kind: 'unknown', why: 'log_truncated', tradedAt: null }]),
    /**
     * Compares the account's state at the end of a slot with all facts up to it. `meanwhile` is
     * done after the facts were read. Returns whether the ledger took the verdict.
     */
    async check(slot: number, meanwhile: () => Promise<unknown> = async () => {}) {
      await ledger.checks.propose(ACCOUNT, state(slot));
      const [check] = await ledger.checks.find([ACCOUNT]);
      if (check === undefined) throw new Error('no such account');
      const found = await ledger.checks.told(ACCOUNT, check.baseline?.slot ?? 0, slot);
      const netPnl = account.realised() - told - reckonedTo;
      await meanwhile();
      // Where none may have traded and nothing was realised, no reckoning is made.
      const mayHaveTraded = found.unknowns > (found.told.quiet ?? 0) || netPnl !== 0n;
      if (!mayHaveTraded) await ledger.checks.advance(check);
      else if (!(await ledger.checks.reckon(check, netPnl, found))) return false;
      if (mayHaveTraded) reckonedTo += netPnl;
      checkedTo = slot;
      return true;
    },
    /** Books all closes that wait, from what `read` makes of each. */
    async book(
      read: (close: UnaccruedClose) => UnaccruedClose | Promise<UnaccruedClose> = (each) => each,
    ) {
      const bookings: Booking[] = [];
      for (;;) {
        const [waiting] = await ledger.shares.unaccrued(1);
        if (waiting === undefined) return bookings;
        const close = await read(waiting);
        const { fact, subscription, history } = close;
        const accrued = accrualOf(fact.body, fact.position.slot, subscription, history);
        expect(await ledger.shares.book(close, accrued)).toBe(true);
        bookings.push(...accrued.bookings);
      }
    },
  };
}
