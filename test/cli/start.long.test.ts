// Start: the sentences that an operator reads when the daemon or a command cannot start; and a stop
// ends every process.
import { type ChildProcess, spawn } from 'node:child_process';
import { type AddressInfo, createServer } from 'node:net';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { freePort } from '../../src/local/free-port.ts';
import { type Ended as Answered, runCommand } from '../support/command.ts';
import { createDatabase } from '../support/database.ts';

const ROOT = path.join(import.meta.dirname, '../..');
type Ended = { code: number | null; signal: string | null; out: string };

function run(command: string, args: readonly string[], env: Record<string, string>) {
  const child: ChildProcess = spawn(command, args, {
    cwd: ROOT,
    env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', ...env },
  });
  let out = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk) => {
      out += String(chunk);
    });
  const ended = new Promise<Ended>((resolve) =>
    child.on('close', (code, signal) => resolve({ code, signal, out })),
  );
  return { child, ended, said: () => out };
}
const bailiff = (args: readonly string[], env: Record<string, string>) =>
  run(process.execPath, ['src/main.ts', ...args], { BAILIFF_NETWORK: 'local', ...env }).ended;
const NO_NODE = 'http://127.0.0.1:1';
/** A command of this process, on the database of a URL and without a node. */
const command = (args: readonly string[], url: string): Promise<Answered> =>
  runCommand(
    {
      database: { url },
      world: { chain: { rpcUrl: NO_NODE, wsUrl: 'ws://127.0.0.1:1' } },
      settings: { secrets: { masterKey: null } },
    },
    args,
  );

test('a Postgres that cannot be used is told in one sentence with what to do, and no stack', async () => {
  await using database = await createDatabase();
  const url = new URL(database.url);
  const other = (change: (url: URL) => void): string => {
    const copy = new URL(url);
    change(copy);
    return copy.href;
  };
  const missing = other((copy) => {
    copy.pathname = '/no_such_database';
  });
  const refused = other((copy) => {
    copy.port = '1';
  });
  const unknownHost = other((copy) => {
    copy.hostname = 'no-such-host.invalid';
  });
  // Two servers that are no Postgres: one closes each connection, the other resets each.
  const closing = createServer((socket) => socket.resume().end());
  const resetting = createServer((socket) => socket.resetAndDestroy());
  // A server that takes connections and says nothing, as behind a firewall that swallows answers.
  const silent = createServer((socket) => socket.resume());
  const [closed, reset, unanswered] = await Promise.all(
    [closing, resetting, silent].map(async (server) => {
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return other((copy) => {
        copy.port = String((server.address() as AddressInfo).port);
      });
    }),
  );
  onTestFinished(() => {
    for (const server of [closing, resetting, silent]) server.close();
  });
  const list = ['shares', 'list'];
  const told = await Promise.all([
    bailiff(['migrate'], { DATABASE_URL: refused }),
    command(list, missing),
    command(list, 'postgres://u:a/b+c@h/d'),
    command(list, unknownHost),
    bailiff(['start'], { DATABASE_URL: closed as string, BAILIFF_RPC_URL: NO_NODE }),
    command(list, reset as string),
    command(list, `${unanswered}?connect_timeout=1`),
  ]);
  expect(told.map((each) => each.code)).toEqual([1, 1, 1, 1, 1, 1, 1]);
  expect(told[0].out).toContain('Nothing listens at the address of DATABASE_URL.');
  expect(told[1].out).toContain('Postgres has no database of the name in DATABASE_URL.');
  expect(told[2].out).toContain('percent-encode');
  expect(told[3].out).toContain('The host name in DATABASE_URL cannot be resolved.');
  expect(told[4].out).toContain('names the host and port of a Postgres');
  expect(told[5].out).toContain('names the host and port of a Postgres');
  expect(told[6].out).toContain('The host in DATABASE_URL does not answer.');
  for (const { out } of told) expect(out).not.toMatch(/^ +at /m);
});

test('a database of a newer release is refused by start, migrate, doctor and every command', async () => {
  await using database = await createDatabase();
  await database.sql`insert into migration (version, name, hash) values (9999, '9999_future.sql', 'x')`;
  const env = { DATABASE_URL: database.url, BAILIFF_RPC_URL: NO_NODE };
  for (const answer of [
    bailiff(['start'], env),
    bailiff(['migrate'], env),
    command(['shares', 'list'], database.url),
    command(['doctor'], database.url),
  ]) {
    const { code, out } = await answer;
    expect(code, out).not.toBe(0);
    expect(out).toContain('newer release');
  }
});

test('a reader that closes the pipe early is no error, and the version is told', async () => {
  const { code, out } = await run(
    'bash',
    ['-c', `${process.execPath} src/main.ts --help | head -0; echo "$PIPESTATUS"`],
    {},
  ).ended;
  expect([code, out.trim()]).toEqual([0, '0']);
  expect((await bailiff(['--version'], {})).out).toMatch(/^\d+\.\d+\.\d+\n$/);
});

test('wrong settings name the variable that set them', async () => {
  const { code, out } = await bailiff(['start'], {
    BAILIFF_MODE: 'watch',
    BAILIFF_SOURCES: 'radio',
  });
  expect(code).toBe(1);
  expect(out).toContain('BAILIFF_MODE (mode): must be');
  expect(out).toContain('BAILIFF_SOURCES (watch.sources[0]): must be');
});

test('a port that another process has, and an address of another machine, are told with what to do', async () => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    taken.close();
  });
  const start = async (address: Record<string, string>) => {
    await using database = await createDatabase();
    return await bailiff(['start'], {
      DATABASE_URL: database.url,
      BAILIFF_DRIFT_PROGRAM: '/nonexistent',
      BAILIFF_API_KEYS: 'a-key-that-is-long-enough-for-this',
      ...address,
    });
  };
  const port = String((taken.address() as AddressInfo).port);
  const busy = await start({ BAILIFF_HTTP_PORT: port });
  const foreign = await start({ BAILIFF_HTTP_PORT: '0', BAILIFF_HTTP_HOST: '203.0.113.1' });
  expect([busy.code, foreign.code]).toEqual([1, 1]);
  expect(busy.out).toContain(`cannot listen at 127.0.0.1:${port}: another process listens there`);
  expect(foreign.out).toContain('this machine has no such address. Set BAILIFF_HTTP_HOST');
  for (const { out } of [busy, foreign]) expect(out).not.toMatch(/^ +at /m);
});

test('SIGTERM to npm start ends the daemon and all that it started', async () => {
  const started = run('npm', ['start'], {
    BAILIFF_HTTP_PORT: '0',
    BAILIFF_DRIFT_PROGRAM: '/nonexistent',
  });
  await expect.poll(started.said).toContain('app.ready');
  const pid = Number(/"pid":(\d+)/.exec(started.said())?.[1]);
  started.child.kill('SIGTERM');
  expect((await started.ended).out).toMatch(/"signal":"SIGTERM","event":"app.stopping"/);
  // The signal reached the daemon through npm: it has ended, or will end soon.
  await expect
    .poll(() => {
      try {
        process.kill(pid, 0);
        return 'alive';
      } catch {
        return 'gone';
      }
    })
    .toBe('gone');
});

test('a signal that is sent twice, as by a terminal and by npm, lets the daemon end its work', async () => {
  await using database = await createDatabase();
  const started = run(process.execPath, ['src/main.ts', 'start'], {
    BAILIFF_NETWORK: 'local',
    DATABASE_URL: database.url,
    BAILIFF_HTTP_PORT: '0',
    BAILIFF_DRIFT_PROGRAM: '/nonexistent',
  });
  await expect.poll(started.said).toContain('app.ready');
  started.child.kill('SIGINT');
  await expect.poll(started.said).toContain('app.stopping');
  started.child.kill('SIGINT');
  expect(await started.ended).toMatchObject({ code: 0, signal: null });
});

test('a daemon whose output is read no more goes on until a signal ends it', async () => {
  await using database = await createDatabase();
  const port = await freePort();
  // Writes to standard output as a library may, once the daemon handles errors of it.
  const writing = `setInterval(() => {
    if (process.stdout.listenerCount('error') > 0) process.stdout.write('said by a library\\n');
  }, 20).unref();`;
  const started = run(process.execPath, ['src/main.ts', 'start'], {
    BAILIFF_NETWORK: 'local',
    DATABASE_URL: database.url,
    BAILIFF_HTTP_PORT: String(port),
    BAILIFF_DRIFT_PROGRAM: '/nonexistent',
    NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(writing)}`,
  });
  await new Promise((resolve) => started.child.stdout?.once('data', resolve));
  started.child.stdout?.destroy();
  const live = () =>
    fetch(`http://127.0.0.1:${port}/health/live`).then(
      ({ status }) => status,
      () => `exit code ${started.child.exitCode}`,
    );
  await expect.poll(live).toBe(200);
  started.child.kill('SIGTERM');
  expect((await started.ended).code).toBe(0);
});

test('a process whose event loop runs empty before its work has ended fails', async () => {
  const script = `
    import { requireExit } from './src/system/process-end.ts';
    requireExit((text) => process.stderr.write(text));
    new Promise(() => {});`;
  const { code, out } = await run(process.execPath, ['--input-type=module', '-e', script], {})
    .ended;
  expect({ code, out }).toEqual({ code: 1, out: expect.stringContaining('nothing left to wait') });
});
