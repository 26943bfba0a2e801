// Rpc budget: the sum of a month survives a restart, and while it does not last the daemon gives up
// the dearest source that another one replaces, says so, and takes it again.
import { expect, test } from 'vitest';
import {
  evenly,
  givenUpForMinute,
  givenUpForMonth,
  monthAt,
  type RpcBudget,
} from '../../src/core/rpc-budget.ts';
import type { RpcUsage } from '../../src/core/rpc-usage-ports.ts';
import { createRpcCosts, createSampling, type Spare } from '../../src/flows/rpc-budget.ts';
import { createManualClock } from '../support/clock.ts';

const BEGAN = Date.UTC(2026, 10, 1);
const DAY_MS = 86_400_000;
const budgetOf = (given: Partial<RpcBudget>): RpcBudget => ({
  creditsAMonthMost: null,
  creditsAMinuteMost: null,
  monthBeginsOn: 1,
  ...given,
});

test.each([
  [Date.UTC(2026, 10, 27), 1, '2026-11-01', '2026-12-01'],
  [Date.UTC(2026, 10, 14), 15, '2026-10-15', '2026-11-15'],
  [Date.UTC(2026, 10, 15), 15, '2026-11-15', '2026-12-15'],
  [Date.UTC(2027, 0, 3), 28, '2026-12-28', '2027-01-28'],
])('the month of the plan at %i that begins on day %i', (nowMs, day, begins, ends) => {
  const month = monthAt(nowMs, day);
  expect(month.begins).toBe(begins);
  expect(new Date(month.endMs).toISOString().slice(0, 10)).toBe(ends);
});

test('a month is spent evenly, a tenth ahead; each further tenth is one more source', () => {
  const budget = budgetOf({ creditsAMonthMost: 3_000_000 });
  const after = (days: number): number => BEGAN + days * DAY_MS;
  expect(evenly(3_000_000, monthAt(BEGAN, 1), after(10))).toBe(1_000_000);
  const given = (spent: number, days: number, before = 0): number =>
    givenUpForMonth(budget, spent, after(days), { before, all: 3 });
  expect([given(299_999, 0), given(300_000, 0), given(600_000, 0)]).toEqual([0, 1, 2]);
  // A source comes back when half a tenth is regained, and not before.
  expect([given(1_299_999, 10, 1), given(1_150_000, 10, 1), given(1_149_999, 10, 1)]).toEqual([
    1, 1, 0,
  ]);
  expect([given(1_450_000, 10, 2), given(1_449_999, 10, 2)]).toEqual([2, 1]);
  expect(given(3_000_000, 29)).toBe(3);
  expect(givenUpForMonth(budgetOf({}), 9e9, after(1), { before: 2, all: 3 })).toBe(0);
});

test('a dear minute gives up one source with each look, a calm one takes one again', () => {
  const budget = budgetOf({ creditsAMinuteMost: 1_000 });
  const given = (minute: number, before: number): number =>
    givenUpForMinute(budget, minute, { before, all: 3 });
  expect([given(1_001, 0), given(1_001, 3), given(700, 2), given(699, 2)]).toEqual([1, 3, 2, 1]);
});

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
  const costs = createRpcCosts(ports, budgetOf(budget));
  const spend = (
    source: string,
    calls: number,
    method = 'getTransaction',
    outcome = 'answered',
  ) => {
    for (let n = 0; n < calls; n++) costs.note({ method, node: 'rpc.example', source, outcome });
  };
  return {
    ...{ costs, clock, logged, kinds, spend, kept },
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
