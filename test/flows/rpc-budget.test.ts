// Rpc budget: the sum of a month survives a restart, and while it does not last the daemon gives up
// the dearest source that another one replaces, says so, and takes it again.
import { expect, test } from 'vitest';
import type { RpcBudget } from '../../src/core/rpc-budget.ts';
import type { RpcUsage } from '../../src/core/rpc-usage-ports.ts';
import { createRpcCosts, createSampling, type Spare } from '../../src/flows/rpc-budget.ts';
import { createManualClock } from '../support/clock.ts';

const BEGAN = Date.UTC(2026, 10, 1);
const DAY_MS = 86_400_000;
const NO_BOUND: RpcBudget = {
  creditsAMonthMost: null,
  creditsAMinuteMost: null,
  monthBeginsOn: 1,
};

function costsOf(budget: Partial<RpcBudget>, kept = new Map<string, number>()) {
  const clock = createManualClock(BEGAN);
  const logged: string[] = [];
  const note =
    (level: string) =>
    (event: string, fields: Readonly<Record<string, unknown>> = {}) =>
      void logged.push(`${level} ${event} ${String(fields.source ?? '')}`.trim());
  const log = {
    debug: note('debug'),
    info: note('info'),
    warn: note('warn'),
    error: note('error'),
  };
  const kinds = new Set<Spare>(['backfill', 'sweep', 'sample']);
  let writable = true;
  const usage = {
    async add(month: string, rows: readonly RpcUsage[]) {
      if (!writable) throw new Error('Postgres is away');
      const credits = rows.reduce((sum, each) => sum + each.credits, kept.get(month) ?? 0);
      kept.set(month, credits);
      return credits;
    },
    read: async () => [],
  };
  const ports = { usage, clock, log, mayGiveUp: (source: Spare) => kinds.has(source) };
  const costs = createRpcCosts(ports, { ...NO_BOUND, ...budget });
  const spend = (
    source: string,
    calls: number,
    method = 'getTransaction',
    outcome = 'answered',
  ) => {
    for (let n = 0; n < calls; n++) costs.note({ method, node: 'rpc.example', source, outcome });
  };
  return {
    costs,
    clock,
    logged,
    kinds,
    spend,
    kept,
    setWritable: (is: boolean) => {
      writable = is;
    },
  };
}

test('the dearest source is given up first, says so, and comes back first-in last-out', async () => {
  const { costs, logged, spend, clock } = costsOf({ creditsAMonthMost: 10_000 });
  spend('inspect', 60);
  spend('sweep', 30, 'getMultipleAccounts');
  spend('backfill', 50);
  await costs.round();
  expect(logged).toEqual(['warn rpc.source_given_up backfill']);
  expect([costs.isGivenUp('backfill'), costs.isGivenUp('sweep')]).toEqual([true, false]);
  expect(costs.findings()[0]).toMatchObject({ what: 'rpc budget', state: 'warning' });
  spend('inspect', 100);
  await costs.round();
  expect(logged.at(-1)).toBe('warn rpc.source_given_up sweep');
  clock.advance(4 * DAY_MS);
  await costs.round();
  expect(logged.at(-1)).toBe('info rpc.source_taken_again sweep');
  clock.advance(5 * DAY_MS);
  await costs.round();
  expect(logged.at(-1)).toBe('info rpc.source_taken_again backfill');
  expect(costs.findings()).toEqual([]);
});

test('several of one thing are counted with one note, at its price', async () => {
  const { costs, kept } = costsOf({});
  const spent = { node: 'helius', source: 'webhooks', outcome: 'answered' };
  costs.note({ ...spent, method: 'webhook_event', times: 7 });
  costs.note({ ...spent, method: 'webhook_edit' });
  expect(costs.spent()).toEqual({ month: 107, minute: 107 });
  await costs.flush();
  expect([...kept.values()]).toEqual([107]);
});

test('a source that nothing replaces just now is kept, and one that was given up goes on', async () => {
  const { costs, kinds, spend, logged } = costsOf({ creditsAMonthMost: 10_000 });
  kinds.delete('backfill');
  spend('backfill', 100);
  await costs.round();
  expect(logged).toEqual(['warn rpc.source_given_up sweep']);
  // The sockets die: the sweep hears for the gate again, although the credits do not last.
  kinds.delete('sweep');
  expect(costs.isGivenUp('sweep')).toBe(false);
});

test('the sum of the month survives a restart, counts other daemons, and a failed write loses nothing', async () => {
  const before = costsOf({ creditsAMonthMost: 10_000 });
  before.spend('inspect', 1_000);
  before.setWritable(false);
  await expect(before.costs.round()).rejects.toThrow('Postgres is away');
  before.setWritable(true);
  await before.costs.flush();
  expect(before.costs.spent().month).toBe(10_000);
  const after = costsOf({ creditsAMonthMost: 10_000 }, before.kept);
  await after.costs.round();
  expect(after.costs.spent().month).toBe(10_000);
  expect(after.logged).toContain('error rpc.budget_spent');
  expect(after.costs.findings()[0]).toMatchObject({ what: 'rpc budget', state: 'wrong' });
  // The next month begins with nothing, and every source is taken again.
  after.clock.advance(30 * DAY_MS);
  await after.costs.round();
  expect(after.costs.spent().month).toBe(0);
  expect(after.costs.isGivenUp('backfill')).toBe(false);
});

test('refused and unreached requests cost nothing; a minute ends', async () => {
  const { costs, spend, clock } = costsOf({});
  spend('inspect', 5, 'getTransaction', 'limited');
  spend('inspect', 5, 'getTransaction', 'failed');
  spend('inspect', 2, 'getTransaction', 'given_up');
  spend('inspect', 3, 'getSlot', 'refused');
  expect(costs.spent()).toEqual({ month: 23, minute: 23 });
  clock.advance(60_000);
  expect(costs.spent()).toEqual({ month: 23, minute: 0 });
});

test('gauges that are given up are read once a minute', async () => {
  const clock = createManualClock();
  let reads = 0;
  let given = false;
  const sampling = createSampling(async () => void reads++, { isGivenUp: () => given }, clock);
  await sampling();
  await sampling();
  given = true;
  await sampling();
  expect(reads).toBe(2);
  clock.advance(60_000);
  await sampling();
  expect(reads).toBe(3);
});
