// CSV amounts: lists of debts and payments, and rules of terms, have the decimals of their token.
import { Command } from 'commander';
import { expect, test } from 'vitest';
import type { Tools } from '../../src/cli/command-tools.ts';
import { addDebts } from '../../src/cli/debts.ts';
import { createOutput } from '../../src/cli/output.ts';
import { addPayments } from '../../src/cli/payments.ts';
import { addPeople } from '../../src/cli/subscribers.ts';

const token = { mint: 'mint', symbol: 'NINE', decimals: 9 };
const share = {
  id: 's',
  token,
  slot: 5,
  subscriberId: 'ana',
  subscriptionId: 'x',
  creatorWallet: 'c',
  netPnl: 10_000_000_000n,
  amount: 1_000_000_000n,
  paid: 1n,
  credited: 0n,
  shareBps: 1_000,
  status: 'pending',
  recipient: 0,
  paidBy: [],
  creditedBy: [],
  brought: null,
  reason: null,
  voided: null,
  observed: false,
};
const payment = {
  id: 'p',
  token,
  plannedAtMs: 0,
  endedAtMs: null,
  purpose: 'share',
  subscriberId: 'ana',
  creatorWallet: 'c',
  amount: 1_000_000_000n,
  withdrawn: 2n,
  feePayer: 'agent',
  tip: null,
  recipients: [{ wallet: 'c', amount: 1_000_000_000n }],
  state: 'landed',
  slot: 5,
  signature: null,
  trouble: null,
};
const trade = { venue: 'drift-v2', market: 0, position: 'long', base: 1n, closingFee: 3n };
const details = {
  closedAtMs: 0,
  trade: { ...trade, entry: 4n, exit: 5n },
  base: 1n,
  openingFee: 6n,
  funding: -7n,
};

/** The row of a list as CSV, by the names of its columns. */
async function csvOf(add: typeof addDebts, ...command: string[]): Promise<Record<string, string>> {
  const lines: string[] = [];
  const parts = {
    ledger: {
      lists: { total: async () => 1 },
      shares: { list: async () => [share] },
      payments: { list: async () => [payment] },
    },
    statements: {
      shares: async () => new Map([['s', details]]),
      payments: async () => new Map([['p', [{ shareId: 's', amount: 8n }]]]),
    },
    venues: { all: [], of: () => ({ marketName: () => 'SOL-PERP' }) },
  };
  const program = new Command();
  add(program, {
    output: () => createOutput({ json: false, say: (line) => lines.push(line), terminal: null }),
    look: async (work: (opened: unknown) => Promise<number>) => void (await work({ parts })),
  } as unknown as Tools);
  await program.parseAsync([...command, '--csv'], { from: 'user' });
  const [head = [], row = []] = lines.map((line) => line.split(','));
  return Object.fromEntries(head.map((name, at) => [name, row[at] ?? '']));
}

test('of debts', async () => {
  expect(await csvOf(addDebts, 'shares', 'list')).toMatchObject({
    amount: '1.000000000',
    paid: '0.000000001',
    net_pnl: '10.000000000',
    closing_fee: '0.000000003',
    entry: '0.000000004',
    funding: '-0.000000007',
  });
});

test('of payments', async () => {
  expect(await csvOf(addPayments, 'payments', 'list')).toMatchObject({
    amount: '1.000000000',
    withdrawn: '0.000000002',
    recipients: 'c=1.000000000',
    shares: 's=0.000000008',
  });
});

test('of the rules of terms, and with the symbol of the token', async () => {
  const rules = { profit: 'net', hurdle: 2_000_000_000n, capPerClose: null, capPerPeriod: null };
  const terms = { ...rules, fromSlot: 1, creatorWallet: 'c', shareBps: 1_000, splits: [] };
  const more = { periodSlots: null, freeBeforeSlot: 0, ended: false, basis: 'per_close' };
  const account = { address: 'account', subAccountId: 0, venue: 'velocity' };
  const subscription = { id: 'x', driftAccount: 'account', terms: [{ ...terms, ...more }] };
  const ledger = {
    subscribers: { find: async () => ({ id: 'ana', driftAccounts: [account] }) },
    watchList: { ofSubscriber: async () => [] },
    subscriptions: { ofSubscriber: async () => [subscription] },
    standings: { entry: async () => null },
    shares: { open: async () => [] },
  };
  const venues = { of: (name: string) => (name === 'velocity' ? { quote: token } : {}) };
  const lines: string[] = [];
  const program = new Command();
  addPeople(program, {
    output: () => createOutput({ json: false, say: (line) => lines.push(line), terminal: null }),
    look: async (work: (opened: unknown) => Promise<number>) =>
      void (await work({ parts: { ledger, venues } })),
  } as unknown as Tools);
  await program.parseAsync(['subscribers', 'show', 'ana'], { from: 'user' });
  expect(lines.join('\n')).toContain('The hurdle is 2.000000000 NINE.');
});
