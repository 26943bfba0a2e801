// Tries: the ends of a debt's payments are counted. A failure on chain holds the subscriber's debts
// back against every kind of wake, and ages are measured by the database's clock.

import { expect, test } from 'vitest';
import type { DeathEvidence } from '../../src/core/death.ts';
import type { Payment } from '../../src/core/payment.ts';
import { NO_COUNTERS } from '../../src/core/reckoning.ts';
import type { Trouble } from '../../src/core/trouble.ts';
import { accrueCloses } from '../../src/flows/accrue.ts';
import { silentLog } from '../../src/system/log.ts';
import { ageDebts, withoutGuards } from '../support/guards.ts';
import {
  CREATOR,
  closeFact,
  createTestLedger,
  recordFact,
  signatureOf,
  type TestLedger,
} from '../support/ledger.ts';
import { plannedPayment } from '../support/payment.ts';

const SHORT: Trouble = { class: 'retry_when_healthier', code: 'venue_6003', detail: '' };
const forgiven = { reason: 'forgiven', actor: 'command', person: 'jane' };
const EVIDENCE: readonly DeathEvidence[] = [
  {
    finalizedSlot: 900,
    finalizedBlockHeight: 900,
    statusAbsent: true,
    transactionAbsent: true,
    historyAbsent: true,
    historyReaches: true,
    lastHeight: 700,
    ownChain: true,
    second: 'none',
  },
];

/** Debts of one subscriber, one a number. */
async function owing(held: TestLedger, ...numbers: number[]): Promise<string[]> {
  for (const n of numbers)
    await recordFact(
      held.ledger,
      closeFact(n, 100_000_000n, { account: held.driftAccount }),
      'finalized',
    );
  await accrueCloses(held.ledger, silentLog);
  return (await held.ledger.shares.open('ana')).map((each) => each.id);
}
const amount = 10_000_000n;
const plannedFor = ({ driftAccount }: TestLedger, id: string, shareId: string): Payment =>
  plannedPayment({
    id,
    creatorWallet: CREATOR,
    driftUser: driftAccount,
    plan: { covers: [{ shareId, amount }] },
  });
const signedAs = (n: number) => signatureOf(100 + n);
/** A payment of a debt that is on its way. */
async function sent(held: TestLedger, id: string, shareId: string, n: number): Promise<void> {
  const { payments } = held.ledger;
  expect(await payments.open(plannedFor(held, id, shareId))).toBe(true);
  const bytes = Uint8Array.of(1);
  await payments.signed(id, {
    signature: signedAs(n),
    bytes,
    lastValidBlockHeight: 1,
    blockhashSlot: 1,
  });
  await payments.sent(id, signedAs(n), 0);
}
const due = async ({ ledger }: TestLedger) =>
  (await ledger.shares.due('ana')).map((each) => each.shareId);

test('after a failure on chain nothing of the subscriber is due for as long as was said, whatever wakes it', async () => {
  await using held = await createTestLedger();
  const { shares, payments } = held.ledger;
  const [first = '', second = ''] = await owing(held, 1, 2);
  await sent(held, 'p1', first, 1);
  expect(await payments.failed('p1', 9, SHORT, 60_000, true, signedAs(1))).toBe(true);
  expect(await shares.tries('ana', [first, second])).toEqual({
    unexpected: 0,
    failures: 1,
    expiries: 0,
  });
  // The other debt would be paid by the same account, and fail the same way.
  expect(await due(held)).toEqual([]);
  expect(await shares.subscribersWithWork()).toEqual([]);
  expect(await shares.wake([{ subscriberId: 'ana', class: SHORT.class }])).toEqual(['ana']);
  await shares.hasten('ana');
  expect(await due(held)).toEqual([]);
  expect((await shares.find(first))?.retryAtMs).toBeGreaterThan(Date.now() + 50_000);
  await held.sql`update profit_share set held_until = now() where held_until is not null`;
  expect(await due(held)).toEqual([first, second]);
});

test('an operator who asks for the debt ends the wait, and the counts begin anew', async () => {
  await using held = await createTestLedger();
  const { shares, payments } = held.ledger;
  const [first = '', second = ''] = await owing(held, 1, 2);
  await sent(held, 'p1', first, 1);
  await payments.failed('p1', 9, SHORT, 60_000, true, signedAs(1));
  expect(await shares.retry(second)).toBe(true);
  expect(await due(held)).toEqual([second]);
  expect(await shares.retry(first)).toBe(true);
  expect(await due(held)).toEqual([first, second]);
  expect((await shares.tries('ana', [first])).failures).toBe(0);
});

test('expiries and unexpected errors are counted until a payment lands', async () => {
  await using held = await createTestLedger();
  const { shares, payments } = held.ledger;
  const [first = ''] = await owing(held, 1);
  const odd: Trouble = { class: 'unexpected', code: 'venue_6999', detail: '' };
  await shares.rest('ana', [first], odd, 0, true);
  await payments.open(plannedFor(held, 'p1', first));
  await payments.refused('p1', odd, 0, true);
  await sent(held, 'p2', first, 2);
  await payments.dead('p2', signedAs(2), EVIDENCE, { ...SHORT, class: 'retry_soon' }, 0);
  expect(await shares.tries('ana', [first])).toEqual({ unexpected: 2, failures: 0, expiries: 1 });
  await sent(held, 'p3', first, 3);
  await payments.landed('p3', 9, signedAs(3));
  expect(await shares.tries('ana', [first])).toEqual({ unexpected: 0, failures: 0, expiries: 0 });
});

test('a debt can be voided or retried while a payment of it is unsigned, which ends that payment', async () => {
  await using held = await createTestLedger();
  const { shares, payments } = held.ledger;
  const [first = '', second = ''] = await owing(held, 1, 2);
  await payments.open(plannedFor(held, 'p1', first));
  expect(await shares.retry(first)).toBe(true);
  expect(await payments.find('p1')).toMatchObject({
    state: 'failed',
    trouble: { code: 'planned_anew' },
  });
  expect(await due(held)).toEqual([first, second]);
  await payments.open(plannedFor(held, 'p2', first));
  expect(await shares.void(first, forgiven, 1_700_000_000_000, null)).toBe(true);
  expect(await shares.find(first)).toMatchObject({
    status: 'voided',
    // Why it waited before says nothing any more.
    reason: null,
    voided: { by: 'operator', ...forgiven, atMs: 1_700_000_000_000 },
  });
  expect((await payments.find('p2'))?.state).toBe('failed');
  // A payment that a process signed meanwhile is refused.
  const bytes = { signature: signatureOf(5), bytes: Uint8Array.of(1) };
  expect(await payments.signed('p2', { ...bytes, lastValidBlockHeight: 1, blockhashSlot: 1 })).toBe(
    false,
  );
  // Bytes that are signed may land: nothing is ended any more.
  await sent(held, 'p3', second, 3);
  expect(await shares.retry(second)).toBe(false);
  expect(await shares.void(second, forgiven, Date.now(), null)).toBe(false);
});

test('a clearance ends a payment that stays unsigned, and leaves one that was planned just now', async () => {
  await using held = await createTestLedger();
  const { shares, payments } = held.ledger;
  const [first = ''] = await owing(held, 1);
  await payments.open(plannedFor(held, 'p1', first));
  await shares.hasten('ana');
  expect((await payments.find('p1'))?.state).toBe('planned');
  await held.sql`update payment set planned_at = now() - interval '6 seconds'`;
  await shares.hasten('ana');
  expect((await payments.find('p1'))?.state).toBe('failed');
  expect(await due(held)).toEqual([first]);
});

test('a debt is due while its account shows what nobody can explain', async () => {
  await using held = await createTestLedger();
  const [first = ''] = await owing(held, 1);
  const { checks } = held.ledger;
  const [check] = await checks.find([held.driftAccount]);
  if (check === undefined) throw new Error('the account is not checked');
  const hints = { exists: true, delegate: '', quoteFlow: 0n, isolated: 0n };
  const state = { slot: 99, counters: NO_COUNTERS, hints, positions: [], pulse: '' };
  await checks.begin(check, state);
  await checks.propose(held.driftAccount, { ...state, slot: 100 });
  const [compared = check] = await checks.find([held.driftAccount]);
  expect(await checks.gap(compared, { ...NO_COUNTERS, realised: -7n }, Date.now())).toBe(true);
  expect(await due(held)).toEqual([first]);
});

test('a debt lapses by the age that the database knows; no clock of a daemon is asked', async () => {
  await using held = await createTestLedger();
  const [first = ''] = await owing(held, 1);
  await withoutGuards(
    held.sql,
    (tx) => tx`update subscription_terms set expires_after_ms = 86400000`,
  );
  const { shares } = held.ledger;
  expect([await shares.lapsing(), await shares.lapse('ana', null)]).toEqual([[], []]);
  await ageDebts(held.sql, 25);
  expect(await shares.lapsing()).toEqual(['ana']);
  expect((await shares.lapse('ana', null)).map((each) => each.shareId)).toEqual([first]);
  const [row] = await held.sql<{ voided: { at: string } }[]>`select voided from profit_share`;
  expect(Math.abs(Date.parse(row?.voided.at ?? '') - Date.now())).toBeLessThan(3_600_000);
  expect((await held.ledger.shares.find(first))?.status).toBe('voided');
});

test('a payment that is not signed yet says what it waits for, and so do its debts, until it is signed', async () => {
  await using held = await createTestLedger();
  const [shareId = ''] = await owing(held, 1);
  const { payments, shares } = held.ledger;
  const waits: Trouble = { class: 'retry_soon', code: 'rpc_unavailable', detail: 'HTTP 503' };
  expect(await payments.waits('p1', waits)).toBe(false);
  await payments.open(plannedFor(held, 'p1', shareId));
  expect(await payments.waits('p1', waits)).toBe(true);
  expect(await payments.find('p1')).toMatchObject({ state: 'planned', trouble: waits });
  expect(await shares.find(shareId)).toMatchObject({ status: 'processing', reason: waits });
  const bytes = {
    signature: signatureOf(9),
    bytes: new Uint8Array(1),
    lastValidBlockHeight: 1,
    blockhashSlot: 1,
  };
  expect(await payments.signed('p1', bytes)).toBe(true);
  expect(await payments.find('p1')).toMatchObject({ state: 'signed', trouble: null });
  expect(await shares.find(shareId)).toMatchObject({ status: 'processing', reason: null });
  // Only a payment of which nothing is signed waits to be signed.
  expect(await payments.waits('p1', waits)).toBe(false);
  expect(await shares.find(shareId)).toMatchObject({ reason: null });
});

test('a signed payment says what holds it up, and so do its debts, until that has passed or it has ended', async () => {
  await using held = await createTestLedger();
  const [shareId = ''] = await owing(held, 1);
  const { payments, shares } = held.ledger;
  const short: Trouble = { class: 'needs_sol', code: 'agent_needs_sol', detail: 'x' };
  await payments.open(plannedFor(held, 'p1', shareId));
  expect(await payments.hindered('p1', short)).toBe(false);
  const bytes = { signature: signatureOf(9), bytes: new Uint8Array(1) };
  await payments.signed('p1', { ...bytes, lastValidBlockHeight: 1, blockhashSlot: 1 });
  for (const step of ['signed', 'sent'] as const) {
    if (step === 'sent') await payments.sent('p1', signatureOf(9), Date.now());
    expect(await payments.hindered('p1', short)).toBe(true);
    expect(await payments.find('p1')).toMatchObject({ state: step, trouble: short });
    expect(await shares.find(shareId)).toMatchObject({ status: 'processing', reason: short });
    expect(await payments.hindered('p1', null)).toBe(true);
    expect(await payments.find('p1')).toMatchObject({ state: step, trouble: null });
    expect(await shares.find(shareId)).toMatchObject({ status: 'processing', reason: null });
  }
  await payments.hindered('p1', short);
  expect(await payments.landed('p1', 7, signatureOf(9))).toBe(true);
  expect(await payments.find('p1')).toMatchObject({ state: 'landed', trouble: null });
  expect(await shares.find(shareId)).toMatchObject({ status: 'paid', reason: null });
  expect(await payments.hindered('p1', short)).toBe(false);
});
