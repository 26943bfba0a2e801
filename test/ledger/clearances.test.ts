// Clearances: what several of them may let out together.
import { expect, test } from 'vitest';
import type { Clearance } from '../../src/core/clearance.ts';
import { transferOf } from '../support/credit.ts';
import { createTestLedger, recordFact } from '../support/ledger.ts';

const clearance = (id: string, amount: bigint | null, grantedSlot = 50): Clearance => ({
  ...{ id, purpose: amount === null ? 'close' : 'withdraw', amount },
  ...{ grantedSlot, untilSlot: 100, tradedSlot: null },
});

test('of clearances that are granted at once, none adds up with the others beyond the most', async () => {
  await using held = await createTestLedger();
  const { ledger, sql } = held;
  const grant = (id: string, amount: bigint | null, most?: bigint, slot = 50, seen = 70) =>
    ledger.clearances.grant(
      ...(['ana', clearance(id, amount, slot), 0, 1_000, null] as const),
      ...(most === undefined ? [] : [{ most, slot: seen }]),
    );
  let granted = false;
  const first = await sql.begin(async (tx) => {
    await tx`select 1 from standing where subscriber_id = 'ana' for update`;
    const asked = grant('c1', 60n, 100n).finally(() => {
      granted = true;
    });
    // It waits for the standing of the subscriber, which this transaction holds, or a second grant
    // would not see it.
    const waiting = async () =>
      granted || (await tx`select 1 from pg_locks where not granted`).length > 0;
    await expect.poll(waiting).toBe(true);
    expect(granted).toBe(false);
    return { asked };
  });
  expect(await first.asked).toBeNull();
  expect(await grant('c2', 60n, 100n)).toBe(60n);
  expect(await grant('c3', 40n, 100n)).toBeNull();
  expect(await grant('c4', 1n, 100n)).toBe(100n);
  // One that has ended lets nothing out any more, and one to close is not counted.
  expect(await ledger.clearances.revoke('ana', 'c3', 55, 500)).toBe(true);
  expect(await grant('c5', null, 100n)).toBeNull();
  expect(await grant('c6', 41n, 100n, 56)).toBe(60n);
  expect(await grant('c7', 99n)).toBeNull();
});

test('an outflow frees its part of a clearance only for a sum that was read after it', async () => {
  await using held = await createTestLedger();
  const { ledger } = held;
  const ask = (id: string, amount: bigint, seen: number) => {
    const settled = { most: 1_000_000_000n, slot: seen };
    return ledger.clearances.grant('ana', clearance(id, amount, 70), 0, 1_000, null, settled);
  };
  await ledger.clearances.grant('ana', clearance('c1', 600_000_000n), 0, 1_000, null);
  await recordFact(ledger, transferOf(1, 65, 500_000_000n, { owner: null }), 'finalized');
  // The sum that was read in slot 64 still contains what left in slot 65.
  expect(await ask('c2', 500_000_000n, 64)).toBe(600_000_000n);
  expect(await ask('c3', 950_000_000n, 65)).toBe(100_000_000n);
  expect(await ask('c4', 500_000_000n, 65)).toBeNull();
});
