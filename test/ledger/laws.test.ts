// Laws: changes that the database itself refuses, so that no fault in the code above can make them.

import { describe, expect, test } from 'vitest';
import type { Payments } from '../../src/core/payment-ports.ts';
import { judge } from '../../src/core/standing.ts';
import { accrueCloses } from '../../src/flows/accrue.ts';
import { openDatabase } from '../../src/ledger/database.ts';
import { createLedger } from '../../src/ledger/ledger.ts';
import { silentLog } from '../../src/system/log.ts';
import {
  addressOf,
  CREATOR,
  closeFact,
  createTestLedger,
  recordFact,
  signatureOf,
} from '../support/ledger.ts';
import { bytes, paymentFor, withShare } from '../support/one-share.ts';
import { NOTHING_HELD, termsOf } from '../support/terms.ts';

describe('debts', () => {
  test('one close makes at most one share, however often it is accrued', async () => {
    await using held = await withShare();
    await Promise.all([accrueCloses(held.ledger, silentLog), accrueCloses(held.ledger, silentLog)]);
    await recordFact(
      held.ledger,
      closeFact(1, 100_000n, { account: held.driftAccount }),
      'finalized',
    );
    await accrueCloses(held.ledger, silentLog);
    expect(await held.ledger.shares.list({ limit: 10 })).toHaveLength(1);
  });

  test('a share cannot be paid past its amount', async () => {
    await using held = await withShare();
    await expect(held.sql`update profit_share set paid = amount + 1`).rejects.toThrow(/check/);
    await expect(held.sql`update profit_share set status = 'paid'`).rejects.toThrow(/check/);
  });

  test('the fraction of a base unit is carried from close to close, across facts heard in any order', async () => {
    await using held = await createTestLedger();
    for (const n of [3, 1, 2])
      await recordFact(held.ledger, closeFact(n, 4n, { account: held.driftAccount }), 'finalized');
    await accrueCloses(held.ledger, silentLog);
    const shares = await held.ledger.shares.list({ limit: 10 });
    // 10 % of 4 units, three times: 0.4, 0.8, 1.2 — the third close makes the first whole unit.
    expect(shares.map((each) => [each.slot, each.amount])).toEqual([[13, 1n]]);
    expect((await held.ledger.subscriptions.find('ana-sub'))?.tabs).toEqual({
      1: { carry: 2_000n, deficit: 0n },
    });
  });
});

describe('facts', () => {
  test('are never edited or deleted', async () => {
    await using held = await withShare();
    await expect(held.sql`update fact set body = '{}'`).rejects.toThrow(/never edited/);
    await expect(held.sql`delete from fact`).rejects.toThrow(/never deleted/);
    await expect(held.sql`update fact set finality = 'withdrawn'`).rejects.toThrow(
      /stays finalized/,
    );
  });

  test('a transaction that a fork moved to another slot is one fact withdrawn and one that holds', async () => {
    await using held = await createTestLedger();
    const first = closeFact(1, 50n, { account: held.driftAccount, slot: 20 });
    const moved = closeFact(1, 60n, { account: held.driftAccount, slot: 22 });
    await recordFact(held.ledger, first, 'confirmed');
    expect(await recordFact(held.ledger, moved, 'finalized')).toEqual(['ana']);
    const rows = await held.sql`select slot, finality from fact order by slot`;
    expect(rows.map((row) => [Number(row.slot), row.finality])).toEqual([
      [20, 'withdrawn'],
      [22, 'finalized'],
    ]);
  });

  test('facts of a dropped fork are undone in the standing', async () => {
    await using held = await createTestLedger();
    await recordFact(
      held.ledger,
      closeFact(1, 100_000n, { account: held.driftAccount, slot: 20 }),
      'finalized',
    );
    const outflow = {
      ...closeFact(2, 0n, { account: held.driftAccount, slot: 21 }),
      body: {
        kind: 'outflow',
        route: 'withdraw',
        amount: 5n,
        mint: CREATOR,
        decimals: 6,
        destination: null,
        internal: false,
        owner: null,
        ofValue: true,
        consent: 'agent',
        signers: [],
        usd: null,
      } as const,
    };
    await recordFact(held.ledger, outflow, 'confirmed');
    expect((await held.ledger.standings.update('ana', judge)).standing).toBe('delinquent');
    expect(await held.ledger.sightings.drop(outflow.signature)).toEqual(['ana']);
    expect((await held.ledger.standings.update('ana', judge)).standing).toBe('good');
    const changes = await held.sql<
      { revision: bigint }[]
    >`select revision from standing_change order by revision`;
    // Joining, fleeing, and that being undone.
    expect(changes.map((row) => row.revision)).toEqual([1n, 2n, 3n]);
  });
});

describe('payments', () => {
  test('a subscriber has one live payment, whoever opens a second', async () => {
    await using held = await withShare();
    const opened = await Promise.all(
      ['p1', 'p2', 'p3'].map((id) =>
        held.ledger.payments.open(
          paymentFor(held.share.id, held.share.amount, held.driftAccount, id),
        ),
      ),
    );
    expect(opened.filter(Boolean)).toHaveLength(1);
  });

  test('nothing may be sent before bytes, signature and expiry are recorded', async () => {
    await using held = await withShare();
    await held.ledger.payments.open(paymentFor(held.share.id, held.share.amount));
    expect(await held.ledger.payments.sent('p1', bytes.signature, 0)).toBe(false);
    await expect(
      held.sql`update payment set state = 'signed' where payment_id = 'p1'`,
    ).rejects.toThrow(/check/);
  });

  test('signed bytes are never replaced, a second signer loses, and no state goes back', async () => {
    await using held = await withShare();
    await held.ledger.payments.open(paymentFor(held.share.id, held.share.amount));
    expect(await held.ledger.payments.signed('p1', bytes)).toBe(true);
    expect(await held.ledger.payments.signed('p1', { ...bytes, signature: signatureOf(501) })).toBe(
      false,
    );
    await expect(held.sql`update payment set bytes = '\\x00'`).rejects.toThrow(/never replaced/);
    await expect(held.sql`update payment set state = 'planned'`).rejects.toThrow(
      /cannot go from signed to planned/,
    );
    await expect(held.sql`delete from payment`).rejects.toThrow(/never deleted/);
  });

  test('landing discharges once, and only from sent', async () => {
    await using held = await withShare();
    await held.ledger.payments.open(paymentFor(held.share.id, held.share.amount));
    await held.ledger.payments.signed('p1', bytes);
    expect(await held.ledger.payments.landed('p1', 9, bytes.signature)).toBe(false);
    await held.ledger.payments.sent('p1', bytes.signature, 0);
    const landed = await Promise.all([
      held.ledger.payments.landed('p1', 9, bytes.signature),
      held.ledger.payments.landed('p1', 9, bytes.signature),
    ]);
    expect(landed.sort()).toEqual([false, true]);
    expect(await held.ledger.shares.find(held.share.id)).toMatchObject({
      status: 'paid',
      paid: held.share.amount,
      paidBy: [bytes.signature],
    });
    expect(
      await held.ledger.payments.failed(
        'p1',
        9,
        { class: 'operator', code: 'expired', detail: '' },
        null,
        true,
        bytes.signature,
      ),
    ).toBe(false);
  });

  test('a step that two daemons take at the same moment is taken once', async () => {
    await using held = await withShare();
    const sql = openDatabase(held.url, silentLog, 4);
    const daemons = [createLedger(sql), createLedger(sql)].map(({ payments }) => payments);
    await held.ledger.payments.open(paymentFor(held.share.id, held.share.amount));
    const race = async (step: (payments: Payments, nth: number) => Promise<boolean>) => {
      const taken: Promise<boolean>[] = [];
      // Both wait for the row, and each has seen the state before the other one's step.
      await held.sql.begin(async (tx) => {
        await tx`select 1 from payment for update`;
        taken.push(...daemons.map(step));
        const waiting = () => sql`
          select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
        await expect.poll(async () => (await waiting()).length).toBe(2);
      });
      expect((await Promise.all(taken)).sort()).toEqual([false, true]);
    };
    await race((payments, nth) =>
      payments.signed('p1', { ...bytes, signature: signatureOf(500 + nth) }),
    );
    const { signature } = (await held.ledger.payments.find('p1')) ?? {};
    if (!signature) throw new Error('one of them has signed');
    await race((payments) => payments.sent('p1', signature, 0));
    await race((payments) => payments.landed('p1', 9, signature));
    expect((await held.ledger.shares.find(held.share.id))?.paid).toBe(held.share.amount);
    await sql.end({ timeout: 2 });
  });

  test('a payment that may be on its way is never called refused, and fails only with the slot of its execution', async () => {
    await using held = await withShare();
    const trouble = { class: 'retry_soon', code: 'expired', detail: '' } as const;
    await held.ledger.payments.open(paymentFor(held.share.id, held.share.amount));
    await held.ledger.payments.signed('p1', bytes);
    expect(await held.ledger.payments.refused('p1', trouble, 0, true)).toBe(false);
    expect(await held.ledger.payments.failed('p1', 9, trouble, 0, true, bytes.signature)).toBe(
      false,
    );
    await held.ledger.payments.sent('p1', bytes.signature, 0);
    expect(await held.ledger.payments.refused('p1', trouble, 0, true)).toBe(false);
    await expect(
      held.sql`update payment set state = 'failed' where payment_id = 'p1'`,
    ).rejects.toThrow(/check/);
    expect((await held.ledger.shares.find(held.share.id))?.status).toBe('processing');
    expect(await held.ledger.payments.failed('p1', 9, trouble, 0, true, bytes.signature)).toBe(
      true,
    );
    expect((await held.ledger.shares.find(held.share.id))?.status).toBe('pending');
  });

  test('bytes that a payment does not hold are neither sent for it nor end it', async () => {
    await using held = await withShare();
    const { payments, shares } = held.ledger;
    await payments.open(paymentFor(held.share.id, held.share.amount));
    await payments.signed('p1', bytes);
    const other = signatureOf(501);
    const trouble = { class: 'retry_soon', code: 'expired', detail: '' } as const;
    expect(await payments.sent('p1', other, 0)).toBe(false);
    expect(await payments.sent('p1', bytes.signature, 0)).toBe(true);
    const ended = [
      await payments.landed('p1', 9, other),
      await payments.failed('p1', 9, trouble, 0, true, other),
      await payments.dead('p1', other, [], trouble, 0),
    ];
    expect(ended).toEqual([false, false, false]);
    const { signature } = bytes;
    expect(await payments.find('p1')).toMatchObject({ state: 'sent', signature });
    expect(await shares.find(held.share.id)).toMatchObject({ status: 'processing', paid: 0n });
    expect(await payments.landed('p1', 9, bytes.signature)).toBe(true);
  });

  test('a failure frees the debt with its reason; one for a person leaves it failed', async () => {
    await using held = await withShare();
    await held.ledger.payments.open(paymentFor(held.share.id, held.share.amount));
    await held.ledger.payments.refused(
      'p1',
      { class: 'retry_soon', code: 'expired', detail: 'why' },
      5_000,
      true,
    );
    expect(await held.ledger.shares.find(held.share.id)).toMatchObject({
      status: 'pending',
      attempts: 1,
      reason: { code: 'expired', detail: 'why' },
    });
    expect(await held.ledger.shares.due('ana')).toEqual([]);
    await held.sql`update profit_share set retry_at = retry_at - interval '5 seconds'`;
    expect(await held.ledger.shares.due('ana')).toHaveLength(1);
    await held.ledger.payments.open(
      paymentFor(held.share.id, held.share.amount, held.driftAccount, 'p2'),
    );
    await held.ledger.payments.refused(
      'p2',
      { class: 'permanent', code: 'user_bankrupt', detail: '' },
      null,
      true,
    );
    expect((await held.ledger.shares.find(held.share.id))?.status).toBe('failed');
  });
});

describe('registration', () => {
  test('the same again is no conflict, something else under the id is', async () => {
    await using held = await createTestLedger();
    const same = {
      id: 'ana',
      agentWallet: addressOf(1),
      agentTokenAccount: addressOf(2),
      driftAccounts: [{ address: held.driftAccount, subAccountId: 0 }],
      sealedKey: null,
      fromSlot: 1,
    };
    expect(await held.ledger.subscribers.register(same)).toBe('known');
    expect(
      await held.ledger.subscribers.register({
        ...same,
        driftAccounts: [{ address: addressOf(44), subAccountId: 1 }],
      }),
    ).toBe('created');
    await expect(
      held.ledger.subscribers.register({ ...same, agentWallet: addressOf(50) }),
    ).rejects.toMatchObject({ code: 'conflict' });
    await expect(held.ledger.subscribers.register({ ...same, id: 'bo' })).rejects.toMatchObject({
      code: 'conflict',
    });
  });

  test('new terms are added, never in place of the old', async () => {
    await using held = await createTestLedger();
    const put = (fromSlot: number, shareBps: number) =>
      held.ledger.subscriptions.put({
        id: 'ana-sub',
        subscriberId: 'ana',
        driftAccount: held.driftAccount,
        terms: termsOf(fromSlot, CREATOR, shareBps),
        held: NOTHING_HELD,
      });
    await put(50, 2_000);
    const saved = await put(60, 2_000);
    expect(saved?.terms.map((each) => [each.fromSlot, each.shareBps])).toEqual([
      [1, 1_000],
      [50, 2_000],
    ]);
    const other = {
      id: 'other',
      subscriberId: 'ana',
      driftAccount: held.driftAccount,
      terms: termsOf(1, CREATOR, 1),
      held: NOTHING_HELD,
    };
    await expect(held.ledger.subscriptions.put(other)).rejects.toMatchObject({ code: 'conflict' });
  });
});
