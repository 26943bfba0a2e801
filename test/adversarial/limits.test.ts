// Limits: the pen signs no more than its limits allow for one payment and one day, even if the
// ledger's rows say otherwise.
import { Keypair } from '@solana/web3.js';
import { expect, test } from 'vitest';
import { budget } from '../../src/chain/compile.ts';
import { advanceNonce, nonceAddress } from '../../src/chain/nonce.ts';
import type { Address, Signature } from '../../src/core/ids.ts';
import type { Proof } from '../../src/core/signed-today.ts';
import { USDC } from '../../src/core/token.ts';
import { createPenBench, text } from '../support/pen-bench.ts';

const DAY_MS = 24 * 3_600_000;
let nowMs = 0;
const limits = { paymentMost: 105n, subscriberADayMost: 250n };
const { good, sign, planned } = await createPenBench({ limits, nowMs: () => nowMs });

test('a payment above the limit of one payment is not signed, the sponsor included', () =>
  expect(sign(good, { parts: planned({ amount: 101n }) })).rejects.toThrow(
    /one payment may move 0.000105/,
  ));

test('the sums of the ledger count for the day, and so do signatures of this pen whose rows are gone', async () => {
  await expect(sign(good, { signedToday: 146n })).rejects.toThrow(/within a day/);
  await sign(good, { signedToday: 145n });
  await sign(good);
  // Two payments of 105 were signed; the ledger says that there were none.
  await expect(sign(good, { signedToday: 0n })).rejects.toThrow(/after 0.000210 within a day/);
  nowMs = DAY_MS;
  await sign(good);
});

/** A bench with a limit of a day alone, the sum of its pen, and what that pen is told. */
const dayBench = async () => {
  const bench = await createPenBench({ limits: { paymentMost: null, subscriberADayMost: 250n } });
  return {
    ...bench,
    today: () => bench.pen.signedToday('ana', USDC.mint),
    ended: (signature: Signature, proof: Proof, id = bench.payment.id) =>
      bench.pen.ended({ payment: { ...bench.payment, id }, signature, ...proof }),
  };
};

test('a day that is used up is named as such, and an amount that no day has room for is not', async () => {
  const { good, sign, planned } = await dayBench();
  await expect(sign(good, { signedToday: 146n })).rejects.toMatchObject({
    code: 'pen_limited',
    context: { trouble: 'day_limit' },
  });
  const most = planned({ amount: 246n });
  await expect(sign(good, { parts: most })).rejects.toMatchObject({
    code: 'pen_limited',
    context: { trouble: undefined },
  });
});

test('what failed or expired by proof frees the day again, once, and only what this pen signed', async () => {
  const { good, sign, today, ended } = await dayBench();
  const failed = { by: 'failure' } as const;
  const expired = (finalizedBlockHeight: number) =>
    ({ by: 'expiry', finalizedBlockHeight }) as const;
  const { signature } = await sign(good, { lastValidBlockHeight: 150 });
  await sign(good, { blockhash: USDC.mint });
  await expect(sign(good)).rejects.toThrow(/after 0.000210 within a day/);
  // Another payment, a transaction of another pen, and a height up to which the bytes may land.
  ended(signature, failed, 'p2');
  ended('other' as Signature, failed);
  ended(signature, expired(182));
  ended(signature, { by: 'cancellation' });
  expect(today()).toBe(210n);
  ended(signature, expired(183));
  ended(signature, failed);
  expect(today()).toBe(105n);
  // The ledger knows more than the pen: its sum decides.
  await expect(sign(good, { signedToday: 146n })).rejects.toThrow(/within a day/);
  await sign(good);
});

test('variants under one nonce count once, and end with the nonce that one of them or a cancellation of this pen moves', async () => {
  const { good, sign, pen, today, ended, sponsor } = await dayBench();
  const authority = text(sponsor.publicKey);
  const account = nonceAddress(authority, 'ana');
  const [one, other] = [text(Keypair.generate().publicKey), text(Keypair.generate().publicKey)];
  const variant = (price: bigint, blockhash: Address) =>
    sign([advanceNonce(account, authority), ...budget(200_000, price), ...good.slice(2)], {
      blockhash,
      lastValidBlockHeight: 150,
      nonce: { account, authority },
    });
  const move = (blockhash: Address) =>
    pen.signNonce({
      act: 'move',
      subscriberId: 'ana',
      lamports: 0n,
      blockhash,
      microLamports: 1n,
    });
  const first = await variant(1_000n, one);
  const second = await variant(2_000n, one);
  const later = await variant(1_000n, other);
  expect(today()).toBe(210n);
  // A nonce never expires, and the variant that a row calls a cancellation is the payment itself.
  ended(first.signature, { by: 'expiry', finalizedBlockHeight: 1_000_000 });
  ended(first.signature, { by: 'cancellation' });
  ended((await move(one)).signature, { by: 'cancellation' }, 'p2');
  expect(today()).toBe(210n);
  ended(second.signature, { by: 'failure' });
  ended(first.signature, { by: 'failure' });
  expect(today()).toBe(105n);
  const { signature } = await move(other);
  ended(signature, { by: 'cancellation' });
  ended(later.signature, { by: 'failure' });
  expect(today()).toBe(0n);
});
