// Differences: what `payments rebuild` tells of payments on chain that the debts explain in part is
// right to the unit, the same in a dry run, and the same in every run.
import { expect, test } from 'vitest';
import type { Payment } from '../../src/core/payment.ts';
import { accrueCloses } from '../../src/flows/accrue.ts';
import { type RebuildPorts, rebuildPayments } from '../../src/flows/rebuild.ts';
import { silentLog as log } from '../../src/system/log.ts';
import {
  addressOf,
  CREATOR,
  closeFact,
  createTestLedger,
  settleFact,
  signatureOf,
  type TestLedger,
} from '../support/ledger.ts';

/** A chain on which the agent of `ana` paid these amounts to the creator, oldest first. */
function chainWith(amounts: readonly bigint[]): RebuildPorts['chain'] {
  const rows = amounts.map((_, index) => ({
    signature: signatureOf(100 + index),
    slot: 60 + index,
    blockIndex: 0,
    memo: `[10] bailiff:p${index + 1}`,
    failed: false,
  }));
  const at = (signature: string) => rows.findIndex((row) => row.signature === signature);
  return {
    slot: async () => 100,
    witnessed: <T>(read: () => Promise<T>) => read(),
    signatures: async () => rows,
    transaction: async (signature: string) => ({ error: null, at: at(signature) }),
  } as unknown as RebuildPorts['chain'];
}
/** Reads each transaction as the payment of the amount at its place. */
const tokensWith = (amounts: readonly bigint[]) =>
  ({
    tokenAccount: () => addressOf(4),
    actsOf: ({ at: index }: { at: number }) => [
      { act: 'memo', text: `bailiff:p${index + 1}` },
      {
        act: 'transfer',
        source: addressOf(2),
        mint: addressOf(9),
        destination: addressOf(4),
        authority: addressOf(1),
        amount: amounts[index],
      },
    ],
  }) as unknown as RebuildPorts['tokens'];
const VENUE = { quoteMint: addressOf(9) };
const told = async ({ ledger }: TestLedger, amounts: readonly bigint[], dryRun: boolean) => {
  const [chain, tokens] = [chainWith(amounts), tokensWith(amounts)];
  const ports = { ledger, chain, tokens, venue: VENUE, log };
  const { restored, differences } = await rebuildPayments(ports, { dryRun });
  return {
    restored: restored.map((each) => each.amount),
    differences: differences.map((each) => each.excess),
  };
};
/** A debt of each amount. */
async function owing(held: TestLedger, ...amounts: bigint[]): Promise<void> {
  for (const [index, amount] of amounts.entries())
    await settleFact(
      held.ledger,
      closeFact(index + 1, amount * 10n, { slot: 50, account: held.driftAccount }),
      'finalized',
    );
  await accrueCloses(held.ledger, log);
}

test('a dry run tells what the run then does: two payments do not share one debt', async () => {
  await using held = await createTestLedger();
  await owing(held, 60n);
  const expected = { restored: [60n], differences: [60n] };
  expect(await told(held, [60n, 60n], true)).toEqual(expected);
  expect(await told(held, [60n, 60n], false)).toEqual(expected);
  expect(await told(held, [60n, 60n], false)).toEqual({ restored: [], differences: [60n] });
});

test('a payment that debts explain in part takes that part: no later one is booked for it, and every run says the same', async () => {
  await using held = await createTestLedger();
  await owing(held, 60n);
  const expected = { restored: [], differences: [40n, 60n] };
  for (const dryRun of [true, false, false])
    expect(await told(held, [100n, 60n], dryRun)).toEqual(expected);
  expect(await held.sql`select 1 from payment`).toHaveLength(0);
  // Once the missing debt is heard, both are explained.
  await settleFact(
    held.ledger,
    closeFact(9, 1_000n, { slot: 55, account: held.driftAccount }),
    'finalized',
  );
  await accrueCloses(held.ledger, log);
  expect(await told(held, [100n, 60n], false)).toEqual({ restored: [100n, 60n], differences: [] });
});

test('a row of the payment itself is no difference in a dry run', async () => {
  await using held = await createTestLedger();
  await owing(held, 60n);
  const [due] = await held.ledger.shares.due('ana');
  const plan = { ...PLAN, amount: 60n, covers: [{ shareId: due?.shareId ?? '', amount: 60n }] };
  await held.ledger.payments.open({ ...PLANNED, driftUser: held.driftAccount, plan });
  for (const dryRun of [true, false])
    expect(await told(held, [60n], dryRun)).toEqual({ restored: [60n], differences: [] });
});

const PLAN = {
  withdraw: 0n,
  settleMarkets: [],
  feePayer: 'agent',
  reimburse: 0n,
  createAgentAccount: false,
  createCreatorAccount: false,
} as const;
const PLANNED: Omit<Payment, 'plan' | 'driftUser'> = {
  id: 'p1',
  purpose: 'share',
  subscriberId: 'ana',
  subscriptionId: 'ana-sub',
  creatorWallet: CREATOR,
  subAccountId: 0,
  attempts: 0,
  state: 'planned',
  signed: null,
};
