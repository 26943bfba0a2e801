// Receipt of a found payment: the database went back to where other bytes of a payment were dead.
// The payment that landed is booked beside that one, and its receipt is verified.
import { Keypair } from '@solana/web3.js';
import { expect, test } from 'vitest';
import { openNode, verifyReceipts } from '../../src/verify/verify.ts';
import { goBackToDead } from '../support/damage.ts';
import { signatureOf } from '../support/ledger.ts';
import { receiptFrom } from '../support/receipt-from.ts';
import { openStreet, profitableClose } from '../support/street.ts';

test('the receipt of a payment that was found under the id of another one is verified', async () => {
  await using street = await openStreet();
  const creator = Keypair.generate().publicKey;
  const trader = street.people.createTrader({ deposit: 1_000_000_000n, lamports: 50_000_000n });
  await street.subscribe('ana', trader, creator);
  profitableClose(street.people, trader);
  const share = await street.share('ana', ({ status }) => status === 'paid');
  await street.stop();
  await goBackToDead(street.database, signatureOf(7));
  await street.restart();
  await street.share('ana', ({ status }) => status === 'paid');
  expect(street.people.quoteOf(creator)).toBe(BigInt(share.amount));
  const answer = await fetch(`${street.app().url}/v1/shares/${share.id}/receipt`);
  const receipt = receiptFrom(await answer.json());
  expect(receipt.payments.map(({ id, signature }) => id.endsWith(`.${signature}`))).toEqual([true]);
  const { checks } = await verifyReceipts(
    [receipt],
    openNode(street.world.chain.rpcUrl, () => Promise.resolve()),
  );
  expect(checks.filter((each) => each.verdict !== 'ok')).toEqual([]);
  expect(checks.map((each) => each.what)).toContain('payment');
});
