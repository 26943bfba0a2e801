// Command: a command line of `bailiff` on a street's database and chain. `runCommand` runs it in
// this process, which has its modules already, by the function that `src/main.ts` calls, too;
// `runProcess` as a process of its own, and `startProcess` as one that the test can kill.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import path from 'node:path';
import { runCommandLine } from '../../src/command-wiring.ts';
import { proveProgram } from '../../src/local/prove.ts';
import { openLog } from '../../src/system/log.ts';
import { COMPILED } from './compiled.ts';
import type { Street } from './street.ts';

const ROOT = path.join(import.meta.dirname, '../..');

/** What a command needs of a street. */
export type Place = {
  readonly database: { readonly url: string };
  readonly world: { readonly chain: { readonly rpcUrl: string; readonly wsUrl: string } };
  readonly settings: { readonly secrets: Pick<Street['settings']['secrets'], 'masterKey'> };
};
/** The exit code, and standard output; of a command that failed also standard error after it. */
export type Ended = { readonly code: number; readonly out: string };

const environmentOf = (
  { database, world, settings }: Place,
  more: Record<string, string> = {},
) => ({
  BAILIFF_NETWORK: 'local',
  DATABASE_URL: database.url,
  BAILIFF_RPC_URL: world.chain.rpcUrl,
  BAILIFF_RPC_WS_URL: world.chain.wsUrl,
  BAILIFF_MASTER_KEY: Buffer.from(settings.secrets.masterKey ?? []).toString('base64'),
  ...more,
});

/** Runs a command in this process; never throws. What needs a whole process is refused. */
export async function runCommand(
  place: Place,
  args: readonly string[],
  given: { env?: Record<string, string> } = {},
): Promise<Ended> {
  let stdout = '';
  let stderr = '';
  const out = (text: string): void => {
    stdout += text;
  };
  const process = () => Promise.reject(new Error('this command needs a process of its own'));
  const code = await runCommandLine({
    args,
    env: environmentOf(place, given.env),
    out,
    err: (text) => {
      stderr += text;
    },
    terminal: null,
    openLog: (level) => openLog(level, { write: out }),
    start: process,
    migrate: process,
    demo: process,
    prove: proveProgram,
    writeSettingsSchema: process,
  });
  return { code, out: code === 0 ? stdout : stdout + stderr };
}

const processEnvironmentOf = (place: Place, more?: Record<string, string>) => ({
  PATH: process.env.PATH ?? '',
  ...COMPILED,
  ...environmentOf(place, more),
});

/** Starts a command as a process, whose output is not read. */
export const startProcess = (place: Place, args: readonly string[]): ChildProcess =>
  spawn(process.execPath, ['src/main.ts', ...args], {
    cwd: ROOT,
    env: processEnvironmentOf(place),
    stdio: 'ignore',
  });

/** Runs a command as a process; never throws. `input` is its standard input. */
export function runProcess(
  place: Place,
  args: readonly string[],
  given: { env?: Record<string, string>; input?: string } = {},
): Promise<Ended> {
  const env = processEnvironmentOf(place, given.env);
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      ['src/main.ts', ...args],
      { cwd: ROOT, env },
      (error, stdout, stderr) =>
        resolve(
          error === null
            ? { code: 0, out: stdout }
            : { code: Number(error.code), out: stdout + stderr },
        ),
    );
    child.stdin?.end(given.input ?? '');
  });
}
