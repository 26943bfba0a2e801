// Retired meanwhile: a close is booked, or its subscriber registered or imported again, while that
// subscriber is retired. A debt keeps the subscriber, with the key that pays the debt.
import { expect, test } from 'vitest';
import type { PreparedSubscriber } from '../../src/core/import-ports.ts';
import { accrueCloses } from '../../src/flows/accrue.ts';
import { createImports } from '../../src/ledger/imports.ts';
import { createSubscribers } from '../../src/ledger/subscribers.ts';
import { silentLog } from '../../src/system/log.ts';
import { addressOf, closeFact, createTestLedger, recordFact } from '../support/ledger.ts';
import { beside, meanwhile } from '../support/meanwhile.ts';

const statements = ['standing where', 'from unbooked', 'from profit_share', 'update subscriber'];

test.each(statements)(
  'a subscriber whose close is booked before the statement with "%s" of its retirement stays',
  async (statement) => {
    await using held = await createTestLedger();
    const { ledger, sql, driftAccount: account } = held;
    await recordFact(ledger, closeFact(1, 1_000n, { slot: 50, account }), 'finalized');
    const booking = beside(sql, () => accrueCloses(ledger, silentLog));
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
    const retiring = beside(sql, () => ledger.subscribers.retire('ana', 60, 0));
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

test.each(['from account where', 'insert into agent_key'])(
  'a subscriber that is retired before the statement with "%s" of its import keeps no key, or stays',
  async (statement) => {
    await using held = await createTestLedger();
    const { ledger, sql } = held;
    const retiring = beside(sql, () => ledger.subscribers.retire('ana', 60, 0));
    const imports = createImports(meanwhile(sql, statement, retiring.begin), false);
    const subscriber: PreparedSubscriber = {
      line: 1,
      row: {
        kind: 'subscriber',
        id: 'ana',
        agentWallet: addressOf(1),
        subAccountIds: [0],
        agentSigner: undefined,
        venue: undefined,
      },
      agentWallet: addressOf(1),
      agentTokenAccount: addressOf(2),
      accounts: [],
      sealedKey: new Uint8Array(8),
      fromSlot: 61,
    };
    const prepared = { subscriberId: 'ana', subscriber, subscriptions: [], debts: [], slot: 61 };
    expect(await imports.apply([prepared], false)).toEqual([{ line: 1, outcome: 'known' }]);
    expect(await retiring.ended()).toEqual([true]);
    const found = await ledger.subscribers.find('ana');
    expect(found?.hasKey).toBe(found?.retiredAtMs === null);
  },
);
