// Main: handles arguments, signals and exit codes of the process. The daemon and its parts are
// imported only when they are needed, so that a command starts fast; the local world is, too, so
// that an installation without development dependencies runs.
import './system/native-warning.ts';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { runCommandLine } from './command-wiring.ts';
import { Fault } from './core/fault.ts';
import { systemClock } from './system/clock.ts';
import { openLog } from './system/log.ts';
import { outliveReaders, requireExit } from './system/process-end.ts';
import { settingsJsonSchema } from './system/schema.ts';
import { loadSettings, processEnvironment, wantsLocalWorld } from './system/settings.ts';

const STOP_MS_MOST = 9_000;
/** A signal later than this after the first asks to stop at once. */
const AGAIN_MS = 1_000;

const say = (text: string): boolean => process.stdout.write(`${text}\n`);

let serving = false;

/**
 * Resolves with the signal at SIGTERM or SIGINT. A stop that takes too long ends the process with
 * 1, and so does a signal more than a second after the first: npm passes on the SIGINT that the
 * terminal has sent already, which must not end a stop that has just begun.
 */
function untilStopped(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let sinceMs: number | null = null;
    const stop = (signal: NodeJS.Signals): void => {
      if (sinceMs !== null && performance.now() - sinceMs > AGAIN_MS) process.exit(1);
      if (sinceMs !== null) return;
      sinceMs = performance.now();
      setTimeout(() => process.exit(1), STOP_MS_MOST).unref();
      resolve(signal);
    };
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, stop);
  });
}

async function start(): Promise<void> {
  serving = true;
  const given = loadSettings(processEnvironment());
  const log = openLog(given.logLevel);
  const stopped = untilStopped();
  await using stack = new AsyncDisposableStack();
  let settings = given;
  let world: import('./local/world.ts').ServedWorld | null = null;
  const local = wantsLocalWorld(given);
  if (local || given.secrets.databaseUrl === null) {
    const { furnish } = await import('./local/furnish.ts').catch((thrown: unknown) => {
      throw new Fault(
        'settings_invalid',
        'DATABASE_URL and BAILIFF_NETWORK must be set: this installation has no embedded parts.',
        { cause: thrown },
      );
    });
    const furnished = stack.adopt(await furnish(given, systemClock, log), (open) => open.close());
    settings = furnished.settings;
    world = furnished.world;
  }
  const { startApp } = await import('./app.ts');
  const app = stack.adopt(await startApp(settings, systemClock, log), (open) => open.close());
  if (world !== null) {
    const { openSandbox } = await import('./local/furnish.ts');
    const sandbox = stack.adopt(await openSandbox(world, settings, app.url), (open) =>
      open.close(),
    );
    say('');
    say('  THIS IS A LOCAL WORLD: a chain, a venue and money that exist only in this process.');
    say(
      `  Nothing here is real, and it ends with the process. API ${app.url}  RPC ${settings.rpc.url}`,
    );
    say('  No API key is needed. The database and the master key, for commands in another shell:');
    say(`    source ${sandbox.envFile}`);
    say(`    DATABASE_URL=${settings.secrets.databaseUrl}`);
    say('  People of this chain: bailiff local --help, or the page at');
    say(`    ${sandbox.url}/`);
    say('  A walk through it: docs/integration.md.');
    say('  To run on a real network set BAILIFF_NETWORK and what it then asks for; see README.md.');
    say('');
  }
  // At `warn`, so that each end with exit code 0 has a line that says why.
  log.warn('app.stopping', { signal: await stopped });
}

async function runMigrations(): Promise<void> {
  const settings = loadSettings(processEnvironment());
  const { databaseUrl, directDatabaseUrl } = settings.secrets;
  if (databaseUrl === null)
    throw new Fault('settings_invalid', 'DATABASE_URL: is required for migrate; a postgres:// URL');
  const { openDatabase } = await import('./ledger/database.ts');
  const { migrate } = await import('./ledger/migrate.ts');
  const log = openLog(settings.logLevel);
  const sql = openDatabase(directDatabaseUrl ?? databaseUrl, log, 1);
  try {
    const applied = await migrate(sql, log);
    say(applied.length === 0 ? 'The database is up to date.' : `Applied ${applied.join(', ')}.`);
  } finally {
    await sql.end();
  }
}

outliveReaders(() => serving);
requireExit((text) => process.stderr.write(`${text}\n`));

const NO_SUITE =
  'This installation has no contract suite. Run bailiff venue prove in a checkout of the project after npm ci, on the same BAILIFF_RPC_URL and DATABASE_URL; or accept the hash.';

void runCommandLine({
  args: process.argv.slice(2),
  env: processEnvironment(),
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  terminal: process.stderr.isTTY ? process.stderr : null,
  openLog,
  start,
  migrate: runMigrations,
  async demo({ keep, sources, venue, guard }) {
    const { runDemo } = await import('./local/demo.ts');
    return runDemo({ keep, venue, guard, say, ...(sources === undefined ? {} : { sources }) });
  },
  async prove(bytes, venue) {
    const { proveProgram } = await import('./local/prove.ts').catch((thrown: unknown) => {
      throw new Fault('settings_invalid', NO_SUITE, { cause: thrown });
    });
    return proveProgram(bytes, venue);
  },
  writeSettingsSchema: () =>
    writeFile(
      path.join(import.meta.dirname, '../config/settings.schema.json'),
      settingsJsonSchema(),
    ),
}).then((code) => process.exit(code));
