// Retired meanwhile: a close is booked, or its subscriber registered again, while that subscriber
// is retired. A debt keeps the subscriber, with the key that pays the debt.
import { expect, test } from 'vitest';
import { accrueCloses } from '../../src/flows/accrue.ts';
import { createSubscribers } from '../../src/ledger/subscribers.ts';
import { silentLog } from '../../src/system/log.ts';
import {
  addressOf,
  closeFact,
  createTestLedger,
  recordFact,
  type TestLedger,
} from '../support/ledger.ts';
import { meanwhile } from '../support/meanwhile.ts';

/** Begins an act, and waits until it has ended or waits for a lock. Returns the end of the act. */
function beside({ sql }: TestLedger, act: () => Promise<unknown>) {
  const ends: Promise<unknown>[] = [];
  const begin = async () => {
    let ended = false;
    ends.push(act().finally(() => (ended = true)));
    const waits = async () =>
      ended ||
      (
        await sql`
          select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
      ).length > 0;
    await expect.poll(waits).toBe(true);
  };
  return { begin, ended: () => Promise.all(ends) };
}

const statements = ['standing where', 'from unbooked', 'from profit_share', 'update subscriber'];

test.each(statements)(
  'a subscriber whose close is booked before the statement with "%s" of its retirement stays',
  async (statement) => {
    await using held = await createTestLedger();
    const { ledger, sql, driftAccount: account } = held;
    await recordFact(ledger, closeFact(1, 1_000n, { slot: 50, account }), 'finalized');
    const booking = beside(held, () => accrueCloses(ledger, silentLog));
    const subscribers = createSubscribers(meanwhile(sql, statement, booking.begin));
    const retired = await subscribers.retire('ana', 60, 0).catch(() => false);
    await Promise.all([booking.ended(), accrueCloses(ledger, silentLog)]);
    expect(retired).toBe(false);
    expect(await ledger.shares.due('ana')).toMatchObject([{ owed: 100n }]);
    expect(await ledger.subscribers.find('ana')).toMatchObject({ retiredAtMs: null });
  },
);

test.each(['insert into subscriber', 'update subscriber', 'insert into account'])(
  'a subscriber that is retired before the statement with "%s" of its registration keeps no key, or stays',
  async (statement) => {
    await using held = await createTestLedger();
    const { ledger, sql, driftAccount } = held;
    const retiring = beside(held, () => ledger.subscribers.retire('ana', 60, 0));
    const subscribers = createSubscribers(meanwhile(sql, statement, retiring.begin));
    await subscribers.register({
      id: 'ana',
      agentWallet: addressOf(1),
      agentTokenAccount: addressOf(2),
      driftAccounts: [{ address: driftAccount, subAccountId: 0 }],
      sealedKey: new Uint8Array(8),
      fromSlot: 61,
    });
    expect(await retiring.ended()).toEqual([true]);
    const found = await ledger.subscribers.find('ana');
    expect(found?.hasKey).toBe(found?.retiredAtMs === null);
  },
);
