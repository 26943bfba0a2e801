// Demo: the command as a stranger runs it, and the same story with the daemon killed at any moment.
import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { Daemon } from '../../src/local/daemon.ts';
import { runStory } from '../../src/local/demo.ts';
import type { Ending } from '../../src/local/story.ts';
import { processEnvironment } from '../../src/system/settings.ts';

const ROOT = path.join(import.meta.dirname, '../..');
const folder = mkdtempSync(path.join(tmpdir(), 'bailiff-demo-'));
// Reachable by whoever PostgreSQL runs as, so that everything it keeps is below this folder.
chmodSync(folder, 0o755);
process.env.BAILIFF_STATE_FOLDER = folder;
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('the command tells the whole story and ends with 0', async () => {
  const child = spawn(process.execPath, ['src/main.ts', 'demo'], {
    cwd: ROOT,
    env: processEnvironment() as NodeJS.ProcessEnv,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  const code = await new Promise<number | null>((resolve) => child.once('exit', resolve));
  expect(code, output).toBe(0);
  for (const told of [
    'Done: the creator was owed',
    'DENY. Withdrew 500.000000 USDC',
    'ALLOW. In good standing',
    'Try next',
  ])
    expect(output).toContain(told);
}, 90_000);

const quiet = { keep: false, say: () => {} };
let undisturbed: Promise<Ending> | null = null;
/** How the story ends when nothing is in its way; told once. */
const undisturbedStory = (): Promise<Ending> => {
  undisturbed ??= runStory(quiet);
  return undisturbed;
};

/** Kills the daemon at moments drawn from a seed, a number of times. */
async function killedStory(
  seed: number,
  kills: number,
): Promise<{ ending: Ending; killed: number }> {
  let state = seed;
  const random = () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
  let killed = 0;
  let over = false;
  const killer = (daemon: Daemon): void => {
    const again = (): void => {
      if (over || killed >= kills) return;
      const pid = daemon.pid();
      if (pid !== undefined) process.kill(pid, 'SIGKILL');
      killed++;
      setTimeout(again, 900 + random() * 1_600);
    };
    setTimeout(again, 1_000 + random() * 1_000);
  };
  try {
    return { ending: await runStory({ ...quiet, onDaemon: killer }), killed };
  } finally {
    over = true;
  }
}

test.each(['webhooks', 'subscriptions', 'backfill', 'sweep'])(
  'with every source but %s switched off the story ends the same',
  async (sources) => {
    expect(await runStory({ ...quiet, sources })).toEqual(await undisturbedStory());
  },
  120_000,
);

test('kill -9 at any moment: the story ends with the same balances', async () => {
  const undisturbed = await undisturbedStory();
  expect(undisturbed.creator).toBe(undisturbed.anaOwed + undisturbed.boOwed);
  for (const seed of [11, 4711]) {
    const { ending, killed } = await killedStory(seed, 8);
    expect(killed, `seed ${seed}`).toBeGreaterThan(3);
    expect(ending, `seed ${seed}`).toEqual(undisturbed);
  }
}, 240_000);
