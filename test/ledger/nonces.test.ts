// Nonces: what the database keeps and refuses of payments under a nonce.
import { expect, test } from 'vitest';
import { cancelledBy, landedDespite } from '../../src/core/cancellation.ts';
import { troubled } from '../../src/core/trouble.ts';
import { accrueCloses } from '../../src/flows/accrue.ts';
import { bookFound } from '../../src/flows/found-payments.ts';
import type { Transaction } from '../../src/ledger/database.ts';
import { silentLog } from '../../src/system/log.ts';
import { behind } from '../support/behind.ts';
import { addressOf, closeFact, recordFact, signatureOf } from '../support/ledger.ts';
import { bytes, openNonce, paymentFor, withShare } from '../support/one-share.ts';
import { paymentsIn } from '../support/rows.ts';

const DRILL = { shareId: null, reason: 'drill', actor: 'command', person: null };

test('a variant is stored in its turn, and the one that was executed becomes the payment', async () => {
  await using held = await withShare();
  const { payments } = held.ledger;
  const nonce = await openNonce(held.ledger);
  await payments.open({ ...paymentFor(held.share.id, held.share.amount), nonce });
  await payments.signed('p1', { ...bytes, microLamports: 10n });
  const second = { ...bytes, signature: signatureOf(501), microLamports: 20n };
  const route = {
    driftUser: addressOf(60),
    subAccountId: 3,
    withdraw: 4n,
    settleMarkets: [1, 2],
    createAgentAccount: true,
  };
  const dearer = { purpose: 'payment', bytes: second, route } as const;
  expect(await payments.varied('p1', dearer, 1), 'before it is sent').toBe(false);
  await payments.sent('p1', bytes.signature, 0);
  const third = { ...dearer, bytes: { ...second, signature: signatureOf(502) } };
  const stored = await Promise.all([
    payments.varied('p1', dearer, 1),
    payments.varied('p1', third, 1),
  ]);
  expect(stored.filter(Boolean), 'two daemons sign the second variant').toHaveLength(1);
  const cancel = { ...bytes, signature: signatureOf(503) };
  expect(await payments.varied('p1', { purpose: 'cancel', bytes: cancel, route: null }, 2)).toBe(
    true,
  );
  const late = { ...dearer, bytes: { ...second, signature: signatureOf(504) } };
  expect(await payments.varied('p1', late, 3), 'after a cancellation').toBe(false);
  const live = await payments.live('ana');
  expect(live).toMatchObject({ nonce, signed: { signature: cancel.signature } });
  expect(live?.variants?.map((each) => [each.purpose, each.microLamports])).toEqual([
    ['payment', 10n],
    ['payment', 20n],
    ['cancel', 0n],
  ]);
  // The newest payment among the variants says which way it goes.
  const { driftUser, subAccountId, ...plan } = route;
  expect(live).toMatchObject({ driftUser, subAccountId, plan });
  const [before] = await paymentsIn(held);
  expect(before).toMatchObject({
    withdraw: held.share.amount,
    settleMarkets: [0],
    createAgentAccount: false,
  });
  const executed = live?.variants?.[1]?.signature ?? bytes.signature;
  expect(await payments.unknown([executed, cancel.signature])).toEqual([cancel.signature]);
  // The cancellation paid nothing, and is never taken for the payment.
  await expect(payments.landed('p1', 9, cancel.signature)).rejects.toThrow(/never replaced/);
  expect(await payments.landed('p1', 9, executed)).toBe(true);
  expect(await payments.find('p1')).toMatchObject({ state: 'landed', signature: executed });
  // What was executed is what the record says since then.
  expect((await paymentsIn(held))[0]).toMatchObject({ subAccountId, ...plan });
  expect(await held.ledger.nonces.moverOf(nonce.account, 'v1')).toEqual({
    signature: executed,
    slot: 9,
  });
  await expect(held.sql`update payment_variant set micro_lamports = 1`).rejects.toThrow(
    /never changed/,
  );
  await expect(held.sql`update payment set nonce_value = 'v2'`).rejects.toThrow(/guards/);
});

test('a payment that the chain shows takes over the way of the variant that was executed', async () => {
  await using held = await withShare();
  const { payments } = held.ledger;
  const nonce = await openNonce(held.ledger);
  const { amount } = held.share;
  await payments.open({ ...paymentFor(held.share.id, amount), nonce });
  await payments.signed('p1', bytes);
  await payments.sent('p1', bytes.signature, 0);
  const plan = { withdraw: 4n, settleMarkets: [1, 2], createAgentAccount: true };
  const second = { ...bytes, signature: signatureOf(501), bytes: new Uint8Array([5]) };
  const route = { driftUser: addressOf(60), subAccountId: 3, ...plan };
  await payments.varied('p1', { purpose: 'payment', bytes: second, route }, 1);
  const { creatorWallet, token } = paymentFor(held.share.id, amount);
  const paid = { id: 'p1', slot: 9, creatorWallet, token, amount, signature: second.signature };
  const ports = { ledger: held.ledger, log: silentLog };
  for (const isDry of [true, false])
    expect((await bookFound(ports, 'ana', paid, new Map(), isDry)).rests).toEqual([]);
  expect((await paymentsIn(held))[0]).toMatchObject({
    state: 'landed',
    signature: second.signature,
    subAccountId: 3,
    ...plan,
  });
});

test('a payment whose own variant moved its nonce is not overtaken by that variant', async () => {
  await using held = await withShare();
  const { payments } = held.ledger;
  const nonce = await openNonce(held.ledger);
  await payments.open({ ...paymentFor(held.share.id, held.share.amount), nonce });
  await payments.signed('p1', bytes);
  await payments.sent('p1', bytes.signature, 0);
  const [dearer, cancel, other] = [501, 502, 503].map((n) => ({
    ...bytes,
    signature: signatureOf(n),
  })) as [typeof bytes, typeof bytes, typeof bytes];
  await payments.varied('p1', { purpose: 'payment', bytes: dearer, route: null }, 1);
  await payments.varied('p1', { purpose: 'cancel', bytes: cancel, route: null }, 2);
  const overtaken = ({ signature }: typeof bytes, own: boolean) =>
    payments.overtaken('p1', { signature, slot: 9, own }, troubled('overtaken', 'drill'), 0);
  for (const paid of [bytes, dearer])
    for (const own of [false, true]) expect(await overtaken(paid, own)).toBe(false);
  expect(await overtaken(cancel, false), 'by a cancellation that is its own').toBe(false);
  expect(await payments.live('ana')).toMatchObject({ state: 'sent' });
  expect(await overtaken(other, false)).toBe(true);
  expect(await payments.find('p1')).toMatchObject({ state: 'dead' });
});

test('a payment under a blockhash has no variants, and is not cancelled', async () => {
  await using held = await withShare();
  const { payments } = held.ledger;
  await payments.open(paymentFor(held.share.id, held.share.amount));
  await payments.signed('p1', bytes);
  await payments.sent('p1', bytes.signature, 0);
  const more = {
    purpose: 'payment',
    bytes: { ...bytes, signature: signatureOf(501) },
    route: null,
  } as const;
  expect(await payments.varied('p1', more, 0)).toBe(false);
  expect(await payments.cancel('p1', DRILL)).toBe(false);
  await expect(
    held.sql`insert into payment_variant values ('ana', 'p1', 1, 'payment', 'x', '\\x00', 1, now())`,
  ).rejects.toThrow(/only a payment under a nonce/);
});

test('a cancellation keeps who asked for it, once a debt, and its debts wait for a person', async () => {
  await using held = await withShare();
  const { payments, shares, nonces } = held.ledger;
  const nonce = await openNonce(held.ledger);
  await payments.open({ ...paymentFor(held.share.id, held.share.amount), nonce });
  expect(await payments.cancel('p1', DRILL), 'before it is signed').toBe(false);
  expect(await nonces.closing('ana', 0), 'while a payment is under way').toBe(false);
  await payments.signed('p1', bytes);
  const one = { ...DRILL, shareId: held.share.id };
  for (const request of [one, DRILL, { ...one, reason: 'again' }])
    expect(await payments.cancel('p1', request)).toBe(true);
  expect(await payments.live('ana')).toMatchObject({ cancelAsked: true, cancelFor: [one, DRILL] });
  await payments.sent('p1', bytes.signature, 0);
  const by = { signature: signatureOf(503), slot: 9, own: true };
  expect(await payments.overtaken('p1', by, troubled('overtaken', 'drill'), 0)).toBe(true);
  expect(await payments.find('p1')).toMatchObject({
    state: 'dead',
    guard: 'nonce',
    cancelAsked: true,
  });
  expect(await shares.find(held.share.id)).toMatchObject({
    status: 'failed',
    reason: cancelledBy(by.signature),
    retryAtMs: null,
  });
  expect(await payments.cancel('p1', DRILL), 'after its end').toBe(false);
  expect(await nonces.closing('ana', 1_000)).toBe(true);
  expect(await nonces.closing('ana', 1_000), 'again at once').toBe(false);
  expect(await nonces.of('ana')).toMatchObject({ closingMs: expect.any(Number) });
  expect(await nonces.sums()).toEqual({ open: 1, closing: 1, rent: 9n });
  // Its subscriber is still here.
  expect(await nonces.left({ limit: 9 })).toEqual([]);
  await held.sql`update subscriber set retired_at = now()`;
  expect(await nonces.left({ limit: 9 })).toMatchObject([
    { subscriberId: 'ana', account: nonce.account, noted: { value: 'v1' } },
  ]);
  await nonces.closed('ana');
  expect(await nonces.sums()).toEqual({ open: 0, closing: 0, rent: 0n });
});

test.each(['overtaken', 'failed'] as const)(
  'the transaction that ends a cancelled payment leaves to a person only the debts that persons named: %s',
  async (how) => {
    await using held = await withShare();
    const { payments, shares } = held.ledger;
    const close = closeFact(2, 100_000n, { slot: 60, account: held.driftAccount });
    await recordFact(held.ledger, close, 'finalized');
    await accrueCloses(held.ledger, silentLog);
    const [first, second] = (await shares.open('ana')).map(({ id, amount }) => ({ id, amount }));
    if (first === undefined || second === undefined) throw new Error('two debts were booked');
    const { account, slot } = await openNonce(held.ledger, 'p1');
    const open = (id: string) => {
      const payment = paymentFor(first.id, first.amount, addressOf(3), id);
      const covers = [first, second].map((each) => ({ shareId: each.id, amount: each.amount }));
      const amount = first.amount + second.amount;
      const nonce = { account, value: id, slot };
      return payments.open({ ...payment, plan: { ...payment.plan, covers, amount }, nonce });
    };
    const voiding = { reason: 'drill', actor: 'command', person: null };
    expect(await open('p1')).toBe(true);
    await payments.signed('p1', bytes);
    await payments.sent('p1', bytes.signature, 0);
    // The person asks after the lane has read the payment, and before the lane ends it.
    expect(await payments.cancel('p1', { ...voiding, shareId: first.id })).toBe(true);
    expect(await shares.voidsAsked()).toEqual([]);
    const trouble = troubled('overtaken', 'drill');
    const mover = signatureOf(503);
    const ended =
      how === 'overtaken'
        ? payments.overtaken('p1', { signature: mover, slot: 9, own: true }, trouble, 0)
        : payments.failed('p1', 9, trouble, 0, true, bytes.signature);
    expect(await ended).toBe(true);
    const by = how === 'overtaken' ? mover : bytes.signature;
    expect(await shares.find(first.id)).toMatchObject({
      status: 'failed',
      reason: cancelledBy(by),
      retryAtMs: null,
    });
    expect(await shares.find(second.id)).toMatchObject({ status: 'pending', reason: trouble });
    const asked = [{ shareId: first.id, subscriberId: 'ana', voiding }];
    expect(await shares.voidsAsked()).toEqual(asked);
    expect(await shares.voidsAsked('ana')).toEqual(asked);
    expect(await shares.voidsAsked('bob')).toEqual([]);
    // A person has the debt paid after all: the request is over, also when the next payment is
    // cancelled as a whole.
    expect(await shares.retry(first.id)).toBe(true);
    expect(await shares.voidsAsked()).toEqual([]);
    await held.ledger.nonces.note('ana', 'p1', { value: 'p2', slot });
    expect(await open('p2')).toBe(true);
    await payments.signed('p2', { ...bytes, signature: signatureOf(510) });
    await payments.sent('p2', signatureOf(510), 0);
    await payments.cancel('p2', { ...voiding, shareId: null });
    const again = { signature: signatureOf(511), slot: 12, own: true };
    expect(await payments.overtaken('p2', again, trouble, 0)).toBe(true);
    for (const { id } of [first, second])
      expect(await shares.find(id)).toMatchObject({ reason: { code: 'payment_cancelled' } });
    expect(await shares.voidsAsked()).toEqual([]);
  },
);

test('a request to void a debt survives a restored payment, and ends when a person retries the debt', async () => {
  await using held = await withShare();
  const { payments, shares } = held.ledger;
  const { id, amount } = held.share;
  const nonce = await openNonce(held.ledger);
  await payments.open({ ...paymentFor(id, amount), nonce });
  await payments.signed('p1', bytes);
  await payments.sent('p1', bytes.signature, 0);
  const voiding = { reason: 'drill', actor: 'command', person: null };
  await payments.cancel('p1', { ...voiding, shareId: id });
  const mover = { signature: signatureOf(503), slot: 9, own: true };
  await payments.overtaken('p1', mover, troubled('overtaken', 'drill'), 0);
  // A payment of a part that the ledger had lost: its row is newer than the cancelled payment.
  const { creatorWallet, token } = paymentFor(id, amount);
  const part = { shareId: id, amount: amount - 1n };
  const paid = { id: 'p0', slot: 7, creatorWallet, token, signature: signatureOf(505) };
  expect(await payments.restore('ana', { ...paid, amount: part.amount }, [part])).toBe(true);
  expect(await shares.find(id)).toMatchObject({ paid: part.amount, status: 'failed' });
  expect(await shares.due('ana')).toEqual([]);
  expect(await shares.voidsAsked()).toEqual([{ shareId: id, subscriberId: 'ana', voiding }]);
  await expect(shares.voidAsked(id, 7, 'another')).rejects.toMatchObject({ code: 'books_behind' });
  expect(await shares.retry(id)).toBe(true);
  expect(await shares.voidAsked(id, 7, null)).toBe(null);
  expect(await shares.find(id)).toMatchObject({ status: 'pending', voided: null });
});

test('what a payment leaves of a debt is voided when it lands although the debt was to be voided', async () => {
  await using held = await withShare();
  const { payments, shares } = held.ledger;
  const { id, amount } = held.share;
  const nonce = await openNonce(held.ledger);
  await payments.open({ ...paymentFor(id, amount - 1n), nonce });
  await payments.signed('p1', bytes);
  await payments.sent('p1', bytes.signature, 0);
  const voiding = { reason: 'drill', actor: 'command', person: null };
  await payments.cancel('p1', { ...voiding, shareId: id });
  expect(await payments.landed('p1', 9, bytes.signature)).toBe(true);
  expect(await shares.find(id)).toMatchObject({
    paid: amount - 1n,
    status: 'failed',
    reason: landedDespite(bytes.signature),
  });
  expect(await shares.voidsAsked()).toEqual([{ shareId: id, subscriberId: 'ana', voiding }]);
  expect(await shares.voidAsked(id, 7, null)).toMatchObject({ ...voiding, by: 'operator' });
  expect(await shares.find(id)).toMatchObject({ paid: amount - 1n, status: 'voided' });
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

test('of two daemons that change a nonce at the same time, one does', async () => {
  await using held = await withShare();
  const { nonces } = held.ledger;
  const made = { subscriberId: 'ana', account: addressOf(70), authority: addressOf(71), rent: 9n };
  // The other daemon inserts the account, and commits after this one has found none.
  const lock = (tx: Transaction) => tx`
    insert into nonce (subscriber_id, account, authority, rent, asked_at) values ('ana', ${made.account}, ${made.authority}, 9, now() - interval '1 hour')`;
  expect(await behind(held.sql, { lock, waiting: 1 }, () => nonces.asked(made, 0))).toBe(false);
  const noted = await behind(
    held.sql,
    { lock: (tx) => tx`select 1 from nonce for update`, waiting: 2 },
    () => Promise.all(['v1', 'v2'].map((value) => nonces.note('ana', null, { value, slot: 8 }))),
  );
  expect(noted.filter(Boolean)).toHaveLength(1);
  expect((await nonces.of('ana'))?.noted?.value).toBe(noted[0] ? 'v1' : 'v2');
});
