// Workers: the seeds of a run, shared among several processes. Each process plays one block of
// seeds and ends, so that what it keeps in memory ends too; the figures of all blocks are added up.
import { spawn } from 'node:child_process';
import path from 'node:path';

export type Figures = {
  seeds: number;
  failed: number;
  steps: number;
  kills: number;
  forks: number;
  losses: number;
  payments: number;
  atVelocity: number;
  dead: number;
  rerouted: number;
};
export const noFigures = (): Figures => ({
  seeds: 0,
  failed: 0,
  steps: 0,
  kills: 0,
  forks: 0,
  losses: 0,
  payments: 0,
  atVelocity: 0,
  dead: 0,
  rerouted: 0,
});
export function add(total: Figures, part: Figures): void {
  for (const key of Object.keys(total) as (keyof Figures)[]) total[key] += part[key];
}

/** Seeds in one block: enough that the second that a process takes to start does not count. */
const BLOCK = 100;
const RUN = path.join(import.meta.dirname, 'run.ts');
/**
 * A history makes much garbage that does not live long: more room for it saves a third of the time.
 */
export const ROOM_FOR_GARBAGE = '--max-semi-space-size=32';

/**
 * Plays one block in a process of its own. Its last line holds the figures, every other line a
 * failure.
 */
function playBlock(from: number, seeds: number, flags: readonly string[]): Promise<Figures> {
  return new Promise((resolve, reject) => {
    const given = [ROOM_FOR_GARBAGE, RUN, '--from', String(from), '--seeds', String(seeds)];
    const child = spawn(process.execPath, [...given, ...flags], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
    child.once('error', reject).once('close', () => {
      const lines = text.trimEnd().split('\n');
      const last = lines.pop() ?? '';
      if (lines.length > 0) process.stdout.write(`${lines.join('\n')}\n`);
      try {
        resolve(JSON.parse(last) as Figures);
      } catch {
        reject(new Error(`the seeds from ${from} ended without figures: ${last}`));
      }
    });
  });
}

/**
 * Plays the seeds in so many processes at once, and writes the sum after every block. `flags` are
 * passed on.
 */
export async function playAmong(
  workers: number,
  { from, seeds }: { from: number; seeds: number },
  flags: readonly string[],
): Promise<Figures> {
  const total = noFigures();
  let next = from;
  const end = from + seeds;
  const work = async (): Promise<void> => {
    while (next < end) {
      const first = next;
      next = Math.min(end, first + BLOCK);
      add(total, await playBlock(first, next - first, flags));
      process.stdout.write(`${JSON.stringify(total)}\n`);
    }
  };
  await Promise.all(Array.from({ length: workers }, work));
  return total;
}
