// Limits: the pen signs no more than its limits allow for one payment and one day, even if the
// ledger's rows say otherwise.
import { expect, test } from 'vitest';
import { createPenBench } from '../support/pen-bench.ts';

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
