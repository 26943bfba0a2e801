// Debts: the changes of a debt, of its terms and of its accruals that the database refuses; and it
// allows exactly the steps that core/share.ts knows.
import { expect, test } from 'vitest';
import { FORWARD, SHARE_STATUSES, type ShareStatus } from '../../src/core/share.ts';
import { accrueCloses } from '../../src/flows/accrue.ts';
import { silentLog } from '../../src/system/log.ts';
import { withoutGuards } from '../support/guards.ts';
import { addressOf, closeFact, createTestLedger, recordFact } from '../support/ledger.ts';

async function owing() {
  const held = await createTestLedger();
  const close = closeFact(1, 1_000_000n, { account: held.driftAccount });
  await recordFact(held.ledger, close, 'finalized');
  await accrueCloses(held.ledger, silentLog);
  return held;
}

test('a debt is never edited, taken back or deleted, nor are its terms and what it was reckoned from', async () => {
  await using held = await owing();
  const { sql } = held;
  const refused = async (work: Promise<unknown>, why: RegExp) => expect(work).rejects.toThrow(why);
  const kept = /amount, creator and origin of a debt are never changed/;
  await refused(sql`update profit_share set amount = amount + 5`, kept);
  await refused(sql`update profit_share set creator_wallet = ${addressOf(77)}`, kept);
  await refused(sql`update profit_share set slot = slot + 1`, kept);
  await refused(sql`update profit_share set accrued_at = now()`, kept);
  await refused(sql`update profit_share set share_id = 'other'`, kept);
  await refused(sql`delete from profit_share`, /debts are never deleted/);
  await sql`update profit_share set paid = 7`;
  await refused(sql`update profit_share set paid = 6`, /never taken back/);
  const rows = /rows of (subscription_terms|accrual) are never changed or deleted/;
  await refused(sql`update subscription_terms set share_bps = 9000`, rows);
  await refused(sql`delete from subscription_terms`, rows);
  await refused(sql`update accrual set share_bps = 9000`, rows);
  await refused(sql`delete from accrual`, rows);
  await sql`update profit_share set paid = amount, status = 'paid', overpaid = 9`;
  await refused(sql`update profit_share set overpaid = 8`, /never taken back/);
  await refused(sql`update profit_share set observed = true`, /never called observed again/);
});

test('a basis that SQL does not know is refused by the list of them, and by the rule that computes with it', async () => {
  await using held = await owing();
  const { sql } = held;
  const changed = (table: string) =>
    withoutGuards(sql, (tx) => tx`update ${tx(table)} set basis = 'half_recovery'`);
  await expect(changed('subscription_terms')).rejects.toThrow('subscription_terms_basis_check');
  await sql`alter table accrual drop constraint accrual_basis_check`;
  await expect(changed('accrual')).rejects.toThrow('accrual_charged');
});

test('a debt goes from one status to another exactly as core/share.ts says', async () => {
  await using held = await owing();
  const { sql } = held;
  const columns = (status: ShareStatus) => ({
    status,
    paid: status === 'paid' ? 100_000n : 0n,
    voided: status === 'voided' ? sql.json({ by: 'operator' }) : null,
  });
  const refusals: string[] = [];
  const goes = async (from: ShareStatus, to: ShareStatus): Promise<boolean> => {
    await withoutGuards(sql, (tx) => tx`update profit_share set ${tx(columns(from))}`);
    try {
      await sql`update profit_share set ${sql(columns(to))}`;
      return true;
    } catch (thrown) {
      refusals.push((thrown as Error).message);
      return false;
    }
  };
  const allowed: Record<string, ShareStatus[]> = {};
  for (const from of SHARE_STATUSES) {
    allowed[from] = [];
    for (const to of SHARE_STATUSES)
      if (from !== to && (await goes(from, to))) allowed[from].push(to);
  }
  expect(allowed).toEqual(FORWARD);
  const forward = Object.values(FORWARD).flat().length;
  expect(refusals).toHaveLength(SHARE_STATUSES.length * (SHARE_STATUSES.length - 1) - forward);
  for (const each of refusals) expect(each).toMatch(/a debt cannot go from|never taken back/);
});
