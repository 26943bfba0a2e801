// Latency: from the moment at which a node confirms the block of a runaway's withdrawal to the
// moment at which the gate client in an engine's process no longer allows, because the account
// shows that value left it, and to the moment at which it denies for delinquency. Daemon, chain
// with its local Helius, Postgres and engine are processes of their own; RPC answers without a set
// latency.
import { setTimeout as pause } from 'node:timers/promises';
import { createGateClient } from '../../src/gate-client/client.ts';
import { openStage, type Stage } from './burst-stage.ts';
import { say } from './say.ts';

const RUNAWAYS = 120;
/** How often the engine asks its gate client. */
const ASKED_EVERY_MS = 1;
const at = (values: readonly number[], part: number): number => {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
};
const nowMs = (): number => performance.timeOrigin + performance.now();

type Denial = {
  readonly id: string;
  readonly confirmedMs: number;
  /** The first answer that does not allow. */
  readonly closedMs: number;
  /** The first answer `deny`. */
  readonly deniedMs: number;
};

/** Lets one debtor withdraw, and waits until the client denies. */
async function flee(
  stage: Stage,
  gate: ReturnType<typeof createGateClient>,
  index: number,
): Promise<Denial> {
  const id = `s${index}`;
  const until = async (isThere: (verdict: string) => boolean): Promise<number> => {
    while (!isThere(gate.decide(id, 'open').verdict)) await pause(ASKED_EVERY_MS);
    return nowMs();
  };
  const closed = until((verdict) => verdict !== 'allow');
  const denied = until((verdict) => verdict === 'deny');
  const { confirmedAtMs: confirmedMs = Number.NaN } = await stage.order({ kind: 'flee', index });
  return { id, confirmedMs, closedMs: await closed, deniedMs: await denied };
}

/**
 * The milliseconds of the steps of each denial: to the stored webhook, to the transaction that
 * records the reading, to the one that gives the verdict, and to the client.
 */
async function stepsOf({ sql }: Stage, denials: readonly Denial[]): Promise<number[][]> {
  const ids = denials.map((each) => each.id);
  const rows = await sql<{ id: string; noted: number; recorded: number; judged: number }[]>`
    select f.subscriber_id as id, 1000 * extract(epoch from min(s.first_seen_at))::float8 as noted,
      1000 * extract(epoch from min(f.recorded_at))::float8 as recorded,
      1000 * extract(epoch from min(c.changed_at))::float8 as judged
    from fact f join sighting s using (signature)
    join standing_change c on c.subscriber_id = f.subscriber_id and c.standing = 'delinquent'
    where f.kind = 'outflow' and f.subscriber_id in ${sql(ids)} group by f.subscriber_id`;
  const times = new Map(rows.map((row) => [row.id, row]));
  return denials.flatMap(({ id, confirmedMs, deniedMs }) => {
    const row = times.get(id);
    if (row === undefined) return [];
    const marks = [confirmedMs, row.noted, row.recorded, row.judged, deniedMs];
    return [marks.slice(1).map((mark, nth) => mark - (marks[nth] ?? Number.NaN))];
  });
}

export async function benchLatency(): Promise<boolean> {
  const stage = await openStage(0, 0, { runaways: RUNAWAYS });
  const gate = createGateClient({ url: stage.daemon.url });
  const denials: Denial[] = [];
  try {
    await gate.ready();
    for (let index = 0; index < RUNAWAYS; index++) denials.push(await flee(stage, gate, index));
    const took = (end: 'closedMs' | 'deniedMs') => {
      const all = denials.map((each) => each[end] - each.confirmedMs);
      return `median ${at(all, 0.5).toFixed(1)} ms, p99 ${at(all, 0.99).toFixed(1)} ms`;
    };
    const steps = await stepsOf(stage, denials);
    const step = (nth: number): string =>
      at(
        steps.map((each) => each[nth] ?? Number.NaN),
        0.5,
      ).toFixed(1);
    say(
      `\nFrom the confirmed block of a withdrawal to the client, ${RUNAWAYS} runaways, each in a process's quiet`,
    );
    say(`  that no longer allows: ${took('closedMs')}`);
    say(`  that denies for delinquency: ${took('deniedMs')}`);
    say(
      `  medians: until the webhook is digested ${step(0)} ms, the reading recorded ${step(1)} ms, the verdict given ${step(2)} ms, the client told ${step(3)} ms`,
    );
  } finally {
    gate.close();
    await stage.close();
  }
  return true;
}
