// Roles: an address is an agent's or a creator's, never both, also when both are registered in the
// same moment.
import { expect, test } from 'vitest';
import { messageOf } from '../../src/core/fault.ts';
import type { Ledger } from '../../src/core/ports.ts';
import { addressOf, createTestLedger } from '../support/ledger.ts';
import { NOTHING_HELD, termsOf } from '../support/terms.ts';

const register = (ledger: Ledger, id: string, n: number) =>
  ledger.subscribers.register({
    id,
    agentWallet: addressOf(n),
    agentTokenAccount: addressOf(n + 1),
    driftAccounts: [{ address: addressOf(n + 2), subAccountId: 0 }],
    sealedKey: null,
    fromSlot: 1,
  });
const agree = (ledger: Ledger, id: string, account: number, creator: number, ended = false) =>
  ledger.subscriptions.put({
    id: `${id}-sub`,
    subscriberId: id,
    driftAccount: addressOf(account),
    terms: termsOf(1, addressOf(creator), 1_000, { ended }),
    held: NOTHING_HELD,
  });
const codeOf = (thrown: unknown) => (thrown as { code?: string }).code ?? messageOf(thrown);

test('of an agent and a creator that are registered at one address at once, one is refused', async () => {
  await using held = await createTestLedger();
  const { ledger, sql } = held;
  for (let round = 0; round < 8; round++) {
    const wallet = 100 + 10 * round;
    const copier = `copier-${round}`;
    await register(ledger, copier, 300 + 10 * round);
    const outcomes = await Promise.allSettled([
      register(ledger, `agent-${round}`, wallet),
      agree(ledger, copier, 302 + 10 * round, wallet),
    ]);
    const refused = outcomes.flatMap((each) =>
      each.status === 'rejected' ? [codeOf(each.reason)] : [],
    );
    expect(refused).toHaveLength(1);
    expect(['agent_is_creator', 'creator_is_agent']).toContain(refused[0]);
  }
  const both = await sql`
    select 1 from account a join subscription_terms t on t.creator_wallet = a.address`;
  expect(both).toHaveLength(0);
});

test('the one that comes second waits for the first to commit, and sees it', async () => {
  await using held = await createTestLedger();
  const { ledger, sql } = held;
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  // The first registration is written and not committed yet.
  const first = sql.begin(async (tx) => {
    await tx`insert into subscriber (subscriber_id, agent_wallet, agent_token_account) values ('bo', ${addressOf(50)}, ${addressOf(51)})`;
    await tx`insert into account (address, subscriber_id, role, cursor_slot) values (${addressOf(50)}, 'bo', 'agent_wallet', 1)`;
    await released;
  });
  const locks = async (granted: boolean) =>
    (
      await sql`
        select 1 from pg_locks join pg_database on pg_database.oid = database
        where locktype = 'advisory' and granted = ${granted} and datname = current_database()`
    ).length;
  await expect.poll(() => locks(true)).toBe(1);
  const second = agree(ledger, 'ana', 3, 50).then(() => 'taken', codeOf);
  await expect.poll(() => locks(false)).toBe(1);
  release();
  await first;
  expect(await second).toBe('creator_is_agent');
});

test('terms of a creator that is an agent by an earlier release can still be ended', async () => {
  await using held = await createTestLedger();
  const { ledger, sql } = held;
  await sql`alter table account disable trigger account_no_creator`;
  await register(ledger, 'creator', 900);
  await sql`alter table account enable trigger account_no_creator`;
  // The subscriber is registered already, so it may send another sub-account or its key.
  expect(await register(ledger, 'creator', 900)).toBe('known');
  await expect(agree(ledger, 'ana', 3, 900)).resolves.not.toBeNull();
  const ended = await agree(ledger, 'ana', 3, 900, true);
  expect(ended?.terms.at(-1)?.ended).toBe(true);
});
