// Explained: what the facts explain of an account while transactions could not be read, and what a
// reckoning keeps of the two states that it compares.
import { expect, test } from 'vitest';
import { type AccountState, NO_COUNTERS } from '../../src/core/reckoning.ts';
import { closeFact, createTestLedger, recordFact } from '../support/ledger.ts';

const old = { market: 0, base: 7n, entry: 700n };
const state = (slot: number, positions: AccountState['positions']): AccountState => ({
  slot,
  positions,
  pulse: '',
  counters: { ...NO_COUNTERS, realised: 50n, funding: 10n },
  hints: { exists: true, delegate: '', quoteFlow: 0n, isolated: 0n },
});
/** An account that held `old` in slot 5, and holds nothing in slot 50. */
async function compared() {
  const held = await createTestLedger();
  const { ledger, driftAccount } = held;
  const account = { address: driftAccount, subscriberId: 'ana', role: 'drift_user' } as const;
  await ledger.checks.begin(account, state(5, [old]));
  await ledger.checks.propose(driftAccount, state(50, []));
  const put = (id: number, body?: object) => {
    const fact = closeFact(id, 0n, { account: driftAccount });
    return recordFact(ledger, { ...fact, body: { ...(body ?? fact.body) } } as never, 'finalized');
  };
  return { ...held, put, explained: () => ledger.checks.explained(driftAccount) };
}
const unknown = { kind: 'unknown', why: 'log_truncated', tradedAt: null };
const trading = { ...unknown, tradedAt: 1_023 };

test('an unknown transaction that cannot have traded leaves the realised total explained, without its funding', async () => {
  await using held = await compared();
  expect(await held.explained()).toEqual({ traded: 40n, positions: null });
  await held.put(1, unknown);
  await held.put(2, { kind: 'tally', ...NO_COUNTERS, realised: 9n, funding: 2n });
  expect(await held.explained()).toEqual({ traded: 47n, positions: null });
  // Where a transaction may have traded, the positions of the baseline must still be there.
  await held.put(3, trading);
  expect(await held.explained()).toEqual({ traded: 47n, positions: [old] });
  const { told, unknowns } = await held.ledger.checks.told(held.driftAccount, 5, 1_000);
  expect([told.quiet, unknowns]).toEqual([1, 2]);
  // After a close by record the positions of the baseline prove nothing.
  await held.put(4);
  expect(await held.explained()).toBeNull();
});

test('a reckoning keeps the positions of both states', async () => {
  await using held = await compared();
  const { ledger, driftAccount } = held;
  await held.put(1, trading);
  const [check] = await ledger.checks.find([driftAccount]);
  if (check === undefined) throw new Error('no such account');
  const heard = await ledger.checks.told(
    check.address,
    check.baseline?.slot ?? 0,
    check.candidate?.slot ?? 0,
  );
  expect(await ledger.checks.reckon(check, 0n, heard)).toBe(true);
  const facts = await ledger.facts.list({ subscriberId: 'ana', kind: 'reckoning', limit: 10 });
  expect(facts.map(({ body }) => body)).toMatchObject([{ held: [], heldBefore: [old] }]);
});
