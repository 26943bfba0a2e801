// Books: the commands of a person whose books and chain differ: accepting a payment of more than
// was owed, and ending a debt on a database that does not tell its timeline.
import { Command } from 'commander';
import { expect, test } from 'vitest';
import type { Opened, Tools } from '../../src/cli/command-tools.ts';
import { addDebts } from '../../src/cli/debts.ts';
import { createOutput } from '../../src/cli/output.ts';
import { addPayments } from '../../src/cli/payments.ts';
import { USDC } from '../../src/core/token.ts';
import { type Venue, venuesOf } from '../../src/core/venue.ts';
import { accrueCloses } from '../../src/flows/accrue.ts';
import { silentLog as log } from '../../src/system/log.ts';
import { createManualClock } from '../support/clock.ts';
import {
  addressOf,
  CREATOR,
  closeFact,
  createTestLedger,
  recordFact,
  signatureOf,
} from '../support/ledger.ts';

/** Commands over a ledger with one debt, and a chain with a block every 400 ms and no payment. */
async function commands() {
  const held = await createTestLedger();
  const { ledger } = held;
  await recordFact(ledger, closeFact(1, 600n, { account: held.driftAccount }), 'finalized');
  await accrueCloses(ledger, log);
  const clock = createManualClock();
  const startMs = clock.nowMs();
  const height = () => 5_000 + Math.floor((clock.nowMs() - startMs) / 400);
  const trusted: unknown[] = [];
  const parts = {
    ledger,
    chain: {
      finalizedHeight: async () => height(),
      slot: async () => height(),
      witnessed: <T>(read: () => Promise<T>) => read(),
      signatures: async () => [],
      signaturesAgain: async () => [[]],
    },
    tokens: { tokenAccount: () => addressOf(8) },
    venues: venuesOf([{ name: 'drift-v2', quote: { ...USDC, mint: addressOf(9) } } as Venue]),
    databaseStates: {
      read: async () => ({ told: false, connections: 0 }),
      trusted: async () => 'untold',
      trust: async (mark: unknown) => void trusted.push(mark),
      isEmpty: async () => false,
    },
  };
  const opened = { parts, settings: {}, log } as unknown as Opened;
  const run = async (...args: string[]) => {
    const said: string[] = [];
    let code = -1;
    const tools: Tools = {
      clock,
      output: () => createOutput({ json: true, say: (text) => said.push(text), terminal: null }),
      byWhom: () => ({ actor: 'command', person: 'bo' }),
      exitWith(given) {
        code = given;
      },
      async look(work) {
        code = await work(opened);
      },
      async act(_, __, work) {
        code = await work(opened);
      },
    };
    const program = new Command();
    addDebts(program, tools);
    addPayments(program, tools);
    await program.parseAsync(['node', 'bailiff', ...args]);
    return { code, told: JSON.parse(said.join('\n')) as Record<string, unknown> };
  };
  return { ...held, run, clock, startMs, trusted };
}

test('payments accept ends the wait for one payment, names those that still wait, and is on record', async () => {
  await using held = await commands();
  const { ledger, run } = held;
  for (const n of [7, 8]) {
    const paid = { id: `p${n}`, signature: signatureOf(n), slot: 60, creatorWallet: CREATOR };
    const what = { ...paid, token: USDC, amount: BigInt(n) };
    await ledger.payments.restore('ana', what, []);
  }
  const accept = (signature: string) =>
    run('payments', 'accept', signature, '--reason', 'a tip of the subscriber');
  const first = await accept(signatureOf(7));
  expect(first.code).toBe(0);
  expect(first.told).toMatchObject({ accepted: true, excess: '7' });
  expect(first.told.open).toMatchObject([{ signature: signatureOf(8), excess: '8' }]);
  expect(await ledger.payments.find('p7')).toMatchObject({
    accepted: { reason: 'a tip of the subscriber', actor: 'command', person: 'bo' },
  });
  // The excess is accepted once, and only of a payment that the ledger holds.
  for (const signature of [signatureOf(7), signatureOf(9), 'no signature'])
    expect(await accept(signature)).toMatchObject({ code: 1, told: { accepted: false } });
});

test('on a database that tells no timeline a debt is voided with --wait, after 182 blocks, and not without', async () => {
  await using held = await commands();
  const { ledger, run, clock, startMs, trusted } = held;
  const [share] = await ledger.shares.list({ limit: 1 });
  const reason = ['--reason', 'settled in cash'];
  const id = share?.id ?? '';
  await expect(run('shares', 'void', id, ...reason)).rejects.toMatchObject({
    code: 'books_behind',
    message: expect.stringContaining('--wait'),
  });
  expect((await ledger.shares.find(id))?.status).toBe('pending');
  const done = await run('shares', 'void', id, ...reason, '--wait');
  expect(done).toMatchObject({ code: 0, told: { voided: true, status: 'voided' } });
  expect(clock.nowMs() - startMs).toBeGreaterThanOrEqual(182 * 400);
  expect(trusted).toHaveLength(1);
});
