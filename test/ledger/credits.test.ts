// Credits: a transfer to a creator that Bailiff did not make is matched once it is final, once, and
// never with a payment of ours; while it is not matched nothing is signed. Debts that were only
// observed are not payable until a person adopts them.

import { describe, expect, test } from 'vitest';
import { judge } from '../../src/core/standing.ts';
import { USDC } from '../../src/core/token.ts';
import { accrueCloses } from '../../src/flows/accrue.ts';
import { createLedger } from '../../src/ledger/ledger.ts';
import { silentLog } from '../../src/system/log.ts';
import { creditTransfers, transferOf } from '../support/credit.ts';
import {
  addressOf,
  CREATOR,
  closeFact,
  createTestLedger,
  recordFact,
  signatureOf,
  type TestLedger,
} from '../support/ledger.ts';
import { paymentOfDebts } from '../support/payment.ts';

/** Closes of 1,000 units of profit in slots 11, 12 ...; each owes 100. */
async function owing(held: TestLedger, closes: number, ledger = held.ledger): Promise<void> {
  for (let n = 1; n <= closes; n++)
    await recordFact(ledger, closeFact(n, 1_000n, { account: held.driftAccount }), 'finalized');
  await accrueCloses(ledger, silentLog);
}
const shares = async ({ ledger }: TestLedger) =>
  (await ledger.shares.list({ limit: 50 }))
    .map(({ slot, paid, status, credited }) => ({ slot, paid, status, credited }))
    .sort((a, b) => a.slot - b.slot);
const outstanding = async ({ ledger }: TestLedger) =>
  (await ledger.standings.update('ana', judge)).outstanding;

describe('transfers that Bailiff did not make', () => {
  test('count once they are final, the oldest debt first; until then nothing may be signed', async () => {
    await using held = await createTestLedger();
    const { ledger, sql } = held;
    await owing(held, 3);
    const transfer = transferOf(50, 12, 150n);
    await recordFact(ledger, transfer, 'confirmed');
    expect(await ledger.credits.unmatched('ana', CREATOR)).toBe(transfer.signature);
    expect(await ledger.credits.unmatched('ana', addressOf(5))).toBeNull();
    // A confirmed transfer counts for the standing at once, and for the debts when it is final.
    expect(await outstanding(held)).toBe(150n);
    expect(await creditTransfers(ledger)).toEqual([]);
    await recordFact(ledger, transfer, 'finalized');
    expect(await ledger.credits.unmatched('ana', CREATOR)).toBe(transfer.signature);
    expect(await creditTransfers(ledger)).toEqual(['ana']);
    expect(await ledger.credits.unmatched('ana', CREATOR)).toBeNull();
    expect(await shares(held)).toEqual([
      { slot: 11, paid: 100n, status: 'paid', credited: 100n },
      { slot: 12, paid: 50n, status: 'pending', credited: 50n },
      { slot: 13, paid: 0n, status: 'pending', credited: 0n },
    ]);
    expect(await outstanding(held)).toBe(150n);
    // Reported again by another source, the transfer is already matched.
    await recordFact(ledger, transfer, 'finalized');
    expect(await creditTransfers(ledger)).toEqual([]);
    expect((await shares(held)).map((each) => each.paid)).toEqual([100n, 50n, 0n]);
    expect((await ledger.shares.due('ana')).map((each) => each.owed)).toEqual([50n, 100n]);
    expect((await ledger.shares.uncovered('ana')).map((each) => each.uncovered)).toEqual([
      0n,
      50n,
      100n,
    ]);
    const [first] = await ledger.shares.list({ limit: 50, status: 'paid' });
    expect((await ledger.shares.accruals([first?.id ?? ''])).get(first?.id ?? '')?.credits).toEqual(
      [{ signature: transfer.signature, slot: 12, amount: 100n }],
    );
    const told = await sql<{ kind: string }[]>`
      select kind from event where kind in ('share.credited', 'share.paid', 'transfer.credited') order by sequence`;
    expect(told.map((each) => each.kind)).toEqual([
      'share.credited',
      'share.paid',
      'share.credited',
      'transfer.credited',
    ]);
  });

  test('two daemons match one transfer once', async () => {
    await using held = await createTestLedger();
    const { ledger } = held;
    await owing(held, 2);
    await recordFact(ledger, transferOf(50, 40, 100n), 'finalized');
    const both = await Promise.all([creditTransfers(ledger), creditTransfers(ledger)]);
    expect(both.flat()).toEqual(['ana']);
    expect((await shares(held)).map((each) => each.paid)).toEqual([100n, 0n]);
  });

  test('the rest of a transfer pays a debt that is booked later, if its close was earlier; else it stays in excess', async () => {
    await using held = await createTestLedger();
    const { ledger } = held;
    await recordFact(ledger, transferOf(50, 20, 130n), 'finalized');
    await creditTransfers(ledger);
    expect(await ledger.credits.list({ subscriberId: 'ana', limit: 5 })).toMatchObject([
      { amount: 130n, credited: 0n },
    ]);
    const late = closeFact(1, 1_000n, { account: held.driftAccount, slot: 20 });
    const after = closeFact(2, 1_000n, { account: held.driftAccount, slot: 21 });
    for (const close of [late, after]) await recordFact(ledger, close, 'finalized');
    await accrueCloses(ledger, silentLog);
    // A payment of this debt may be lost: the rest counts once the books were held against the
    // chain. Nothing is signed until then, and the subscriber does not owe the debt meanwhile.
    expect((await shares(held)).map((each) => each.status)).toEqual(['pending', 'pending']);
    expect(await ledger.credits.unmatched('ana', CREATOR)).toBe(signatureOf(50));
    expect(await ledger.credits.waiting()).toEqual(['ana']);
    expect(await outstanding(held)).toBe(100n);
    // It was announced when it was matched for the first time.
    expect(await ledger.credits.match('ana', null)).toEqual([]);
    expect(await ledger.credits.waiting()).toEqual([]);
    expect(await ledger.credits.unmatched('ana', CREATOR)).toBeNull();
    expect((await shares(held)).map((each) => [each.slot, each.status])).toEqual([
      [20, 'paid'],
      [21, 'pending'],
    ]);
    expect(await ledger.credits.list({ subscriberId: 'ana', limit: 5 })).toMatchObject([
      { amount: 130n, credited: 100n },
    ]);
    expect(await outstanding(held)).toBe(100n);
  });

  test('a debt that a payment has claimed waits until the payment has ended; a payment of ours is no such transfer', async () => {
    await using held = await createTestLedger();
    const { ledger } = held;
    await owing(held, 1);
    const [debt] = await ledger.shares.due('ana');
    if (debt === undefined) throw new Error('nothing due');
    const payment = paymentOfDebts([debt]);
    expect(await ledger.payments.open(payment)).toBe(true);
    await ledger.payments.signed('p1', {
      signature: signatureOf(60),
      bytes: Uint8Array.of(1),
      lastValidBlockHeight: 5,
      blockhashSlot: 3,
    });
    await ledger.payments.sent('p1', signatureOf(60), 0);
    // Another system paid the creator at the same time.
    await recordFact(ledger, transferOf(50, 20, 100n), 'finalized');
    expect(await creditTransfers(ledger)).toEqual([]);
    expect(await ledger.credits.unmatched('ana', CREATOR)).not.toBeNull();
    // Our own payment's outflow is never matched, by its signature.
    await recordFact(ledger, transferOf(60, 21, 100n), 'finalized');
    await ledger.payments.landed('p1', 21, signatureOf(60));
    expect(await creditTransfers(ledger)).toEqual(['ana']);
    expect(await ledger.credits.list({ subscriberId: 'ana', limit: 5 })).toMatchObject([
      { signature: signatureOf(50), amount: 100n, credited: 0n },
    ]);
    expect(await shares(held)).toMatchObject([{ status: 'paid', paid: 100n, credited: 0n }]);
  });

  test('a payment that the books have lost is known by its memo, and left to be rebuilt', async () => {
    await using held = await createTestLedger();
    const { ledger } = held;
    await owing(held, 1);
    await recordFact(ledger, transferOf(50, 20, 100n, { paymentId: 'lost' }), 'finalized');
    expect(await creditTransfers(ledger)).toEqual([]);
    expect(await ledger.credits.unmatched('ana', CREATOR)).toBeNull();
    expect((await ledger.shares.uncovered('ana')).map((each) => each.uncovered)).toEqual([100n]);
    // A share that a transfer has paid in part is restored to no more than the rest.
    await recordFact(ledger, transferOf(51, 21, 30n), 'finalized');
    await creditTransfers(ledger);
    const [share] = await ledger.shares.uncovered('ana');
    const paid = {
      id: 'lost',
      signature: signatureOf(50),
      slot: 20,
      creatorWallet: CREATOR,
      token: USDC,
    };
    await ledger.payments.restore('ana', { ...paid, amount: 70n }, [
      { shareId: share?.shareId ?? '', amount: 70n },
    ]);
    expect(await shares(held)).toMatchObject([{ status: 'paid', paid: 100n, credited: 30n }]);
    expect((await ledger.shares.uncovered('ana')).map((each) => each.uncovered)).toEqual([0n]);
  });

  test('an outflow that is no transfer of the quote token to a creator is not matched', async () => {
    await using held = await createTestLedger();
    const { ledger } = held;
    await owing(held, 1);
    for (const [n, more] of [
      { internal: true },
      { owner: addressOf(5) },
      { mint: addressOf(6) },
      { mint: null },
    ].entries())
      await recordFact(ledger, transferOf(50 + n, 20, 100n, more), 'finalized');
    expect(await creditTransfers(ledger)).toEqual([]);
    expect(await ledger.credits.unmatched('ana', CREATOR)).toBeNull();
    expect(await shares(held)).toMatchObject([{ status: 'pending', paid: 0n }]);
  });
});

describe('debts that were only observed', () => {
  test('are never claimed, until a person adopts those from a slot on; asking again changes nothing', async () => {
    await using held = await createTestLedger();
    const { ledger, sql } = held;
    const observing = createLedger(sql, undefined, true);
    await owing(held, 3, observing);
    expect(await ledger.shares.observed()).toEqual({ count: 3, left: [{ ...USDC, amount: 300n }] });
    expect(await ledger.shares.due('ana')).toEqual([]);
    expect(await ledger.shares.subscribersWithWork()).toEqual([]);
    const [some] = await ledger.shares.list({ limit: 1 });
    expect(some?.observed).toBe(true);
    expect(await ledger.shares.retry(some?.id ?? '')).toBe(false);
    await expect(
      sql`update profit_share set status = 'processing' where share_id = ${some?.id ?? ''}`,
    ).rejects.toMatchObject({ constraint_name: 'profit_share_observed_unclaimed' });
    // They count where one observes, and for nothing where one settles.
    expect((await observing.standings.update('ana', judge)).outstanding).toBe(300n);
    expect(await outstanding(held)).toBe(0n);
    const adopted = await ledger.shares.adopt(12, ['ana'], null);
    expect(adopted.map((each) => each.left)).toEqual([100n, 100n]);
    expect(await ledger.shares.adopt(12, ['ana'], null)).toEqual([]);
    expect((await ledger.shares.due('ana')).map((each) => each.slot)).toEqual([12, 13]);
    expect(await outstanding(held)).toBe(200n);
    expect(await ledger.shares.observed()).toEqual({ count: 1, left: [{ ...USDC, amount: 100n }] });
    expect(await ledger.sums.earnings(CREATOR)).toMatchObject([{ owed: 200n, observed: 100n }]);
    const told = await sql`select 1 from event where kind = 'share.adopted'`;
    expect(told).toHaveLength(2);
  });

  test('are discharged by the transfers of the system that pays', async () => {
    await using held = await createTestLedger();
    const { ledger, sql } = held;
    const observing = createLedger(sql, undefined, true);
    await owing(held, 2, observing);
    await recordFact(observing, transferOf(50, 12, 200n), 'finalized');
    await creditTransfers(observing);
    expect((await shares(held)).map((each) => each.status)).toEqual(['paid', 'paid']);
    expect((await observing.standings.update('ana', judge)).standing).toBe('good');
    expect(await ledger.shares.observed()).toEqual({ count: 0, left: [] });
    expect(await ledger.shares.adopt(0, ['ana'], null)).toEqual([]);
    expect(await outstanding(held)).toBe(0n);
  });
});
