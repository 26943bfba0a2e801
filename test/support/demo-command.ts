// Demo command: `npm run demo` as a stranger runs it, in a process of its own.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { processEnvironment } from '../../src/system/settings.ts';

const ROOT = path.join(import.meta.dirname, '../..');

/** Runs the command with this folder for what it keeps. Resolves when it has ended. */
export async function runDemo(folder: string): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, ['src/main.ts', 'demo'], {
    cwd: ROOT,
    env: { ...(processEnvironment() as NodeJS.ProcessEnv), BAILIFF_STATE_FOLDER: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  const code = await new Promise<number | null>((resolve) => child.once('exit', resolve));
  return { code, output };
}
