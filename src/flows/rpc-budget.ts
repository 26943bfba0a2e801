// Rpc budget: counts what calls to nodes, webhooks and sockets cost, keeps the sum of the month in
// the ledger, and says which source of calls is given up while the credits do not last. Only a
// source whose work another source also does may be given up, and no read that a standing, a
// booking or a payment needs.
import { type Finding, odd, wrong } from '../core/doctor-finding.ts';
import type { Clock, Log } from '../core/ports.ts';
import {
  evenly,
  givenUpForMinute,
  givenUpForMonth,
  monthAt,
  type RpcBudget,
} from '../core/rpc-budget.ts';
import { creditsOf } from '../core/rpc-price.ts';
import type { RpcUsage, RpcUsageBook } from '../core/rpc-usage-ports.ts';

/** The loops that may be given up for a while. */
export const SPARE = ['backfill', 'sweep', 'sample'] as const;
export type Spare = (typeof SPARE)[number];

export type RpcCall = {
  readonly method: string;
  readonly node: string;
  readonly source: string;
  readonly outcome: string;
  /** How many such calls; left out, one. */
  readonly times?: number;
};
export type RpcCosts = {
  /** Counts a call. */
  note(call: RpcCall): void;
  /** Called every few seconds: decides what is given up, and writes the usage every 30 s. */
  round(): Promise<void>;
  /** Writes the usage that is not written yet. */
  flush(): Promise<void>;
  /** Whether a source is given up now. */
  isGivenUp(source: Spare): boolean;
  /** The credits of all daemons in the month, and of this one in the last minute. */
  spent(): { readonly month: number; readonly minute: number };
  findings(): readonly Finding[];
};
export type RpcCostPorts = {
  readonly usage: RpcUsageBook;
  readonly clock: Pick<Clock, 'nowMs' | 'elapsedMs'>;
  readonly log: Log;
  /** Whether other sources do the work of this source now, so that it may be given up. */
  readonly mayGiveUp: (source: Spare) => boolean;
};

const FLUSH_EVERY_MS = 30_000;
const BUCKET_MS = 5_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

/** Sums of the latest time, in buckets of five seconds or a minute. */
function createWindow(bucketMs: number, lastsMs: number, elapsedMs: () => number) {
  const buckets = new Map<number, Map<string, number>>();
  const bucket = (): number => Math.floor(elapsedMs() / bucketMs);
  const live = (): Map<string, number>[] => {
    for (const at of buckets.keys()) if (at <= bucket() - lastsMs / bucketMs) buckets.delete(at);
    return [...buckets.values()];
  };
  return {
    add(key: string, count: number): void {
      const now = bucket();
      const sums = buckets.get(now) ?? new Map<string, number>();
      if (sums.size === 0) live();
      buckets.set(now, sums.set(key, (sums.get(key) ?? 0) + count));
    },
    sum: (key?: string): number =>
      live()
        .flatMap((sums) => (key === undefined ? [...sums.values()] : [sums.get(key) ?? 0]))
        .reduce((sum, each) => sum + each, 0),
  };
}

/** Creates the costs of a daemon. */
export function createRpcCosts(
  { usage, clock, log, mayGiveUp }: RpcCostPorts,
  budget: RpcBudget,
): RpcCosts {
  let unwritten = new Map<string, RpcUsage>();
  const lastMinute = createWindow(BUCKET_MS, MINUTE_MS, clock.elapsedMs);
  const lastHour = createWindow(MINUTE_MS, HOUR_MS, clock.elapsedMs);
  let written = 0;
  let month = monthAt(clock.nowMs(), budget.monthBeginsOn);
  let flushedMs = Number.NEGATIVE_INFINITY;
  let steps = { month: 0, minute: 0 };
  let spentUp = false;
  /** In the order in which they were given up. */
  const givenUp: Spare[] = [];

  const add = ({ calls, credits, ...of }: RpcUsage): void => {
    const key = `${of.method} ${of.node} ${of.source}`;
    const known = unwritten.get(key);
    unwritten.set(key, {
      ...of,
      calls: calls + (known?.calls ?? 0),
      credits: credits + (known?.credits ?? 0),
    });
  };
  const monthSpent = (): number =>
    [...unwritten.values()].reduce((sum, each) => sum + each.credits, written);
  const flush = async (): Promise<void> => {
    const writing = unwritten;
    unwritten = new Map();
    try {
      written = await usage.add(month.begins, [...writing.values()]);
    } catch (thrown) {
      for (const each of writing.values()) add(each);
      throw thrown;
    }
    flushedMs = clock.elapsedMs();
  };
  /** The dearest source of the last hour that is not given up yet. */
  const dearest = (): Spare | undefined =>
    SPARE.filter((each) => !givenUp.includes(each) && mayGiveUp(each)).toSorted(
      (one, other) => lastHour.sum(other) - lastHour.sum(one),
    )[0];
  const setGivenUp = (count: number): void => {
    const context = () => ({ month: monthSpent(), minute: lastMinute.sum() });
    while (givenUp.length < count) {
      const source = dearest();
      if (source === undefined) return;
      givenUp.push(source);
      const credits = lastHour.sum(source);
      log.warn('rpc.source_given_up', { source, creditsLastHour: credits, ...context() });
    }
    while (givenUp.length > count) {
      const source = givenUp.pop();
      log.info('rpc.source_taken_again', { source, ...context() });
    }
  };
  return {
    note({ method, node, source, outcome, times = 1 }) {
      // A provider counts no request that it refuses with 429, and none that did not reach it.
      if (outcome === 'limited' || outcome === 'failed') return;
      const credits = times * creditsOf(method);
      add({ method, node, source, calls: times, credits });
      lastMinute.add(source, credits);
      lastHour.add(source, credits);
    },
    async round() {
      const nowMs = clock.nowMs();
      if (nowMs >= month.endMs || clock.elapsedMs() - flushedMs >= FLUSH_EVERY_MS) await flush();
      if (nowMs >= month.endMs) {
        month = monthAt(nowMs, budget.monthBeginsOn);
        written = await usage.add(month.begins, []);
      }
      const all = SPARE.length;
      const spent = monthSpent();
      steps = {
        month: givenUpForMonth(budget, spent, nowMs, { before: steps.month, all }),
        minute: givenUpForMinute(budget, lastMinute.sum(), { before: steps.minute, all }),
      };
      setGivenUp(Math.max(steps.month, steps.minute));
      const most = budget.creditsAMonthMost;
      const isSpent = most !== null && spent >= most;
      if (isSpent && !spentUp)
        log.error('rpc.budget_spent', { month: spent, most, ends: new Date(month.endMs) });
      spentUp = isSpent;
    },
    flush,
    isGivenUp: (source) => givenUp.includes(source) && mayGiveUp(source),
    spent: () => ({ month: monthSpent(), minute: lastMinute.sum() }),
    findings: () => budgetFindings(budget, monthSpent(), givenUp, clock.nowMs()),
  };
}

const SPARING_SAMPLE_MS = 60_000;

/** A reading of gauges that is made once a minute while it is given up. */
export function createSampling(
  sample: () => Promise<void>,
  costs: Pick<RpcCosts, 'isGivenUp'>,
  clock: Pick<Clock, 'elapsedMs'>,
): () => Promise<void> {
  let readMs = Number.NEGATIVE_INFINITY;
  return async () => {
    if (costs.isGivenUp('sample') && clock.elapsedMs() - readMs < SPARING_SAMPLE_MS) return;
    readMs = clock.elapsedMs();
    await sample();
  };
}

const MEND =
  'Look at bailiff_rpc_credits_total for what costs most; take a larger plan, or raise rpc.budget.';

/** The findings about a month of a budget. `givenUp` are the sources that are given up. */
export function budgetFindings(
  budget: RpcBudget,
  spent: number,
  givenUp: readonly string[],
  nowMs: number,
): Finding[] {
  const most = budget.creditsAMonthMost;
  const given = givenUp.length === 0 ? '' : `; given up: ${givenUp.join(', ')}`;
  if (most !== null && spent >= most)
    return [
      wrong('rpc budget', `${spent} of ${most} credits of the month are spent${given}`, MEND),
    ];
  if (most === null) {
    if (givenUp.length === 0) return [];
    return [odd('rpc budget', `more credits a minute than the budget allows${given}`, MEND)];
  }
  const even = Math.round(evenly(most, monthAt(nowMs, budget.monthBeginsOn), nowMs));
  if (givenUp.length === 0 && spent <= even + most / 10) return [];
  return [
    odd(
      'rpc budget',
      `${spent} of ${most} credits of the month are spent, ${even} would be even${given}`,
      MEND,
    ),
  ];
}
