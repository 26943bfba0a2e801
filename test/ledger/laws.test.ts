// Laws: changes that the database itself refuses, so that no fault in the code above can make them.

import { describe, expect, test } from 'vitest';
import type { Payment } from '../../src/core/payment.ts';
import { judge } from '../../src/core/standing.ts';
import { USDC } from '../../src/core/token.ts';
import { accrueCloses } from '../../src/flows/accrue.ts';
import { silentLog } from '../../src/system/log.ts';
import {
  addressOf,
  CREATOR,
  closeFact,
  createTestLedger,
  recordFact,
  signatureOf,
} from '../support/ledger.ts';
import { NOTHING_HELD, termsOf } from '../support/terms.ts';

async function withShare(netPnl = 100_000n) {
  const test = await createTestLedger();
  await recordFact(test.ledger, closeFact(1, netPnl, { account: test.driftAccount }), 'finalized');
  await accrueCloses(test.ledger, silentLog);
  const [share] = await test.ledger.shares.list({ limit: 10 });
  if (share === undefined) throw new Error('no share was booked');
  return { ...test, share };
}

const paymentFor = (
  shareId: string,
  amount: bigint,
  driftUser = addressOf(3),
  id = 'p1',
): Payment => ({
  id,
  purpose: 'share',
  subscriberId: 'ana',
  subscriptionId: 'ana-sub',
  creatorWallet: CREATOR,
  driftUser,
  subAccountId: 0,
  venue: 'drift-v2',
  token: USDC,
  state: 'planned',
  attempts: 0,
  signed: null,
  plan: {
    amount,
    covers: [{ shareId, amount }],
    withdraw: amount,
    settleMarkets: [0],
    feePayer: 'agent',
    createAgentAccount: false,
    createCreatorAccount: false,
    reimburse: 0n,
  },
});
const bytes = {
  signature: signatureOf(500),
  bytes: Uint8Array.of(1, 2, 3),
  lastValidBlockHeight: 1_000,
  blockhashSlot: 5,
};

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

  test('dust is carried from close to close, across facts heard in any order', async () => {
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
    expect(await held.ledger.payments.sent('p1', 0)).toBe(false);
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

  test('a variant is stored in its turn, and the one that was executed becomes the payment', async () => {
    await using held = await withShare();
    const { payments } = held.ledger;
    const nonce = { account: addressOf(70), value: 'v1', slot: 5 };
    await payments.open({ ...paymentFor(held.share.id, held.share.amount), nonce });
    await payments.signed('p1', { ...bytes, microLamports: 10n });
    const second = { ...bytes, signature: signatureOf(501), microLamports: 20n };
    const dearer = { purpose: 'payment', bytes: second } as const;
    expect(await payments.varied('p1', dearer, 1), 'before it is sent').toBe(false);
    await payments.sent('p1', 0);
    const third = { ...dearer, bytes: { ...second, signature: signatureOf(502) } };
    const stored = await Promise.all([
      payments.varied('p1', dearer, 1),
      payments.varied('p1', third, 1),
    ]);
    expect(stored.filter(Boolean), 'two daemons sign the second variant').toHaveLength(1);
    const cancel = { ...bytes, signature: signatureOf(503) };
    expect(await payments.varied('p1', { purpose: 'cancel', bytes: cancel }, 2)).toBe(true);
    const late = { ...dearer, bytes: { ...second, signature: signatureOf(504) } };
    expect(await payments.varied('p1', late, 3), 'after a cancellation').toBe(false);
    const live = await payments.live('ana');
    expect(live).toMatchObject({ nonce, signed: { signature: cancel.signature } });
    expect(live?.variants?.map((each) => [each.purpose, each.microLamports])).toEqual([
      ['payment', 10n],
      ['payment', 20n],
      ['cancel', 0n],
    ]);
    const executed = live?.variants?.[1]?.signature ?? bytes.signature;
    expect(await payments.unknown([executed, cancel.signature])).toEqual([cancel.signature]);
    // The cancellation paid nothing, and is never taken for the payment.
    await expect(payments.landed('p1', 9, cancel.signature)).rejects.toThrow(/never replaced/);
    expect(await payments.landed('p1', 9, executed)).toBe(true);
    expect(await payments.find('p1')).toMatchObject({ state: 'landed', signature: executed });
    expect(await held.ledger.nonces.moverOf(nonce.account, 'v1')).toEqual({
      signature: executed,
      slot: 9,
    });
    await expect(held.sql`update payment_variant set micro_lamports = 1`).rejects.toThrow(
      /never changed/,
    );
    await expect(held.sql`update payment set nonce_value = 'v2'`).rejects.toThrow(/guards/);
  });

  test('a payment under a blockhash has no variants, and is not cancelled', async () => {
    await using held = await withShare();
    const { payments } = held.ledger;
    await payments.open(paymentFor(held.share.id, held.share.amount));
    await payments.signed('p1', bytes);
    await payments.sent('p1', 0);
    const more = { purpose: 'payment', bytes: { ...bytes, signature: signatureOf(501) } } as const;
    expect(await payments.varied('p1', more, 0)).toBe(false);
    expect(await payments.cancel('p1')).toBe(false);
    await expect(
      held.sql`insert into payment_variant values ('ana', 'p1', 1, 'payment', 'x', '\\x00', 1, now())`,
    ).rejects.toThrow(/only a payment under a nonce/);
  });

  test('a noted value is replaced by a daemon that knows it, and never goes back', async () => {
    await using held = await withShare();
    const { nonces } = held.ledger;
    const made = {
      subscriberId: 'ana',
      account: addressOf(70),
      authority: addressOf(71),
      rent: 9n,
    };
    expect(await nonces.asked(made, 1_000)).toBe(true);
    expect(await nonces.asked(made, 1_000), 'again at once').toBe(false);
    expect(await nonces.note('ana', null, { value: 'v1', slot: 8 })).toBe(true);
    expect(await nonces.note('ana', null, { value: 'v0', slot: 9 })).toBe(false);
    await expect(nonces.note('ana', 'v1', { value: 'v0', slot: 7 })).rejects.toThrow(/goes back/);
    expect(await nonces.asked({ ...made, account: addressOf(72) }, 0), 'another').toBe(false);
    expect(await nonces.closed('ana')).toBe(true);
    expect(await nonces.of('ana')).toBeNull();
    expect(await nonces.asked({ ...made, account: addressOf(72) }, 0)).toBe(true);
  });

  test('landing discharges once, and only from sent', async () => {
    await using held = await withShare();
    await held.ledger.payments.open(paymentFor(held.share.id, held.share.amount));
    await held.ledger.payments.signed('p1', bytes);
    expect(await held.ledger.payments.landed('p1', 9)).toBe(false);
    await held.ledger.payments.sent('p1', 0);
    const landed = await Promise.all([
      held.ledger.payments.landed('p1', 9),
      held.ledger.payments.landed('p1', 9),
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
      ),
    ).toBe(false);
  });

  test('a payment that may be on its way is never called refused, and fails only with the slot of its execution', async () => {
    await using held = await withShare();
    const trouble = { class: 'retry_soon', code: 'expired', detail: '' } as const;
    await held.ledger.payments.open(paymentFor(held.share.id, held.share.amount));
    await held.ledger.payments.signed('p1', bytes);
    expect(await held.ledger.payments.refused('p1', trouble, 0, true)).toBe(false);
    expect(await held.ledger.payments.failed('p1', 9, trouble, 0, true)).toBe(false);
    await held.ledger.payments.sent('p1', 0);
    expect(await held.ledger.payments.refused('p1', trouble, 0, true)).toBe(false);
    await expect(
      held.sql`update payment set state = 'failed' where payment_id = 'p1'`,
    ).rejects.toThrow(/check/);
    expect((await held.ledger.shares.find(held.share.id))?.status).toBe('processing');
    expect(await held.ledger.payments.failed('p1', 9, trouble, 0, true)).toBe(true);
    expect((await held.ledger.shares.find(held.share.id))?.status).toBe('pending');
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
