// Lost commits: rows that a restored copy or a promoted replica left behind are made whole from the
// chain, what was paid twice is on record as overpaid, and nothing is signed on a database that is
// no longer the same.

import { expect, test } from 'vitest';
import type { Fact } from '../../src/core/fact.ts';
import type { Signature } from '../../src/core/ids.ts';
import type { Payment } from '../../src/core/payment.ts';
import type { PaidOnChain } from '../../src/core/rebuild.ts';
import { judge } from '../../src/core/standing.ts';
import { USDC } from '../../src/core/token.ts';
import { troubled } from '../../src/core/trouble.ts';
import { accrueCloses } from '../../src/flows/accrue.ts';
import { createDatabaseStates } from '../../src/ledger/database-state.ts';
import { silentLog } from '../../src/system/log.ts';
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

const bytes = {
  signature: signatureOf(9),
  bytes: new Uint8Array(1),
  lastValidBlockHeight: 1,
  blockhashSlot: 1,
};
async function owing(): Promise<{ held: TestLedger; payment: Payment; paid: PaidOnChain }> {
  const held = await createTestLedger();
  await recordFact(
    held.ledger,
    closeFact(1, 100_000_000n, { slot: 50, account: held.driftAccount }),
    'finalized',
  );
  await accrueCloses(held.ledger, silentLog);
  const [due] = await held.ledger.shares.due('ana');
  if (due === undefined) throw new Error('nothing is due');
  const payment = paymentOfDebts([due]);
  const paid: PaidOnChain = {
    id: 'p1',
    signature: signatureOf(8),
    slot: 51,
    creatorWallet: CREATOR,
    token: USDC,
    amount: due.owed,
  };
  return { held, payment, paid };
}
/** The fact that the agent sent tokens to a stranger. Amount in base units. */
const tokensSent = (signature: Signature, amount: bigint): Fact => ({
  subscriberId: 'ana',
  account: addressOf(2),
  signature,
  position: { slot: 51, blockIndex: 0, ordinal: 1 },
  body: {
    kind: 'outflow',
    route: 'token_transfer',
    amount,
    mint: USDC.mint,
    decimals: 6,
    destination: addressOf(77),
    owner: addressOf(78),
    internal: false,
    ofValue: true,
    consent: 'agent',
    signers: [],
    usd: amount,
  },
});
const share = async ({ sql }: TestLedger) =>
  (await sql`select status, paid, overpaid, amount from profit_share`)[0];

test('a payment is known by its signature alone, and only while it may land or has landed', async () => {
  const { held, payment } = await owing();
  await using _ = held;
  const { payments } = held.ledger;
  const known = async () => (await payments.unknown([bytes.signature])).length === 0;
  await payments.open(payment);
  expect(await known()).toBe(false);
  await payments.signed('p1', bytes);
  expect(await known()).toBe(true);
  await payments.sent('p1', bytes.signature, 1);
  expect(await known()).toBe(true);
  await payments.dead('p1', bytes.signature, [], troubled('expired', ''), 0);
  // The payment was proven dead, and the chain shows it: the proof was wrong.
  expect(await known()).toBe(false);
});

test('a row that stayed planned or failed is landed with its own covers, once the chain shows it', async () => {
  for (const end of ['planned', 'failed'] as const) {
    const { held, payment, paid } = await owing();
    await using _ = held;
    const { payments } = held.ledger;
    await payments.open(payment);
    if (end === 'failed')
      await payments.refused('p1', { class: 'retry_soon', code: 'expired', detail: '' }, 0, true);
    expect(await payments.restore('ana', paid, [])).toBe(true);
    expect(await payments.find('p1')).toMatchObject({ state: 'landed', signature: paid.signature });
    expect(await share(held)).toMatchObject({ status: 'paid', paid: paid.amount, overpaid: 0n });
    expect(await payments.unknown([paid.signature])).toEqual([]);
    expect(await payments.live('ana')).toBeNull();
  }
});

test('an id that stands in two transactions names two payments, and each has paid', async () => {
  const { held, payment, paid } = await owing();
  await using _ = held;
  const { payments, shares } = held.ledger;
  await payments.open(payment);
  await payments.signed('p1', bytes);
  const covers = payment.plan.covers;
  // The amount that the live payment covers is not free for others.
  expect((await shares.uncovered('ana')).map((each) => each.uncovered)).toEqual([0n]);
  await expect(payments.restore('ana', paid, covers)).rejects.toMatchObject({
    code: 'books_behind',
    retry: 'later',
  });
  expect(await payments.restore('ana', paid, [])).toBe(true);
  expect(await payments.bySignature(paid.signature)).toMatchObject({
    id: `p1.${paid.signature}`,
    state: 'landed',
    excess: paid.amount,
  });
  expect(await payments.live('ana')).toMatchObject({ id: 'p1', state: 'signed' });
});

test('a payment that lands for a share that is covered already is overpaid, told, and the lane goes on', async () => {
  const { held, payment, paid } = await owing();
  await using _ = held;
  const { payments } = held.ledger;
  await payments.open(payment);
  await payments.signed('p1', bytes);
  await payments.sent('p1', bytes.signature, 1);
  await payments.restore('ana', { ...paid, id: 'p0' }, []);
  // A release before this one booked the found payment for the debt, although a live one claims it.
  await held.sql`insert into payment_share (subscriber_id, payment_id, share_id, amount) select subscriber_id, 'p0', share_id, amount from payment_share where payment_id = 'p1'`;
  await held.sql`update payment set excess = 0 where payment_id = 'p0'`;
  await held.sql`update profit_share set paid = amount, status = 'paid'`;
  expect(await payments.landed('p1', 60, bytes.signature)).toBe(true);
  expect(await share(held)).toMatchObject({
    status: 'paid',
    paid: paid.amount,
    overpaid: paid.amount,
  });
  expect(await payments.overpaidBy('p1')).toBe(paid.amount);
  const told = await held.sql`select body from event where kind = 'share.overpaid'`;
  expect(told).toMatchObject([{ body: { overpaid: String(paid.amount) } }]);
  expect(await payments.live('ana')).toBeNull();
});

test('every other amount that leaves in a transaction with the memo of a payment counts as an outflow, unless this ledger signed it', async () => {
  for (const signed of [false, true]) {
    const { held, payment, paid } = await owing();
    await using _ = held;
    const { payments, standings } = held.ledger;
    if (signed) {
      await payments.open(payment);
      await payments.signed('p1', { ...bytes, signature: paid.signature });
    }
    const unit = { ...paid, amount: 1n };
    const covers = payment.plan.covers.map((each) => ({ ...each, amount: 1n }));
    expect(await payments.restore('ana', signed ? paid : unit, covers)).toBe(true);
    await recordFact(held.ledger, tokensSent(paid.signature, 900_000_000n), 'finalized');
    const { standing, outstanding } = await standings.update('ana', judge);
    expect([standing, outstanding]).toEqual(
      signed ? ['good', 0n] : ['delinquent', paid.amount - 1n],
    );
  }
});

test('a wallet that no terms name is no recipient of a found payment, and its amount counts as an outflow', async () => {
  const { held, payment, paid } = await owing();
  await using _ = held;
  const { payments, standings } = held.ledger;
  const covers = payment.plan.covers.map((each) => ({ ...each, amount: 1n }));
  const recipients = [
    { wallet: CREATOR, amount: 1n },
    { wallet: addressOf(78), amount: 900_000_000n },
  ];
  const both = { ...paid, amount: 900_000_001n, recipients };
  expect(await payments.restore('ana', both, covers)).toBe(true);
  await recordFact(held.ledger, tokensSent(paid.signature, 900_000_000n), 'finalized');
  expect(await standings.update('ana', judge)).toMatchObject({ standing: 'delinquent' });
});

test('bytes are committed only under the identity that was looked at', async () => {
  const { held, payment } = await owing();
  await using _ = held;
  const { payments } = held.ledger;
  const databaseStates = createDatabaseStates(held.sql, () => 0);
  const before = await databaseStates.read();
  expect(await databaseStates.trusted()).toBeNull();
  // It has a subscriber, so a daemon that meets it waits before it trusts it.
  expect(await databaseStates.isEmpty()).toBe(false);
  await databaseStates.trust(before, 41);
  if (!before.told) throw new Error('this Postgres tells its timeline');
  expect(await databaseStates.trusted()).toEqual({ identity: before.identity, slot: 41 });
  await payments.open(payment);
  expect(await payments.signed('p1', bytes, 'another database')).toBe(false);
  expect((await payments.live('ana'))?.state).toBe('planned');
  expect(await payments.signed('p1', bytes, before.identity)).toBe(true);
  const after = await databaseStates.read();
  expect(after).toMatchObject({ told: true, identity: before.identity });
  expect(after.told && after.position > before.position).toBe(true);
  // A table that was emptied and filled from a copy is another file.
  await held.sql`truncate payment_share, payment cascade`;
  expect(await databaseStates.read()).not.toMatchObject({ identity: before.identity });
});
