// Walk: every command of the walk in docs/integration.md is run in a shell against `npm start`, and
// answers what the page says.
import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { freePort } from '../../src/local/free-port.ts';
import { COMPILED } from '../support/compiled.ts';

const ROOT = path.join(import.meta.dirname, '../..');
type Step = { readonly commands: string; readonly answers: string | null };

/** The shell blocks of the walk, each with the text block that follows it. */
function stepsOf(page: string): Step[] {
  const walk = page.slice(page.indexOf('## A walk'), page.indexOf('## An engine'));
  const blocks = [...walk.matchAll(/^```(sh|text)\n([\s\S]*?)^```$/gm)];
  return blocks.flatMap(([, kind, text = ''], index) => {
    if (kind !== 'sh') return [];
    const next = blocks[index + 1];
    return [{ commands: text, answers: next?.[1] === 'text' ? (next[2] ?? null) : null }];
  });
}
/** Whether the lines of an answer occur in the output, in order; `…` stands for anything. */
const patternOf = (answers: string): RegExp =>
  new RegExp(
    answers
      .trim()
      .split('\n')
      .map((line) =>
        line
          .split(/…| {2,}/)
          .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
          .join('[\\s\\S]*'),
      )
      .join('[\\s\\S]*'),
  );

test.each([
  ['Drift', 'drift-v2'],
  ['Velocity', 'velocity'],
])(
  'every command of the walk does at %s what the page says',
  async (_title, venue) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'bailiff-walk-'));
    const env = {
      PATH: process.env.PATH ?? '',
      HOME: process.env.HOME ?? '',
      ...COMPILED,
      BAILIFF_STATE_FOLDER: folder,
      BAILIFF_HTTP_PORT: String(await freePort()),
    };
    // Commands learn the venue from the file that the walk sources.
    const daemon = spawn(process.execPath, ['src/main.ts', 'start'], {
      cwd: ROOT,
      env: { ...env, BAILIFF_VENUES: venue },
    });
    let said = '';
    for (const stream of [daemon.stdout, daemon.stderr])
      stream.on('data', (chunk) => {
        said += String(chunk);
      });
    const ended = new Promise<void>((resolve) => daemon.once('exit', () => resolve()));
    try {
      await expect.poll(() => said, { interval: 100 }).toContain('A walk through it');
      const steps = stepsOf(readFileSync(path.join(ROOT, 'docs/integration.md'), 'utf8'));
      expect(steps.length).toBeGreaterThan(10);
      const prelude = (steps[0]?.commands ?? '').split('\n').slice(0, 2).join('\n');
      const run = (commands: string): Promise<string> =>
        new Promise((resolve) => {
          const text = `${prelude}\n${commands}`
            .replaceAll('.bailiff/sandbox.env', `${folder}/sandbox.env`)
            .replaceAll('receipt.json', `${folder}/receipt.json`);
          execFile('bash', ['-c', text], { cwd: ROOT, env }, (_error, stdout, stderr) =>
            resolve(stdout + stderr),
          );
        });
      let checked = 0;
      for (const { commands, answers: onPage } of steps) {
        const answers =
          venue === 'velocity'
            ? (onPage?.replace('USDC', 'USDT').replace('at Drift', 'at Velocity') ?? null)
            : onPage;
        const out = await run(commands);
        if (answers === null) expect(out, commands).not.toContain('problem');
        else if (patternOf(answers).test(out)) checked++;
        else {
          // What the daemon makes of the chain comes later: commands that look are asked again.
          const looks = !/-X POST \$API_URL\/v1\/(?!.*clearances)|bailiff local/.test(commands);
          expect(looks, `${commands}\n${out}`).toBe(true);
          await expect.poll(() => run(commands), { interval: 200 }).toMatch(patternOf(answers));
          checked++;
        }
      }
      expect(checked).toBe(steps.filter(({ answers }) => answers !== null).length);
    } finally {
      daemon.kill('SIGTERM');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    }
    // Forty processes one after the other: 100 s beside two other workers on two cores.
  },
  480_000,
);
