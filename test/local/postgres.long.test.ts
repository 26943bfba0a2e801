// Postgres: the embedded server across restarts, crashes and sharing.
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import postgres from 'postgres';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort } from '../../src/local/free-port.ts';
import { openPostgres } from '../../src/local/postgres.ts';
import { systemClock as clock } from '../../src/system/clock.ts';
import { silentLog as log } from '../../src/system/log.ts';

const folders: string[] = [];
const newFolder = (mode = 0o755): string => {
  const folder = mkdtempSync(path.join(tmpdir(), 'bailiff-pg-'));
  chmodSync(folder, mode);
  folders.push(folder);
  return folder;
};
/** A folder as a server left it that was started there once and closed. */
let used = '';
/**
 * A new folder with the data of that server, its owner and its rights. To make data anew takes
 * 1.5 s of CPU: that server and the one below a closed folder do it.
 */
const usedFolder = (): string => {
  const folder = newFolder();
  execFileSync('cp', ['-a', `${used}/.`, folder]);
  return folder;
};
beforeAll(async () => {
  used = newFolder();
  const first = await openPostgres({ folder: used, clock, log });
  await first.close();
});
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

const query = async <T>(url: string, run: (sql: postgres.Sql) => Promise<T>): Promise<T> => {
  const sql = postgres(url, { max: 1, fetch_types: false, onnotice: () => {} });
  try {
    return await run(sql);
  } finally {
    await sql.end();
  }
};
const answers = (url: string) =>
  query(url, async (sql) => (await sql`select 1`).length === 1).catch(() => false);

test('keeps its data across restarts', async () => {
  const folder = usedFolder();
  const first = await openPostgres({ folder, clock, log });
  await query(first.url, (sql) => sql.unsafe('create table kept as select 42 as answer'));
  await first.close();
  expect(await answers(first.url)).toBe(false);
  const second = await openPostgres({ folder, clock, log });
  expect((await query(second.url, (sql) => sql`select answer from kept`))[0]?.answer).toBe(42);
  await second.close();
});

test('works below a folder that only its owner may enter', async () => {
  const closed = newFolder(0o700);
  const server = await openPostgres({ folder: path.join(closed, 'state'), clock, log });
  expect(await answers(server.url)).toBe(true);
  folders.push(server.home);
  expect(statSync(path.join(closed, 'state/password')).mode & 0o077).toBe(0);
  await server.close();
});

/** Another process that opens the server and waits. */
async function otherProcess(folder: string) {
  const program = `
    import { openPostgres } from '${path.join(import.meta.dirname, '../../src/local/postgres.ts')}';
    import { systemClock as clock } from '${path.join(import.meta.dirname, '../../src/system/clock.ts')}';
    import { silentLog as log } from '${path.join(import.meta.dirname, '../../src/system/log.ts')}';
    const server = await openPostgres({ folder: ${JSON.stringify(folder)}, clock, log });
    console.log(server.url);
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const url = await new Promise<string>((resolve) =>
    child.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString().trim())),
  );
  const died = new Promise((resolve) => child.once('exit', resolve));
  return {
    url,
    pid: child.pid ?? 0,
    kill: async () => {
      child.kill('SIGKILL');
      await died;
    },
  };
}

/** The shell that a process has started. */
const shellOf = (pid: number): number | undefined =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    .trim()
    .split(' ')
    .map(Number)
    .find((each) => readFileSync(`/proc/${each}/cmdline`, 'utf8').startsWith('/bin/sh'));
/** False also for a process that has ended and whose parent has not heard of it. */
const isRunning = (pid: number): boolean =>
  existsSync(`/proc/${pid}`) && !/^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));

test('is never left running when its process was killed', async () => {
  const folder = usedFolder();
  const other = await otherProcess(folder);
  expect(await answers(other.url)).toBe(true);
  await other.kill();
  await expect.poll(() => answers(other.url)).toBe(false);
});

test('a second process shares the server and leaves it running', async () => {
  const folder = usedFolder();
  const other = await otherProcess(folder);
  const mine = await openPostgres({ folder, clock, log });
  expect(mine.url).toBe(other.url);
  await mine.close();
  expect(await answers(other.url)).toBe(true);
  await other.kill();
});

test('a server whose owner is gone is replaced by one that its watchdog does not stop', async () => {
  const folder = usedFolder();
  const other = await otherProcess(folder);
  // On Linux the watchdog is held up until another process has opened the server.
  const watchdog = process.platform === 'linux' ? shellOf(other.pid) : undefined;
  if (watchdog !== undefined) process.kill(watchdog, 'SIGSTOP');
  await other.kill();
  const mine = await openPostgres({ folder, clock, log });
  if (watchdog !== undefined) process.kill(watchdog, 'SIGCONT');
  await expect.poll(() => watchdog !== undefined && isRunning(watchdog)).toBe(false);
  expect(await answers(mine.url)).toBe(true);
  await mine.close();
  expect(await answers(mine.url)).toBe(false);
});

test('starts on another port where its port was taken meanwhile, and says why it gave up', async () => {
  // A server that takes connections and never answers.
  const callers: Socket[] = [];
  const other = createServer((caller) => callers.push(caller));
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const taken = (other.address() as AddressInfo).port;
  try {
    const ports = [taken, await freePort()];
    const server = await openPostgres({
      folder: usedFolder(),
      clock,
      log,
      findPort: async () => ports.shift() ?? taken,
    });
    expect(await answers(server.url)).toBe(true);
    expect(ports).toEqual([]);
    await server.close();
    await expect(
      openPostgres({ folder: usedFolder(), clock, log, findPort: async () => taken }),
    ).rejects.toThrow(
      /did not start: exited with 1\..*another postmaster.*could not create any TCP/,
    );
  } finally {
    for (const each of callers) each.destroy();
    await new Promise((resolve) => other.close(resolve));
  }
});
