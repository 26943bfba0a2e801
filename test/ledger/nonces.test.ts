// Nonces: what the database keeps and refuses of payments under a nonce.
import { expect, test } from 'vitest';
import { addressOf, signatureOf } from '../support/ledger.ts';
import { bytes, paymentFor, withShare } from '../support/one-share.ts';

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
