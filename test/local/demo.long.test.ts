// Demo: the command as a stranger runs it, its story with one source of news alone, and with the
// daemon killed at any moment, under either guard. Each telling has a world, a database and a
// daemon of its own, the command an embedded Postgres; five are told side by side, since each of
// them waits most of its time.

import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { formatUnits } from '../../src/core/money.ts';
import { SOURCES } from '../../src/core/source.ts';
import type { Daemon } from '../../src/local/daemon.ts';
import { type DemoOptions, runStory } from '../../src/local/demo.ts';
import type { Ending } from '../../src/local/story.ts';
import { createDatabase } from '../support/database.ts';
import { runDemo } from '../support/demo-command.ts';
import { openGeyser, tellChain } from '../support/geyser-server.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'bailiff-demo-'));
// Readable for the user that PostgreSQL runs as, so that all its files lie below this folder.
chmodSync(folder, 0o755);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A folder for what one story keeps. */
function folderOf(name: string): string {
  const made = path.join(folder, name);
  mkdirSync(made, { mode: 0o755 });
  return made;
}

async function told(
  name: string,
  more: Pick<DemoOptions, 'sources' | 'venue' | 'guard' | 'onDaemon' | 'daemonEnv'>,
): Promise<Ending> {
  await using database = await createDatabase({ empty: true });
  const options = { keep: false, say: () => {}, databaseUrl: database.url };
  return await runStory({ ...options, stateFolder: folderOf(name), ...more });
}

/** The story with a gRPC stream alone, whose provider restarts every second. */
async function streamed(): Promise<Ending> {
  await using server = await openGeyser();
  const restarts = setInterval(() => server.drop(), 1_000);
  try {
    return await told('stream', {
      sources: 'stream',
      async daemonEnv(world) {
        tellChain(server, world.cluster);
        return { BAILIFF_STREAM_URL: server.url, BAILIFF_STREAM_TOKEN: 'a token' };
      },
    });
  } finally {
    clearInterval(restarts);
  }
}

const GUARDS = ['blockhash', 'nonce'] as const;
type Guard = (typeof GUARDS)[number];
const KILLS = 6;
/**
 * Kills the daemon six times, at moments drawn from a seed: some answers later, and once more while
 * it starts again. Before it is killed anew it has answered, so that the story goes on however slow
 * the machine is.
 */
async function killedStory(
  guard: Guard,
  seed: number,
): Promise<{ ending: Ending; killed: number }> {
  let state = seed;
  const random = () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
  let killed = 0;
  let over = false;
  const onDaemon = (daemon: Daemon): void => {
    const kill = async (): Promise<void> => {
      await sleep(random() * 1_000);
      const pid = daemon.pid();
      if (over || pid === undefined) return;
      process.kill(pid, 'SIGKILL');
      killed++;
      while (!over && daemon.pid() === pid) await sleep(20);
    };
    const { ask } = daemon;
    let answersLeft = 1;
    const asked: Daemon['ask'] = async (...given) => {
      const answer = await ask<never>(...given);
      if (killed < KILLS && --answersLeft === 0)
        void kill()
          .then(kill)
          .finally(() => {
            answersLeft = 1 + Math.floor(random() * 10);
          });
      return answer;
    };
    Object.assign(daemon, { ask: asked });
  };
  try {
    const ending = await told(`killed-${guard}`, { venue: 'both', guard, onDaemon });
    return { ending, killed };
  } finally {
    over = true;
  }
}

/** Begins one piece of work after the other. A test waits for its own, and fails with it. */
function oneByOne<T extends (() => Promise<unknown>)[]>(
  ...works: T
): { [Index in keyof T]: ReturnType<T[Index]> } {
  let last: Promise<unknown> = Promise.resolve();
  return works.map((work) => {
    last = last.then(work, work);
    last.catch(() => {});
    return last;
  }) as never;
}

let command: ReturnType<typeof runDemo>;
let killing: Readonly<Record<Guard, ReturnType<typeof killedStory>>>;
let alone: Readonly<Record<(typeof SOURCES)[number], Promise<Ending>>>;
beforeAll(() => {
  const by = (sources: string) => () => told(sources, { sources });
  const [blockhash] = oneByOne(() => killedStory('blockhash', 4_711));
  const [nonce] = oneByOne(() => killedStory('nonce', 4_712));
  const [first] = oneByOne(() => runDemo(folderOf('command')));
  const [webhooks, subscriptions] = oneByOne(by('webhooks'), by('subscriptions'));
  const [backfill, sweep] = oneByOne(by('backfill'), by('sweep'));
  const [stream] = oneByOne(streamed);
  command = first;
  killing = { blockhash, nonce };
  alone = { webhooks, subscriptions, stream, backfill, sweep };
});

test('the command tells the whole story and ends with 0', async () => {
  const { code, output } = await command;
  expect(code, output).toBe(0);
  for (const each of [
    'Done: the creator was owed',
    'DENY. Withdrew 500.000000 USDC',
    'ALLOW. In good standing',
    'Try next',
  ])
    expect(output).toContain(each);
});

test.each(SOURCES)(
  'with every source but %s switched off the story ends the same',
  async (source) => {
    const ending = await alone[source];
    expect(ending).toEqual(await alone.webhooks);
    const { anaOwed, boOwed, creator } = ending;
    expect(creator).toBe(anaOwed + boOwed);
    expect((await command).output).toContain(
      `the creator was owed ${formatUnits(anaOwed + boOwed)} USDC and holds ${formatUnits(creator)} USDC.`,
    );
  },
);

test.each(GUARDS)(
  'kill -9 at any moment, at both venues, under a %s: the story ends with the same balances',
  async (guard) => {
    const { ending, killed } = await killing[guard];
    expect(killed).toBeGreaterThan(3);
    const { second, ...atDrift } = ending;
    const { second: none, ...alike } = await alone.webhooks;
    expect(none).toBeNull();
    // Bo takes 500 out of Velocity instead of Drift v2.
    expect(atDrift).toEqual({ ...alike, boDeposit: alike.boDeposit + 500_000_000n });
    // What Bo owes at Velocity is paid there, in its token.
    expect(second?.boOwed).toBeGreaterThan(0n);
    expect(second?.creator).toBe(second?.boOwed);
  },
);
