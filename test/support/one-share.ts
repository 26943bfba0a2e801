// One share: a ledger with one booked share, and a payment of it.
import type { NonceAt } from '../../src/core/nonce.ts';
import type { Payment } from '../../src/core/payment.ts';
import type { Ledger } from '../../src/core/ports.ts';
import { accrueCloses } from '../../src/flows/accrue.ts';
import { silentLog } from '../../src/system/log.ts';
import {
  addressOf,
  CREATOR,
  closeFact,
  createTestLedger,
  recordFact,
  signatureOf,
} from './ledger.ts';
import { plannedPayment } from './payment.ts';

export async function withShare(netPnl = 100_000n) {
  const test = await createTestLedger();
  await recordFact(test.ledger, closeFact(1, netPnl, { account: test.driftAccount }), 'finalized');
  await accrueCloses(test.ledger, silentLog);
  const [share] = await test.ledger.shares.list({ limit: 10 });
  if (share === undefined) throw new Error('no share was booked');
  return { ...test, share };
}

export const paymentFor = (
  shareId: string,
  amount: bigint,
  driftUser = addressOf(3),
  id = 'p1',
): Payment =>
  plannedPayment({
    id,
    creatorWallet: CREATOR,
    driftUser,
    plan: { covers: [{ shareId, amount }], withdraw: amount, settleMarkets: [0] },
  });
export const bytes = {
  signature: signatureOf(500),
  bytes: Uint8Array.of(1, 2, 3),
  lastValidBlockHeight: 1_000,
  blockhashSlot: 5,
};

/** Opens the nonce account of `ana`, and notes a value, under which a payment may be opened. */
export async function openNonce(
  { nonces }: Pick<Ledger, 'nonces'>,
  value = 'v1',
): Promise<NonceAt> {
  const account = addressOf(70);
  await nonces.asked({ subscriberId: 'ana', account, authority: addressOf(71), rent: 9n }, 0);
  await nonces.note('ana', null, { value, slot: 5 });
  return { account, value, slot: 5 };
}
