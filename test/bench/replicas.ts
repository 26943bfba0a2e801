// Replicas: one, three and ten daemons on one Postgres that share the hearing by leases. Prints the
// RPC calls of a quiet time and of a burst with each number of daemons, by daemon, part and method,
// beside those of one daemon, and how long it takes until the others hear what a daemon heard that
// hangs or was killed.
import { setTimeout as pause } from 'node:timers/promises';
import { creditsOf } from '../../src/core/rpc-price.ts';
import { askedOf, sayAsked } from './asked.ts';
import { openStage, type Stage, until } from './burst-stage.ts';
import { say } from './say.ts';

/**
 * `REPLICAS=1,3` sets the numbers of daemons, `COPIERS=200` the subscribers who close at once, and
 * `QUIET_S=60` the seconds without a close.
 */
const REPLICAS = (process.env.REPLICAS ?? '1,3,10').split(',').map(Number);
const COPIERS = Number(process.env.COPIERS ?? 200);
const LATENCY_MS = 20;
const PER_SECOND = 1_000;
const QUIET_MS = Number(process.env.QUIET_S ?? 60) * 1_000;
/** The parts of the watch-list; `hearing_lease` has a row for each. */
const PARTS = 64;
const LOOK_EVERY_MS = 50;
/** What a daemon took over was walked once no history was read for so long. */
const WALKED_AFTER_MS = 3_000;
const WALKED_WITHIN_MS = 60_000;

type Counted = { readonly calls: number; readonly credits: number };
const HISTORIES = ['getSignaturesForAddress', 'getTransaction'];

async function countOf(
  stage: Stage,
): Promise<Counted & { readonly histories: number; readonly byMethod: string }> {
  const { calls = {} } = await stage.order({ kind: 'count' });
  const all = Object.entries(calls);
  const sum = (of: (entry: (typeof all)[number]) => number): number =>
    all.reduce((total, each) => total + of(each), 0);
  return {
    byMethod: JSON.stringify(calls),
    calls: sum(([, count]) => count),
    histories: sum(([method, count]) => (HISTORIES.includes(method) ? count : 0)),
    credits: sum(([method, count]) => count * creditsOf(method)),
  };
}

/** The parts that each daemon holds by a lease that lasts. */
const held = async ({ sql }: Stage): Promise<ReadonlyMap<string, number>> => {
  const rows = await sql<{ id: string; parts: number }[]>`
    select daemon_id as id, count(*)::int as parts from hearing_lease where until > now() group by daemon_id`;
  return new Map(rows.map((row) => [row.id, row.parts]));
};
const shared = async (stage: Stage, daemons: number): Promise<number> => {
  const parts = [...(await held(stage)).values()];
  return parts.length === daemons ? parts.reduce((sum, each) => sum + each, 0) : 0;
};

/**
 * Stops the last daemon's process between two instructions, as a machine that hangs, or kills it;
 * then it is started again as another daemon. It gives no part back in either case. Returns the
 * seconds until other daemons hold every part.
 */
async function takenOver(stage: Stage, signal: 'SIGSTOP' | 'SIGKILL'): Promise<number> {
  await until(PARTS, () => shared(stage, stage.daemons.length));
  const before = await held(stage);
  const gone = stage.daemons.at(-1)?.pid();
  if (gone === undefined) throw new Error('the last daemon has no process');
  const startedMs = performance.now();
  process.kill(gone, signal);
  try {
    await until(
      PARTS,
      async () => {
        const now = await held(stage);
        if ([...before.keys()].every((id) => now.has(id))) return 0;
        return [...now.values()].reduce((sum, each) => sum + each, 0);
      },
      LOOK_EVERY_MS,
    );
    return (performance.now() - startedMs) / 1_000;
  } finally {
    if (signal === 'SIGSTOP') process.kill(gone, 'SIGCONT');
  }
}

/**
 * Kills the last daemon, waits until it has started again and nothing more is walked, and prints
 * the calls of all daemons meanwhile.
 */
async function startedAgain(stage: Stage, when: string): Promise<void> {
  const last = stage.daemons.at(-1);
  if (last === undefined) throw new Error('there is no daemon');
  await walked(stage);
  await stage.order({ kind: 'reset' });
  const killed = last.pid();
  if (killed === undefined) throw new Error('the last daemon has no process');
  process.kill(killed, 'SIGKILL');
  await until(1, async () => Number(last.pid() !== killed && (await isReady(last.url))));
  if (stage.daemons.length > 1) await until(PARTS, () => shared(stage, stage.daemons.length));
  await walked(stage);
  const { calls, credits, byMethod } = await countOf(stage);
  say(`  killed and started again ${when}: ${calls} calls, ${credits} credits ${byMethod}`);
}

const isReady = (url: string): Promise<boolean> =>
  fetch(`${url}/health/ready`).then(
    ({ ok }) => ok,
    () => false,
  );

/** Waits until the daemons have walked the histories of the parts that they took at their start. */
async function walked(stage: Stage): Promise<void> {
  const endMs = performance.now() + WALKED_WITHIN_MS;
  for (let last = -1; performance.now() < endMs; ) {
    const { histories } = await countOf(stage);
    if (histories === last) return;
    last = histories;
    await pause(WALKED_AFTER_MS);
  }
}

const landed = async ({ sql }: Stage): Promise<number> => {
  const [row] = await sql<{ n: number }[]>`
    select count(*)::int as n from payment where state = 'landed'`;
  return row?.n ?? 0;
};

/** The closes and payments that were read as final. */
const readAsFinal = async ({ sql }: Stage): Promise<number> => {
  const [row] = await sql<{ n: number }[]>`
    select count(*)::int as n from sighting where finalized_at is not null
      and signature in (select signature from profit_share union select signature from payment)`;
  return row?.n ?? 0;
};

async function measure(daemons: number): Promise<Counted> {
  const stage = await openStage(COPIERS, LATENCY_MS, { daemons });
  try {
    await stage.order({ kind: 'limit', perSecond: PER_SECOND });
    if (daemons > 1) await until(PARTS, () => shared(stage, daemons));
    await walked(stage);
    await stage.order({ kind: 'reset' });
    const first = await askedOf(stage);
    await pause(QUIET_MS);
    const quiet = await countOf(stage);
    const idle = await askedOf(stage);
    // The order to close begins to count anew.
    await stage.order({ kind: 'close', count: COPIERS });
    const startedMs = performance.now();
    await until(COPIERS, () => landed(stage));
    const lastS = (performance.now() - startedMs) / 1_000;
    await until(2 * COPIERS, () => readAsFinal(stage));
    const readS = (performance.now() - startedMs) / 1_000;
    const burst = await countOf(stage);
    const parts = daemons === 1 ? [PARTS] : [...(await held(stage)).values()];
    say(`\n${daemons} daemon(s), ${COPIERS} subscribers`);
    say(`  parts of the watch-list: ${parts.join(', ')}`);
    say(
      `  in ${QUIET_MS / 1_000} quiet seconds ${quiet.calls} calls (${quiet.histories} of them read histories), ${quiet.credits} credits`,
    );
    sayAsked(first, idle);
    say(
      `  a burst of ${COPIERS} closes: last payment after ${lastS.toFixed(1)} s, ${(burst.calls / COPIERS).toFixed(1)} calls and ${(burst.credits / COPIERS).toFixed(1)} credits a close`,
    );
    const idleCalls = (quiet.calls * readS * 1_000) / QUIET_MS;
    say(
      `  without the calls of as many quiet seconds: ${((burst.calls - idleCalls) / COPIERS).toFixed(1)} calls a close`,
    );
    say(`  ${burst.byMethod}`);
    say(`  until all payments were read, ${readS.toFixed(1)} s:`);
    sayAsked(idle, await askedOf(stage));
    if (daemons > 1)
      for (const [signal, how] of [
        ['SIGSTOP', 'hangs'],
        ['SIGKILL', 'is killed'],
      ] as const)
        say(
          `  a daemon ${how}: others hear its part after ${(await takenOver(stage, signal)).toFixed(1)} s`,
        );
    // The accounts changed in the burst, and do not change after the first of the two starts.
    await startedAgain(stage, 'after the burst');
    await startedAgain(stage, 'once more');
    return quiet;
  } finally {
    await stage.close();
  }
}

/** Runs with each number of daemons. */
export async function benchReplicas(): Promise<boolean> {
  let one: Counted | null = null;
  for (const daemons of REPLICAS) {
    const quiet = await measure(daemons);
    if (daemons === 1) one = quiet;
    else if (one !== null)
      say(`  quiet credits, to those of one daemon: ${(quiet.credits / one.credits).toFixed(2)} ×`);
  }
  return true;
}
