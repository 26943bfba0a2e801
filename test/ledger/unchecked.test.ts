// Unchecked: accounts wait for a check from when a fact about them is final until a check has
// passed the fact, and an account that was never checked waits from the beginning.
import { expect, test } from 'vitest';
import type { AccountCheck } from '../../src/core/check-ports.ts';
import type { Address } from '../../src/core/ids.ts';
import { type AccountState, NO_COUNTERS } from '../../src/core/reckoning.ts';
import { migrate, readMigrations } from '../../src/ledger/migrate.ts';
import { silentLog } from '../../src/system/log.ts';
import { createDatabase } from '../support/database.ts';
import { addressOf, closeFact, createTestLedger, recordFact } from '../support/ledger.ts';

const [AGENT, TOKENS] = [addressOf(1), addressOf(2)];
const stateAt = (slot: number): AccountState => ({
  slot,
  counters: NO_COUNTERS,
  hints: { exists: true, delegate: '', quoteFlow: 0n, isolated: 0n },
  positions: [],
  pulse: '',
});
const tallyOf = (n: number, account: Address) => ({
  ...closeFact(n, 0n, { account }),
  body: { kind: 'tally', ...NO_COUNTERS } as const,
});

/** A subscriber with a sub-account and a token account, both checked at slot 5. */
async function begun() {
  const held = await createTestLedger();
  const { ledger, sql, driftAccount } = held;
  const due = async (): Promise<Address[]> =>
    (await ledger.checks.due(10, 0)).map((each) => each.address);
  const check = async (address: Address): Promise<AccountCheck> => {
    const [found] = await ledger.checks.find([address]);
    if (found === undefined) throw new Error('no such account');
    return found;
  };
  const waiting = async (): Promise<number> => (await sql`select 1 from unchecked`).length;
  const unbegun = await due();
  for (const [address, role] of [
    [driftAccount, 'drift_user'],
    [TOKENS, 'agent_token_account'],
  ] as const)
    await ledger.checks.begin({ address, subscriberId: 'ana', role }, stateAt(5));
  return { ...held, due, check, waiting, unbegun };
}

test('accounts wait until their first state is known, a wallet never does', async () => {
  await using held = await begun();
  expect(held.unbegun.toSorted()).toEqual([held.driftAccount, TOKENS].toSorted());
  expect(held.unbegun).not.toContain(AGENT);
  expect([await held.due(), await held.waiting()]).toEqual([[], 0]);
});

test('an account waits from when a fact is final until a check has passed its slot', async () => {
  await using held = await begun();
  const { ledger, driftAccount, due, check, waiting } = held;
  const fact = tallyOf(1, driftAccount);
  await recordFact(ledger, fact, 'confirmed');
  expect(await due()).toEqual([]);
  await recordFact(ledger, fact, 'finalized');
  await recordFact(ledger, tallyOf(2, driftAccount), 'finalized');
  expect([await due(), await waiting()]).toEqual([[driftAccount], 2]);
  // The state is of the first fact's slot.
  await ledger.checks.propose(driftAccount, stateAt(11));
  await ledger.checks.advance(await check(driftAccount));
  expect([await due(), await waiting()]).toEqual([[driftAccount], 1]);
  await ledger.checks.propose(driftAccount, stateAt(12));
  await ledger.checks.advance(await check(driftAccount));
  expect([await due(), await waiting()]).toEqual([[], 0]);
});

test('a fact before the state of the last check does not wait, and one before the first state does', async () => {
  await using held = await begun();
  const { ledger, driftAccount, due } = held;
  await ledger.checks.propose(driftAccount, stateAt(20));
  await ledger.checks.advance(await held.check(driftAccount));
  await recordFact(ledger, tallyOf(1, driftAccount), 'finalized');
  expect([await due(), await held.waiting()]).toEqual([[], 0]);
  const late = addressOf(44);
  const adopted = { address: late, subscriberId: 'ana', subAccountId: 7, fromSlot: 1, nowMs: 0 };
  await ledger.watchList.adopt(adopted);
  await recordFact(ledger, tallyOf(2, late), 'finalized');
  const account = { address: late, subscriberId: 'ana', role: 'drift_user' } as const;
  await ledger.checks.begin(account, stateAt(8));
  expect(await due()).toEqual([late]);
});

test('a candidate, a difference, and a state older than the account was seen are due without a fact', async () => {
  await using held = await begun();
  const { ledger, driftAccount, due, check } = held;
  await ledger.checks.propose(driftAccount, stateAt(20));
  expect(await due()).toEqual([driftAccount]);
  await ledger.checks.gap(await check(driftAccount), { ...NO_COUNTERS, realised: 1n }, 0);
  expect(await due()).toEqual([driftAccount]);
  const late = addressOf(44);
  const adopted = { address: late, subscriberId: 'ana', subAccountId: 7, fromSlot: 1, nowMs: 0 };
  await ledger.watchList.adopt(adopted);
  const account = { address: late, subscriberId: 'ana', role: 'drift_user' } as const;
  await ledger.checks.begin(account, stateAt(8), 9);
  expect((await due()).toSorted()).toEqual([driftAccount, late].toSorted());
});

test('the accounts of a subscriber who left do not wait, and wait again once the subscriber is back', async () => {
  await using held = await begun();
  const { ledger, driftAccount, due, waiting } = held;
  await recordFact(ledger, tallyOf(1, driftAccount), 'finalized');
  expect(await ledger.subscribers.retire('ana', 30, 0)).toBe(true);
  expect([await due(), await waiting()]).toEqual([[], 0]);
  await ledger.subscribers.register({
    id: 'ana',
    agentWallet: AGENT,
    agentTokenAccount: TOKENS,
    driftAccounts: [{ address: driftAccount, subAccountId: 0 }],
    sealedKey: null,
    fromSlot: 40,
  });
  expect(await due()).toEqual([driftAccount]);
});

test('a ledger of an earlier release finds what was due before the upgrade', async () => {
  await using database = await createDatabase({ empty: true });
  const { sql } = database;
  const migrations = await readMigrations();
  await migrate(sql, silentLog, migrations.slice(0, 58));
  await sql`
    insert into subscriber (subscriber_id, agent_wallet, agent_token_account, retired_at)
    values ('ana', 'w', 't', null), ('bo', 'w2', 't2', now())`;
  await sql`
    insert into account (address, subscriber_id, role, sub_account_id, cursor_slot)
    values ('w', 'ana', 'agent_wallet', null, 1), ('t', 'ana', 'agent_token_account', null, 1),
      ('d', 'ana', 'drift_user', 0, 1), ('e', 'ana', 'drift_user', 1, 1), ('d2', 'bo', 'drift_user', 0, 1)`;
  await sql`
    insert into account_check (address, subscriber_id, baseline)
    values ('d', 'ana', '{"slot": 50}'), ('e', 'ana', '{"slot": 50}'), ('d2', 'bo', '{"slot": 50}')`;
  await sql`
    insert into fact (subscriber_id, account, signature, slot, ordinal, kind, finality, body)
    values ('ana', 'd', 'before', 50, 0, 'tally', 'finalized', '{}'), ('ana', 'e', 'after', 51, 0, 'tally', 'finalized', '{}'),
      ('ana', 'd', 'unfinal', 60, 0, 'tally', 'confirmed', '{}'), ('bo', 'd2', 'left', 60, 0, 'tally', 'finalized', '{}')`;
  await migrate(sql, silentLog);
  const rows = await sql`select account, slot::int from unchecked order by account`;
  expect(rows.map((row) => ({ ...row }))).toEqual([
    { account: 'e', slot: 51 },
    { account: 't', slot: -1 },
  ]);
});
