// Command: `bailiff` as a process of its own, on a street's database and chain.
import { execFile } from 'node:child_process';
import path from 'node:path';
import { COMPILED } from './compiled.ts';
import type { Street } from './street.ts';

const ROOT = path.join(import.meta.dirname, '../..');

/** Runs a command; never throws. `input` is its standard input. */
export function runCommand(
  street: Street,
  args: readonly string[],
  given: { env?: Record<string, string>; input?: string } = {},
): Promise<{ code: number; out: string }> {
  const { secrets } = street.settings;
  const env = {
    PATH: process.env.PATH ?? '',
    ...COMPILED,
    BAILIFF_NETWORK: 'local',
    DATABASE_URL: street.database.url,
    BAILIFF_RPC_URL: street.world.chain.rpcUrl,
    BAILIFF_RPC_WS_URL: street.world.chain.wsUrl,
    BAILIFF_MASTER_KEY: Buffer.from(secrets.masterKey ?? []).toString('base64'),
    ...given.env,
  };
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
