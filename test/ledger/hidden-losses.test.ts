// Hidden losses: the changes of positions that records tell, and the notice of a loss that none
// tells, recorded beside its reckoning.
import { expect, test } from 'vitest';
import type { Fact } from '../../src/core/fact.ts';
import { lossNotice } from '../../src/core/hidden-loss.ts';
import { type AccountState, NO_COUNTERS } from '../../src/core/reckoning.ts';
import { closeFact, createTestLedger, recordFact } from '../support/ledger.ts';

const state = (slot: number): AccountState => ({
  slot,
  counters: NO_COUNTERS,
  hints: { exists: true, delegate: '', quoteFlow: 0n, isolated: 0n },
  positions: [],
  pulse: '',
});

test('a loss that no record tells is a notice beside its reckoning, and outlasts a later reading', async () => {
  await using held = await createTestLedger();
  const { ledger, driftAccount } = held;
  const account = { address: driftAccount, subscriberId: 'ana', role: 'drift_user' } as const;
  await ledger.checks.begin(account, state(5));
  await ledger.checks.propose(driftAccount, state(50));
  const unknown = {
    ...closeFact(1, 100_000n, { account: driftAccount }),
    body: { kind: 'unknown', why: 'log_truncated', tradedAt: 1_023 } as const,
  };
  await recordFact(ledger, unknown, 'finalized');
  const [check] = await ledger.checks.find([driftAccount]);
  if (check === undefined) throw new Error('no such account');
  const heard = await ledger.checks.told(driftAccount, 5, 50);
  const lost = lossNotice(59_000_000n, 'USDC');
  expect(await ledger.checks.reckon(check, 0n, heard, 0, lost)).toBe(true);
  await recordFact(ledger, unknown, 'finalized');
  const facts = await ledger.facts.list({ subscriberId: 'ana', limit: 10 });
  expect(facts.map(({ body }) => body)).toEqual([
    lost,
    expect.objectContaining({ kind: 'reckoning', netPnl: 0n }),
    unknown.body,
  ]);
  expect(await ledger.suspicions.refresh(50_000_000n)).toMatchObject([{ amount: 59_000_000n }]);
});

test('the changes of positions are the sums of final opens and closes, by market', async () => {
  await using held = await createTestLedger();
  const { ledger, driftAccount } = held;
  const at = (n: number, body: object): Fact => {
    const close = closeFact(n, 0n, { account: driftAccount });
    return { ...close, body: { ...close.body, ...body } as Fact['body'] };
  };
  const open = { kind: 'open', fee: 1n };
  const did = (n: number, body: object, finality: 'confirmed' | 'finalized') =>
    recordFact(ledger, at(n, body), finality);
  await did(1, { ...open, market: 0, position: 'long', base: 7n, quote: 70n }, 'finalized');
  await did(2, { position: 'long', baseClosed: 3n, entry: 30n }, 'finalized');
  await did(3, { ...open, market: 4, position: 'short', base: 5n, quote: 9n }, 'finalized');
  await did(4, { market: 4, position: 'short', baseClosed: 2n, entry: 4n }, 'finalized');
  await did(5, { position: 'long', baseClosed: 1n, entry: 10n }, 'confirmed');
  const told = (from: number, upto: number) => ledger.checks.recorded(driftAccount, from, upto);
  expect(await told(10, 60)).toEqual([
    { market: 0, base: 4n, paid: 40n },
    { market: 4, base: -3n, paid: -5n },
  ]);
  expect(await told(11, 13)).toEqual([
    { market: 0, base: -3n, paid: -30n },
    { market: 4, base: -5n, paid: -9n },
  ]);
  expect(await told(20, 60)).toEqual([]);
});

test('the time of a hidden trade is that of the first block that may have had one', async () => {
  await using held = await createTestLedger();
  const { ledger, driftAccount } = held;
  const since = async (upto: number) =>
    (await ledger.checks.told(driftAccount, 5, upto)).hiddenSinceMs;
  for (const [n, tradedAt, blockTimeMs] of [
    [1, null, 7_000],
    [2, 1_023, 9_000],
    [3, 1_023, 11_000],
  ] as const) {
    const fact: Fact = {
      ...closeFact(n, 0n, { account: driftAccount }),
      body: { kind: 'unknown', why: 'log_truncated', tradedAt },
    };
    const rumour = { signature: fact.signature, blockIndex: 0, accounts: [driftAccount] };
    await ledger.sightings.note([rumour], { source: 'replay', by: 'confirmed', nowMs: 0 });
    const { signature, position } = fact;
    const read = { signature, slot: position.slot, facts: [fact], dueMs: 0, nowMs: 0, blockTimeMs };
    await ledger.sightings.record({ ...read, finality: 'finalized' });
  }
  // Of transactions that cannot have traded, the first one counts only where there is no other.
  expect([await since(10), await since(11), await since(50)]).toEqual([null, 7_000, 9_000]);
});
