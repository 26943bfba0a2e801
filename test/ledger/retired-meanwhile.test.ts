// Retired meanwhile: a close is booked while its subscriber is retired. Its debt keeps the
// subscriber, with the key that pays the debt.
import { expect, test } from 'vitest';
import { accrueCloses } from '../../src/flows/accrue.ts';
import { createSubscribers } from '../../src/ledger/subscribers.ts';
import { silentLog } from '../../src/system/log.ts';
import { closeFact, createTestLedger, recordFact } from '../support/ledger.ts';
import { meanwhile } from '../support/meanwhile.ts';

test.each(['from unbooked', 'from profit_share'])(
  'a subscriber whose close is booked before the statement "%s" of its retirement stays',
  async (statement) => {
    await using held = await createTestLedger();
    const { ledger, sql, driftAccount: account } = held;
    await recordFact(ledger, closeFact(1, 1_000n, { slot: 50, account }), 'finalized');
    const book = () => accrueCloses(ledger, silentLog);
    const subscribers = createSubscribers(meanwhile(sql, statement, book));
    expect(await subscribers.retire('ana', 60, 0)).toBe(false);
    expect(await ledger.shares.due('ana')).toMatchObject([{ owed: 100n }]);
    expect(await ledger.subscribers.find('ana')).toMatchObject({ retiredAtMs: null });
  },
);
