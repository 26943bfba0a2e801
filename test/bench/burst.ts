// Burst: a creator closes once, and all copiers close in the same second. The real daemon runs in a
// process of its own, the chain in another, and RPC answers with a fixed latency up to a fixed
// rate. Prints the time to the first and the last payment, calls, credits and statements per close,
// CPU of the daemon per payment, and beside them the least time that the node's rate allows for the
// calls made. `benchQuiet` closes one position after another instead.
import { setTimeout as pause } from 'node:timers/promises';
import { creditsOf } from '../../src/core/rpc-price.ts';
import { createGateClient } from '../../src/gate-client/client.ts';
import { askedOf, sayAsked } from './asked.ts';
import {
  countStatements,
  forgetStatements,
  landedWithin,
  probeWebhooks,
  sayDenials,
  sayGrowth,
  sayPhases,
  sayStatements,
  sayWritten,
  tableSizes,
  writtenOf,
} from './burst-figures.ts';
import { openStage, type Stage, until } from './burst-stage.ts';
import { say } from './say.ts';

export type BurstCase = {
  readonly closes: number;
  readonly latencyMs: number;
  readonly perSecond: number;
  /** Transactions of a stranger that name one subscriber, sent together with the closes. */
  readonly flood: number;
};
const CASES: readonly BurstCase[] = [
  { closes: 200, latencyMs: 20, perSecond: 200, flood: 0 },
  { closes: 200, latencyMs: 20, perSecond: 1_000, flood: 0 },
  { closes: 200, latencyMs: 60, perSecond: 1_000, flood: 5_000 },
  { closes: 2_000, latencyMs: 20, perSecond: 1_000, flood: 0 },
  { closes: 10_000, latencyMs: 20, perSecond: 1_000, flood: 0 },
];
const landed = async ({ sql }: Stage): Promise<number> => {
  const [row] = await sql<{ n: number }[]>`
    select /* bench: */ count(*)::int as n from payment where state = 'landed'`;
  return row?.n ?? 0;
};
/** The transactions of payments that were read as final. */
const readAgain = async ({ sql }: Stage): Promise<number> => {
  const [row] = await sql<{ n: number }[]>`
    select /* bench: */ count(*)::int as n from payment p join sighting s using (signature) where s.status = 'finalized'`;
  return row?.n ?? 0;
};

/** A count reads all payments, so that counting often would be a part of what is measured. */
const COUNT_EVERY_MS = 1_000;
const RUNAWAYS = { count: 10, apartMs: 300, patienceMs: 60_000 };

type Fled = Record<'closed' | 'denied' | 'closedOfBlock', number[]>;

/**
 * Lets the debtors withdraw one after another during the burst. Returns the milliseconds from each
 * withdrawal, which is before its block, to the first answer of a client that does not allow, and
 * to the first one that denies for delinquency, and from the confirmed block to the first answer
 * that does not allow; each in order of size.
 */
async function flee(stage: Stage, from: number): Promise<Fled> {
  const gate = createGateClient({ url: stage.daemon.url });
  const took: Fled = { closed: [], denied: [], closedOfBlock: [] };
  try {
    await gate.ready();
    for (let index = from; index < from + RUNAWAYS.count; index++) {
      const startedMs = performance.now();
      const { confirmedAtMs = Number.NaN } = await stage.order({ kind: 'flee', index });
      const until = async (isThere: (verdict: string) => boolean): Promise<number> => {
        for (;;) {
          const ms = performance.now() - startedMs;
          if (isThere(gate.decide(`s${index}`, 'open').verdict) || ms >= RUNAWAYS.patienceMs)
            return ms;
          await pause(1);
        }
      };
      took.closed.push(await until((verdict) => verdict !== 'allow'));
      took.closedOfBlock.push(performance.timeOrigin + performance.now() - confirmedAtMs);
      took.denied.push(await until((verdict) => verdict === 'deny'));
      await pause(RUNAWAYS.apartMs);
    }
  } finally {
    gate.close();
  }
  for (const each of Object.values(took)) each.sort((a, b) => a - b);
  return took;
}

/** The facts of positions that were opened, and that are final. */
const opened = async ({ sql }: Stage): Promise<number> => {
  const [row] = await sql<{ n: number }[]>`
    select /* bench: */ count(*)::int as n from fact where kind = 'open' and finality = 'finalized'`;
  return row?.n ?? 0;
};

/**
 * Lets all copiers close and open again, so that the measured burst is not the first of the daemon:
 * its code is compiled, ledger and chain were compared, and Postgres has plans for tables that hold
 * rows, as it has once it has analysed them, which it does within a minute.
 */
async function warm(stage: Stage, closes: number): Promise<void> {
  await stage.order({ kind: 'close', count: closes });
  await until(closes, () => readAgain(stage));
  const before = await opened(stage);
  await stage.order({ kind: 'open' });
  await until(before + closes, () => opened(stage));
  await stage.sql`analyze`;
}

async function burst(given: BurstCase): Promise<void> {
  const stage = await openStage(given.closes, given.latencyMs, {
    runaways: RUNAWAYS.count,
    callsPerSecond: process.env.BURST_UNTOLD === undefined ? [given.perSecond] : [],
  });
  try {
    await stage.order({ kind: 'limit', perSecond: given.perSecond });
    if (process.env.BURST_WARM !== undefined) await warm(stage, given.closes);
    const [landedBefore, readBefore] = [await landed(stage), await readAgain(stage)];
    if (given.flood > 0) await stage.order({ kind: 'flood', count: given.flood });
    await forgetStatements(stage);
    const asked = await askedOf(stage);
    const [sizes, written] = [await tableSizes(stage), await writtenOf(stage)];
    await stage.order({ kind: 'close', count: given.closes });
    const [startedMs, startedAtMs] = [performance.now(), Date.now()];
    const before = stage.usage();
    const probe = probeWebhooks(stage);
    const fleeing = flee(stage, given.closes);
    await until(landedBefore + given.closes, () => landed(stage), COUNT_EVERY_MS);
    const paidS = await landedWithin(stage, startedAtMs);
    const lastMs = paidS.last * 1_000;
    const webhooks = await probe.stop();
    const fled = await fleeing;
    // The total includes the daemon's reading of its own payments.
    await until(readBefore + given.closes, () => readAgain(stage), COUNT_EVERY_MS);
    const after = stage.usage();
    const statements = await countStatements(stage);
    const { calls = {}, refused = 0 } = await stage.order({ kind: 'count' });
    const total = Object.values(calls).reduce((sum, each) => sum + each, 0);
    const credits = Object.entries(calls).reduce(
      (sum, [method, each]) => sum + each * creditsOf(method),
      0,
    );
    const leastMs = (total / given.perSecond) * 1_000;
    const each = (count: number): string => (count / given.closes).toFixed(1);
    say(
      `\n${given.closes.toLocaleString('en')} closes, ${given.latencyMs} ms a call, ${given.perSecond} calls/s, ${given.flood} foreign transactions`,
    );
    say(`  first payment after ${paidS.first.toFixed(1)} s, last after ${paidS.last.toFixed(1)} s`);
    await sayPhases(stage, startedAtMs);
    say(
      `  ${((given.closes * 1_000) / lastMs).toFixed(1)} payments/s; ${(leastMs / lastMs).toFixed(2)} of what the rate allows for these calls`,
    );
    say(`  ${each(total)} calls and ${each(credits)} credits a close, ${refused} refused with 429`);
    say(`  ${JSON.stringify(calls)}`);
    sayAsked(asked, await askedOf(stage));
    say(
      `  daemon: ${each((after.cpuS - before.cpuS) * 1_000)} ms CPU a payment (${each((after.mainS - before.mainS) * 1_000)} on its main thread), ${after.rssMiB.toFixed(0)} MiB; ${each(statements.total)} statements and ${each(statements.transactions)} transactions a payment`,
    );
    const passedS = (performance.now() - startedMs) / 1_000;
    say(
      `  CPU seconds in ${passedS.toFixed(1)} s: daemon ${(after.cpuS - before.cpuS).toFixed(1)} and ${(after.waitedS - before.waitedS).toFixed(1)} waiting for a core, chain ${(after.chainCpuS - before.chainCpuS).toFixed(1)}, Postgres ${(after.postgresCpuS - before.postgresCpuS).toFixed(1)}`,
    );
    say(
      `  ${webhooks.count} webhooks beside it: median ${webhooks.p50.toFixed(0)} ms, p99 ${webhooks.p99.toFixed(0)} ms, longest ${webhooks.most.toFixed(0)} ms`,
    );
    const { closed, denied, closedOfBlock } = fled;
    const times = (ms: readonly number[]): string =>
      `${(ms[ms.length >> 1] ?? 0).toFixed(0)} / ${(ms.at(-1) ?? 0).toFixed(0)} ms`;
    say(
      `  ${denied.length} withdrawals of debtors beside it, median / longest: until a client no longer allows ${times(closed)} (${times(closedOfBlock)} of them since the block was confirmed), until it denies for delinquency ${times(denied)}`,
    );
    await sayDenials(stage, startedAtMs);
    sayWritten(written, await writtenOf(stage), given.closes);
    await sayGrowth(stage, sizes, given.closes);
    if (process.env.BURST_STATEMENTS !== undefined) sayStatements(statements.rows, given.closes);
  } finally {
    await stage.close();
  }
}

/**
 * Runs the cases; `BURST=200,20,1000,0` runs one case: number of closes, latency in ms, calls a
 * second, number of the stranger's transactions. With `BURST_WARM=1` each case follows a burst that
 * is not measured; with `BURST_UNTOLD=1` the daemon is not told the node's rate.
 */
export async function benchBurst(): Promise<boolean> {
  const [closes, latencyMs, perSecond, flood] = (process.env.BURST ?? '').split(',').map(Number);
  const asked: BurstCase | null =
    closes && latencyMs && perSecond ? { closes, latencyMs, perSecond, flood: flood ?? 0 } : null;
  for (const each of asked === null ? CASES : [asked]) await burst(each);
  return true;
}

const QUIET = { closes: 20, latencyMs: 20, apartMs: 2_000 };

/**
 * Single closes without a burst: each follows once the payment before it has landed. Prints the
 * time from the trade, which is before its block, to the final payment.
 */
export async function benchQuiet(): Promise<boolean> {
  const stage = await openStage(QUIET.closes, QUIET.latencyMs);
  const took: number[] = [];
  try {
    for (let index = 0; index < QUIET.closes; index++) {
      await pause(QUIET.apartMs);
      const startedMs = performance.now();
      await stage.order({ kind: 'close-one', index });
      await until(index + 1, () => landed(stage), 50);
      took.push(performance.now() - startedMs);
    }
  } finally {
    await stage.close();
  }
  const [first = Number.NaN] = took;
  const sorted = took.toSorted((a, b) => a - b);
  const shown = (ms: number | undefined): string => ((ms ?? Number.NaN) / 1_000).toFixed(2);
  say(`\n${QUIET.closes} single closes, ${QUIET.latencyMs} ms a call, slots of 400 ms`);
  say(
    `  from the trade to the final payment: median ${shown(sorted[sorted.length >> 1])} s, longest ${shown(sorted.at(-1))} s, the first of the process ${shown(first)} s`,
  );
  return true;
}
