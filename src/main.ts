// Main: handles arguments, signals and exit codes. The daemon, its parts and the probes are
// imported only when they are needed, so that a command starts fast; the local world is, too, so
// that an installation without development dependencies runs.
import './system/native-warning.ts';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { exitCodeOf } from './cli/command-tools.ts';
import { createProgram } from './cli/program.ts';
import { wrong } from './core/doctor-finding.ts';
import { Fault, messageOf } from './core/fault.ts';
import { setByLedger } from './core/ledger-clock.ts';
import { ledgerFault } from './core/ledger-fault.ts';
import { elapsedMs, systemClock } from './system/clock.ts';
import { openLog } from './system/log.ts';
import { outliveReaders, requireExit } from './system/process-end.ts';
import { settingsJsonSchema } from './system/schema.ts';
import {
  loadSettings,
  processEnvironment,
  type Settings,
  wantsLocalWorld,
} from './system/settings.ts';
import { VERSION } from './system/version.ts';

const STOP_MS_MOST = 9_000;

const say = (text: string): boolean => process.stdout.write(`${text}\n`);

let serving = false;

/**
 * Resolves with the signal at SIGTERM or SIGINT. A stop that takes too long ends the process with
 * 1.
 */
function untilStopped(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    const stop = (signal: NodeJS.Signals): void => {
      setTimeout(() => process.exit(1), STOP_MS_MOST).unref();
      resolve(signal);
    };
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, stop);
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
  if (settings.secrets.databaseUrl === null)
    throw new Fault('settings_invalid', 'DATABASE_URL: is required for migrate; a postgres:// URL');
  const { openDatabase } = await import('./ledger/database.ts');
  const { migrate } = await import('./ledger/migrate.ts');
  const log = openLog(settings.logLevel);
  const sql = openDatabase(settings.secrets.databaseUrl, log, 1);
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

let exitCode = 0;
/** The time that commands write and compare is that of the database. */
const clock = setByLedger(systemClock, elapsedMs);
const program = createProgram({
  version: VERSION,
  say,
  terminal: process.stderr.isTTY ? process.stderr : null,
  clock,
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
  async probe() {
    let settings: Settings;
    try {
      settings = loadSettings(processEnvironment());
    } catch (thrown) {
      const mend = 'Mend every line of it; config/settings.schema.json says what each may be.';
      return [wrong('settings', messageOf(thrown), mend)];
    }
    const { probeAll } = await import('./probes/probes.ts');
    const { sponsorOf } = await import('./signer-parts.ts');
    return probeAll(settings, sponsorOf(settings), systemClock, openLog('error'));
  },
  async sandboxUrl() {
    const { stateFolder } = loadSettings(processEnvironment());
    const file = path.join(stateFolder, 'sandbox.json');
    const text = await readFile(file, 'utf8').catch(() => null);
    return text === null ? null : (JSON.parse(text) as { url: string }).url;
  },
  async withParts(work) {
    const settings = loadSettings(processEnvironment());
    // Commands talk through their output; what they log is for when something is wrong.
    const log = openLog('error');
    const { openParts } = await import('./daemon-parts.ts');
    const parts = await openParts(settings, clock, log);
    try {
      return await work({ parts, settings, log });
    } finally {
      await parts.sql.end({ timeout: 5 });
    }
  },
  exitWith(code) {
    exitCode = code;
  },
});

program.parseAsync(process.argv).then(
  () => process.exit(exitCode),
  (given: unknown) => {
    const thrown = ledgerFault(given);
    // A fault's message says what to do; anything else needs its stack.
    const text =
      thrown instanceof Fault
        ? thrown.message
        : thrown instanceof Error
          ? (thrown.stack ?? '')
          : messageOf(thrown);
    process.stderr.write(`${text}\n`);
    process.exit(exitCodeOf(thrown));
  },
);
