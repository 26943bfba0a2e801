// Judged meanwhile: a payment lands, and its subscriber withdraws afterwards, while the standing of
// that subscriber is judged. No verdict counts the withdrawal and not the payment.
import { expect, test } from 'vitest';
import type { Fact } from '../../src/core/fact.ts';
import { judge } from '../../src/core/standing.ts';
import { USDC } from '../../src/core/token.ts';
import { accrueCloses } from '../../src/flows/accrue.ts';
import { createStandings } from '../../src/ledger/standings.ts';
import { silentLog } from '../../src/system/log.ts';
import {
  addressOf,
  closeFact,
  createTestLedger,
  recordFact,
  signatureOf,
} from '../support/ledger.ts';
import { meanwhile } from '../support/meanwhile.ts';
import { paymentOfDebts } from '../support/payment.ts';

const withdrawal: Fact = {
  subscriberId: 'ana',
  account: addressOf(2),
  signature: signatureOf(70),
  position: { slot: 70, blockIndex: 0, ordinal: 1 },
  body: {
    kind: 'outflow',
    route: 'token_transfer',
    amount: 900_000_000n,
    mint: USDC.mint,
    decimals: 6,
    destination: addressOf(77),
    owner: addressOf(78),
    internal: false,
    ofValue: true,
    consent: 'agent',
    signers: [],
    usd: 900_000_000n,
  },
};

test.each([
  "kind = 'outflow'",
  "kind in ('close', 'reckoning')",
  'brought is not null',
  "state = 'landed'",
])('a payment and a withdrawal after it, before the statement with "%s"', async (statement) => {
  await using held = await createTestLedger();
  const { ledger, sql, driftAccount: account } = held;
  await recordFact(ledger, closeFact(1, 100_000_000n, { slot: 50, account }), 'finalized');
  await accrueCloses(ledger, silentLog);
  const payment = paymentOfDebts(await ledger.shares.due('ana'));
  const signature = signatureOf(60);
  await ledger.payments.open(payment);
  await ledger.payments.signed('p1', {
    signature,
    bytes: new Uint8Array(1),
    lastValidBlockHeight: 1,
    blockhashSlot: 1,
  });
  await ledger.payments.sent('p1', signature, 0);
  const standings = createStandings(
    meanwhile(sql, statement, async () => {
      await ledger.payments.landed('p1', 60, signature);
      await recordFact(ledger, withdrawal, 'finalized');
    }),
  );
  expect(await standings.update('ana', judge)).toMatchObject({ standing: 'good' });
  expect(await ledger.standings.update('ana', judge)).toMatchObject({ outstanding: 0n });
});
