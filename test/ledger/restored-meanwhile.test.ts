// Restored meanwhile: a lost payment is restored while another payment of the same debt lands. The
// debt counts both in either order of their commits, so that no part of it is paid again.
import { expect, test } from 'vitest';
import { USDC } from '../../src/core/token.ts';
import { troubled } from '../../src/core/trouble.ts';
import { accrueCloses } from '../../src/flows/accrue.ts';
import { openDatabase } from '../../src/ledger/database.ts';
import { silentLog } from '../../src/system/log.ts';
import {
  CREATOR,
  closeFact,
  createTestLedger,
  recordFact,
  signatureOf,
} from '../support/ledger.ts';
import { paymentOfDebts } from '../support/payment.ts';

const signatures = { p0: signatureOf(8), p1: signatureOf(9) };
const bytes = { bytes: new Uint8Array(1), lastValidBlockHeight: 1, blockhashSlot: 1 };

test.each(['the landing', 'the restoring'])(
  'a debt of which two payments end at once, %s first',
  async (first) => {
    await using held = await createTestLedger();
    const { ledger, driftAccount: account } = held;
    const other = openDatabase(held.url, silentLog, 2);
    await using _ = { [Symbol.asyncDispose]: () => other.end() };
    const { payments, shares } = ledger;
    await recordFact(ledger, closeFact(1, 1_000n, { slot: 50, account }), 'finalized');
    await accrueCloses(ledger, silentLog);
    const [due] = await shares.due('ana');
    if (due === undefined) throw new Error('nothing is due');
    // The ledger has the first payment for dead, and the second one on its way.
    for (const [id, most] of [
      ['p0', 60n],
      ['p1', 40n],
    ] as const) {
      await payments.open(paymentOfDebts([due], { id, most }));
      await payments.signed(id, { ...bytes, signature: signatures[id] });
      await payments.sent(id, signatures[id], 0);
      if (id === 'p0') await payments.dead(id, signatures[id], [], troubled('expired', 'drill'), 0);
    }
    const { shareId } = due;
    const paid = {
      id: 'p0',
      signature: signatures.p0,
      slot: 51,
      creatorWallet: CREATOR,
      token: USDC,
      amount: 60n,
    };
    const waiting = async () =>
      (
        await other`select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
      ).length;
    const ends = [
      () => payments.landed('p1', 52, signatures.p1),
      () => payments.restore('ana', paid, [{ shareId, amount: 60n }]),
    ];
    if (first === 'the restoring') ends.reverse();
    const ending: Promise<boolean>[] = [];
    // Both find the debt held by a third transaction, and wait in this order.
    await other.begin(async (tx) => {
      await tx`select 1 from profit_share where share_id = ${shareId} for update`;
      for (const [nth, end] of ends.entries()) {
        ending.push(end());
        await expect.poll(waiting).toBe(nth + 1);
      }
    });
    expect(await Promise.all(ending)).toEqual([true, true]);
    expect(await shares.find(shareId)).toMatchObject({ amount: 100n, paid: 100n, status: 'paid' });
  },
);
