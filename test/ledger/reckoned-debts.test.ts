// Reckoned debts: from which place on the profit of transactions that could not be read is owed.
import { expect, test } from 'vitest';
import type { Fact } from '../../src/core/fact.ts';
import { type AccountState, NO_COUNTERS } from '../../src/core/reckoning.ts';
import { judge } from '../../src/core/standing.ts';
import { accrueCloses } from '../../src/flows/accrue.ts';
import { silentLog } from '../../src/system/log.ts';
import { transferOf } from '../support/credit.ts';
import {
  addressOf,
  CREATOR,
  createTestLedger,
  recordFact,
  signatureOf,
  type TestLedger,
} from '../support/ledger.ts';
import { NOTHING_HELD, termsOf } from '../support/terms.ts';

const state = (slot: number, realised: bigint): AccountState => ({
  slot,
  counters: { ...NO_COUNTERS, realised },
  hints: { exists: true, delegate: '', quoteFlow: 0n, isolated: 0n },
  positions: [],
  pulse: '',
});
type Traded = { readonly tradedAt: number | null; readonly tradedFrom?: number };
const unknownIn = ({ driftAccount: account }: TestLedger, slot: number, traded: Traded): Fact => ({
  subscriberId: 'ana',
  account,
  signature: signatureOf(slot),
  position: { slot, blockIndex: 0, ordinal: 1_000_000 },
  body: { kind: 'unknown', why: 'log_truncated', ...traded },
});
const ORDER = { tradedAt: 1_023 };
const leftIn = (slot: number) => transferOf(200 + slot, slot, 900_000_000n, { owner: null });

/**
 * Records these facts, reckons a profit of the stretch from slot 5 to slot 50, and judges. With
 * `booked` the reckoning is booked before.
 */
async function judged(held: TestLedger, facts: readonly Fact[], booked = false) {
  const { ledger, driftAccount } = held;
  const account = { address: driftAccount, subscriberId: 'ana', role: 'drift_user' } as const;
  await ledger.checks.begin(account, state(5, 0n));
  await ledger.checks.propose(driftAccount, state(50, 100_000n));
  for (const fact of facts) await recordFact(ledger, fact, 'finalized');
  const [check] = await ledger.checks.find([driftAccount]);
  if (check === undefined) throw new Error('no such account');
  expect(
    await ledger.checks.reckon(check, 100_000n, await ledger.checks.told(driftAccount, 5, 50)),
  ).toBe(true);
  if (booked) await accrueCloses(ledger, silentLog);
  return ledger.standings.update('ana', judge);
}

test.each([false, true])(
  'from the first transaction that may have traded, so that a later one makes no withdrawal safe; booked %s',
  async (booked) => {
    await using held = await createTestLedger();
    const facts = [unknownIn(held, 20, ORDER), leftIn(30), unknownIn(held, 40, ORDER)];
    const entry = await judged(held, facts, booked);
    expect(entry).toMatchObject({ standing: 'delinquent', outstanding: 10_000n });
    // The reckoning itself stands at the last of them, as before.
    const [share] = await held.ledger.shares.list({ limit: 5 });
    expect(share?.slot).toBe(booked ? 40 : undefined);
  },
);

test.each<[string, (held: TestLedger) => Fact[], 'good' | 'delinquent']>([
  ['what left before all of them', (held) => [leftIn(19), unknownIn(held, 20, ORDER)], 'good'],
  [
    'what left after one that cannot have traded',
    (held) => [
      unknownIn(held, 20, { tradedAt: null }),
      leftIn(30),
      unknownIn(held, 40, { tradedAt: 1_023 }),
    ],
    'good',
  ],
  [
    'what left after one of an earlier stretch',
    (held) => [unknownIn(held, 5, ORDER), leftIn(30), unknownIn(held, 40, ORDER)],
    'good',
  ],
  [
    'what left inside one, after its first call',
    (held) => [unknownIn(held, 20, { tradedAt: 9_000, tradedFrom: 1_023 })],
    'delinquent',
  ],
  [
    'what left inside one of an older release, before its last call',
    (held) => [unknownIn(held, 20, { tradedAt: 9_000 })],
    'good',
  ],
])('%s', async (name, factsOf, wanted) => {
  await using held = await createTestLedger();
  const facts = factsOf(held);
  const inside = { ...leftIn(20), signature: signatureOf(20) };
  const within = { ...inside, position: { slot: 20, blockIndex: 0, ordinal: 2_000 } };
  const { ledger } = held;
  if (name.includes('inside')) {
    const read = { signature: signatureOf(20), slot: 20, finality: 'confirmed' } as const;
    await recordFact(ledger, within, 'confirmed');
    await ledger.sightings.record({ ...read, facts: [within, ...facts], dueMs: 0, nowMs: 0 });
    const final = { ...read, finality: 'finalized' } as const;
    await ledger.sightings.record({ ...final, facts: [within, ...facts], dueMs: 0, nowMs: 0 });
    expect(await judged(held, [])).toMatchObject({ standing: wanted });
  } else expect(await judged(held, facts)).toMatchObject({ standing: wanted });
});

test('no earlier than the first terms of the account', async () => {
  await using held = await createTestLedger();
  const { ledger } = held;
  const account = addressOf(33);
  await ledger.watchList.adopt({
    address: account,
    subscriberId: 'ana',
    subAccountId: 1,
    fromSlot: 1,
    nowMs: 0,
  });
  await ledger.subscriptions.put({
    id: 'ana-second',
    subscriberId: 'ana',
    driftAccount: account,
    held: NOTHING_HELD,
    terms: termsOf(25, CREATOR, 1_000),
  });
  const second = { ...held, driftAccount: account };
  const before = [unknownIn(second, 20, ORDER), leftIn(24), leftIn(30)];
  expect(await judged(second, [...before, unknownIn(second, 40, ORDER)])).toMatchObject({
    standing: 'good',
    outstanding: 10_000n,
  });
});

test('the first of them ends a clearance to close, as a trade that was told does', async () => {
  await using held = await createTestLedger();
  const clearance = { id: 'c1', purpose: 'close', amount: null, trades: [] } as const;
  const cleared = { ...clearance, grantedSlot: 10, untilSlot: 45 };
  await held.ledger.clearances.grant('ana', cleared, 0, 600_000, null);
  const facts = [unknownIn(held, 20, ORDER), leftIn(30), unknownIn(held, 40, ORDER)];
  expect(await judged(held, [leftIn(15), ...facts])).toMatchObject({
    standing: 'delinquent',
    evidence: { slot: 30 },
  });
});
