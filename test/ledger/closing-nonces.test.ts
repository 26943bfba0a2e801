// Closing nonces: two daemons under different guards. One closes the nonce account of a subscriber,
// and the other one opens a payment under it. The ledger lets one of them.
import { expect, test } from 'vitest';
import type { Transaction } from '../../src/ledger/database.ts';
import { behind } from '../support/behind.ts';
import { openNonce, paymentFor, withShare } from '../support/one-share.ts';

test('no payment is opened under a nonce whose closing is recorded, or under another value', async () => {
  await using held = await withShare();
  const { payments, nonces } = held.ledger;
  const nonce = await openNonce(held.ledger);
  const payment = paymentFor(held.share.id, held.share.amount);
  expect(await payments.open({ ...payment, nonce: { ...nonce, value: 'v0' } })).toBe(false);
  expect(await nonces.closing('ana', 90_000)).toBe(true);
  expect(await payments.open({ ...payment, nonce })).toBe(false);
  expect(await nonces.closed('ana')).toBe(true);
  expect(await payments.open({ ...payment, nonce }), 'once it is closed').toBe(false);
  expect(await payments.open(payment), 'under a blockhash').toBe(true);
});

test('a closing waits for a payment that is being opened, and is then not recorded', async () => {
  await using held = await withShare();
  const { payments, nonces } = held.ledger;
  const nonce = await openNonce(held.ledger);
  const payment = { ...paymentFor(held.share.id, held.share.amount), nonce };
  const waiting = () => held.sql`
    select pid from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
  // The payment is inserted, and its debts wait for the lock.
  const lock = (tx: Transaction) => tx`lock table payment_share in share mode`;
  const both = await behind(held.sql, { lock, waiting: 2 }, async () => {
    const opening = payments.open(payment);
    await expect.poll(async () => (await waiting()).length).toBe(1);
    return Promise.all([opening, nonces.closing('ana', 90_000)]);
  });
  expect(both).toEqual([true, false]);
  expect((await nonces.of('ana'))?.closingMs).toBeNull();
});
