// Main: the edge of the process: arguments, signals, exit codes. It imports the local world only when it is asked for,
// so that an installation without development dependencies runs without it.
import './system/native-warning.ts';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { startApp } from './app.ts';
import { Fault, messageOf } from './core/fault.ts';
import { openDatabase } from './ledger/database.ts';
import { migrate } from './ledger/migrate.ts';
import { systemClock } from './system/clock.ts';
import { openLog } from './system/log.ts';
import { settingsJsonSchema } from './system/schema.ts';
import { loadSettings, processEnvironment, wantsLocalWorld } from './system/settings.ts';

const HELP = `bailiff: chain-verified profit-share settlement for copy trading

  start             run the daemon; with nothing set, in a local world of its own
  demo [--keep]     show the main job end to end, then end (or stay, with URLs)
       [--sources webhooks|subscriptions|backfill|sweep,…]   with no other source of news
  migrate           bring the database to this release
  settings-schema   write config/settings.schema.json anew
`;
const STOP_MS_MOST = 9_000;

const say = (text: string): boolean => process.stdout.write(`${text}\n`);

/** Resolves at SIGTERM or SIGINT. A stop that takes too long ends the process with 1. */
function untilStopped(): Promise<void> {
  return new Promise((resolve) => {
    const stop = (): void => {
      setTimeout(() => process.exit(1), STOP_MS_MOST).unref();
      resolve();
    };
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, stop);
  });
}

async function start(): Promise<void> {
  const given = loadSettings(processEnvironment());
  const log = openLog(given.logLevel);
  const stopped = untilStopped();
  await using stack = new AsyncDisposableStack();
  let settings = given;
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
  }
  const app = stack.adopt(await startApp(settings, systemClock, log), (open) => open.close());
  if (local) {
    say('');
    say('  THIS IS A LOCAL WORLD: a chain, a venue and money that exist only in this process.');
    say(
      `  Nothing here is real, and it ends with the process. API ${app.url}  RPC ${settings.rpc.url}`,
    );
    say('  To run on a real network set BAILIFF_NETWORK and what it then asks for; see README.md.');
    say('');
  }
  await stopped;
  log.info('app.stopping', {});
}

async function runMigrations(): Promise<void> {
  const settings = loadSettings(processEnvironment());
  if (settings.secrets.databaseUrl === null)
    throw new Fault('settings_invalid', 'DATABASE_URL: is required for migrate; a postgres:// URL');
  const log = openLog(settings.logLevel);
  const sql = openDatabase(settings.secrets.databaseUrl, log, 1);
  try {
    const applied = await migrate(sql, log);
    say(applied.length === 0 ? 'The database is up to date.' : `Applied ${applied.join(', ')}.`);
  } finally {
    await sql.end();
  }
}

async function main(): Promise<number> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      keep: { type: 'boolean' },
      sources: { type: 'string' },
      help: { type: 'boolean' },
    },
  });
  const [command] = positionals;
  if (values.help || command === undefined) {
    say(HELP);
    return values.help ? 0 : 2;
  }
  switch (command) {
    case 'start':
      await start();
      return 0;
    case 'demo': {
      const { runDemo } = await import('./local/demo.ts');
      const { sources } = values;
      return runDemo({ keep: values.keep === true, say, ...(sources ? { sources } : {}) });
    }
    case 'migrate':
      await runMigrations();
      return 0;
    case 'settings-schema':
      await writeFile(
        path.join(import.meta.dirname, '../config/settings.schema.json'),
        settingsJsonSchema(),
      );
      return 0;
    default:
      say(`There is no command "${command}".\n\n${HELP}`);
      return 2;
  }
}

main().then(
  (code) => process.exit(code),
  (thrown: unknown) => {
    // A fault's message says what to do; anything else needs its stack.
    const text =
      thrown instanceof Fault
        ? thrown.message
        : thrown instanceof Error
          ? (thrown.stack ?? '')
          : messageOf(thrown);
    process.stderr.write(`${text}\n`);
    process.exit(1);
  },
);
