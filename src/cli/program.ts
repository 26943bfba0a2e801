// Program: the commands, their arguments and their help. Each does its work in a module of its own.
import { Command } from 'commander';
import type { Clock, Log } from '../core/ports.ts';
import type { Parts } from '../parts.ts';
import {
  explainShare,
  halt,
  listPayments,
  listShares,
  resume,
  retryShare,
  voidShare,
} from './debts.ts';
import { createKey, listKeys, revokeKey } from './keys.ts';
import { createOutput } from './output.ts';
import { rebuild } from './rebuild.ts';

export type ProgramPorts = {
  readonly say: (text: string) => unknown;
  readonly terminal: NodeJS.WriteStream | null;
  readonly clock: Clock;
  readonly start: () => Promise<void>;
  readonly migrate: () => Promise<void>;
  readonly demo: (options: { keep: boolean; sources?: string }) => Promise<number>;
  readonly writeSettingsSchema: () => Promise<void>;
  readonly withParts: <T>(work: (parts: Parts, log: Log) => Promise<T>) => Promise<T>;
  readonly exitWith: (code: number) => void;
};

export function createProgram(ports: ProgramPorts): Command {
  const { clock, exitWith } = ports;
  const program = new Command('bailiff')
    .description('Chain-verified profit-share settlement for copy trading.')
    .showHelpAfterError('Ask for help with --help.')
    .option('--json', 'print one JSON document instead of sentences')
    .addHelpText(
      'after',
      '\nExit codes: 0 done, 1 failed, 2 wrong arguments, 3 something differs that a person must look at.',
    )
    .exitOverride((stop) => process.exit(stop.exitCode === 0 ? 0 : 2));
  const output = () => createOutput({ ...ports, json: program.opts().json === true });

  program
    .command('start')
    .description('run the daemon; with nothing set, in a local world of its own')
    .action(() => ports.start());
  program
    .command('demo')
    .description('show the main job end to end, then end')
    .option('--keep', 'stay afterwards, with URLs')
    .option('--sources <list>', 'no other source of news: webhooks, subscriptions, backfill, sweep')
    .action(async ({ keep, sources }: { keep?: boolean; sources?: string }) =>
      exitWith(
        await ports.demo({ keep: keep === true, ...(sources === undefined ? {} : { sources }) }),
      ),
    );
  program
    .command('migrate')
    .description('bring the database to this release')
    .action(() => ports.migrate());
  program
    .command('settings-schema')
    .description('write config/settings.schema.json anew')
    .action(() => ports.writeSettingsSchema());

  const payments = program.command('payments').description('what was paid');
  payments
    .command('rebuild')
    .description('after payments were lost: find on chain what was paid, and book it')
    .option('--dry-run', 'say what would be restored, and write nothing')
    .addHelpText(
      'after',
      '\nEvery payment carries its id on chain. A daemon whose books lack one of them refuses to pay that\nsubscriber until this has run. It may run beside daemons, and again.',
    )
    .action(async ({ dryRun }: { dryRun?: boolean }) =>
      exitWith(
        await ports.withParts((parts, log) =>
          rebuild(parts, { clock, log, output: output(), dryRun: dryRun === true }),
        ),
      ),
    );

  const reasoned = (command: Command): Command =>
    command.requiredOption('--reason <text>', 'why; it goes on record');
  const shares = program.command('shares').description('debts of subscribers to creators');
  shares
    .command('list')
    .description('the newest profit shares')
    .option('--subscriber <id>')
    .option('--status <status>', 'pending, processing, paid, failed or voided')
    .action((given: { subscriber?: string; status?: string }) =>
      ports.withParts((parts) => listShares(parts, output(), given)),
    );
  shares
    .command('retry <share>')
    .description('try a debt now, also one that waits for a person')
    .action(async (id: string) =>
      exitWith(await ports.withParts((parts) => retryShare(parts, output(), id))),
    );
  shares
    .command('explain <share>')
    .description('how a share came to be its amount, number by number')
    .action(async (id: string) =>
      exitWith(await ports.withParts((parts) => explainShare(parts, output(), id))),
    );
  reasoned(shares.command('void <share>').description('end a debt unpaid, or forgive it')).action(
    async (id: string, { reason }: { reason: string }) =>
      exitWith(await ports.withParts((parts) => voidShare(parts, output(), clock, id, reason))),
  );
  payments
    .command('list')
    .description('the newest payments')
    .option('--subscriber <id>')
    .action((given: { subscriber?: string }) =>
      ports.withParts((parts) => listPayments(parts, output(), given)),
    );
  reasoned(
    program
      .command('halt <scope>')
      .description('sign nothing new for: all, creator:WALLET or subscriber:ID'),
  ).action((scope: string, { reason }: { reason: string }) =>
    ports.withParts((parts) => halt(parts, output(), scope, reason)),
  );
  const keys = program.command('api-keys').description('who may use the API, and for what');
  keys
    .command('create <name>')
    .description('make a key; it is shown once')
    .requiredOption('--scopes <list>', 'gate:read, platform:write, operator; separated by commas')
    .action((name: string, { scopes }: { scopes: string }) =>
      ports.withParts((parts) => createKey(parts, output(), name, scopes.split(','))),
    );
  keys
    .command('list')
    .description('every key that was ever made')
    .action(() => ports.withParts((parts) => listKeys(parts, output())));
  keys
    .command('revoke <id>')
    .description('take a key back, for good')
    .action(async (id: string) =>
      exitWith(await ports.withParts((parts) => revokeKey(parts, output(), id))),
    );
  program
    .command('resume <scope>')
    .description('lift a halt')
    .action(async (scope: string) =>
      exitWith(await ports.withParts((parts) => resume(parts, output(), scope))),
    );
  return program;
}
