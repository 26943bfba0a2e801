// Program: the command line: global options, help, and the commands, which each file of this folder
// adds for its noun.

import { Command, InvalidArgumentError, Option } from 'commander';
import { redaction } from '../chain/keypair.ts';
import { personOf } from '../core/act.ts';
import type { Finding } from '../core/doctor-finding.ts';
import type { Clock } from '../core/ports.ts';
import { DEFAULT_VENUE, VENUE_NAMES, type VenueName } from '../core/venue-name.ts';
import { addActs } from './acts.ts';
import { addAgentKeys } from './agent-keys.ts';
import { addApiKeys } from './api-keys.ts';
import { addAudit } from './audit.ts';
import { addCloses } from './closes.ts';
import { createTools, type Opened } from './command-tools.ts';
import { addDebts } from './debts.ts';
import { report } from './doctor.ts';
import { addEarnings } from './earnings.ts';
import { addHalts } from './halts.ts';
import { addListening } from './hearing.ts';
import { addImport } from './import.ts';
import { addLocal } from './local.ts';
import { addNonces } from './nonces.ts';
import { createOutput } from './output.ts';
import { addPayments } from './payments.ts';
import { addReceipts } from './receipts.ts';
import { addPeople } from './subscribers.ts';
import { addTerms } from './terms.ts';
import { addVenue, type Prove } from './venue.ts';

export type ProgramPorts = {
  readonly version: string;
  readonly say: (text: string) => unknown;
  /** Standard output and standard error, for help and for what is wrong with the arguments. */
  readonly out: (text: string) => unknown;
  readonly err: (text: string) => unknown;
  readonly terminal: NodeJS.WriteStream | null;
  readonly clock: Clock;
  readonly start: () => Promise<void>;
  readonly migrate: () => Promise<void>;
  readonly demo: (options: {
    keep: boolean;
    sources?: string;
    venue: VenueName | 'both';
    guard: 'blockhash' | 'nonce';
  }) => Promise<number>;
  readonly probe: () => Promise<Finding[]>;
  readonly prove: Prove;
  /** Where the sandbox of the running local world listens; null when none runs. */
  readonly sandboxUrl: () => Promise<string | null>;
  readonly writeSettingsSchema: () => Promise<void>;
  readonly withParts: <T>(work: (opened: Opened) => Promise<T>) => Promise<T>;
  readonly exitWith: (code: number) => void;
};

/**
 * Creates the command line. A command reports its exit code through `exitWith`. Help, the version
 * and wrong arguments throw commander's error, whose text is written before.
 */
export function createProgram(ports: ProgramPorts): Command {
  const program = new Command('bailiff')
    .description('Chain-verified profit-share settlement for copy trading.')
    .showHelpAfterError('Ask for help with --help.')
    .version(ports.version, '--version', 'print the version of this release')
    .option('--json', 'print one JSON document instead of sentences')
    .option('--by <person>', 'who asks for a change; it goes on record', (text: string) => {
      const person = personOf(text, redaction);
      if (person === null)
        throw new InvalidArgumentError('It is a name of 1 to 100 printable characters.');
      return person;
    })
    .addHelpText(
      'after',
      '\nExit codes: 0 done, 1 failed, 2 wrong arguments, 3 something differs that a person must look at.\nStart with: bailiff doctor. Commands work on the ledger of running daemons, and what they change is on record.',
    )
    .configureOutput({ writeOut: ports.out, writeErr: ports.err })
    .exitOverride();
  const output = () => createOutput({ ...ports, json: program.opts().json === true });
  const byWhom = () => {
    const { by = null } = program.opts<{ by?: string }>();
    return { actor: 'command', person: by };
  };
  const tools = createTools({ ...ports, output, byWhom });

  program
    .command('start')
    .description('run the daemon; with nothing set, in a local world of its own')
    .action(() => ports.start());
  program
    .command('demo')
    .description('show a settlement end to end, then stop')
    .option('--keep', 'keep running afterwards, and print the URLs')
    .option(
      '--sources <list>',
      'use these sources alone, of: webhooks, subscriptions, backfill, sweep',
    )
    .addOption(
      new Option('--venue <name>', 'the venue at which the story plays, or both')
        .choices([...VENUE_NAMES, 'both'])
        .default(DEFAULT_VENUE),
    )
    .addOption(
      new Option('--guard <guard>', 'what keeps two payments of one debt apart')
        .choices(['blockhash', 'nonce'])
        .default('blockhash'),
    )
    .action(
      async ({
        keep,
        sources,
        venue,
        guard,
      }: {
        keep?: boolean;
        sources?: string;
        venue: VenueName | 'both';
        guard: 'blockhash' | 'nonce';
      }) =>
        ports.exitWith(
          await ports.demo({
            keep: keep === true,
            venue,
            guard,
            ...(sources === undefined ? {} : { sources }),
          }),
        ),
    );
  program
    .command('doctor')
    .description('check everything that a daemon depends on, and say how to mend it')
    .action(async () => ports.exitWith(report(await ports.probe(), output())));
  program
    .command('migrate')
    .description('apply the migrations of this release to the database')
    .action(() => ports.migrate());
  program
    .command('settings-schema')
    .description('write config/settings.schema.json anew')
    .action(() => ports.writeSettingsSchema());
  addPeople(program, tools);
  addDebts(program, tools);
  addCloses(program, tools);
  addPayments(program, tools);
  addNonces(program, tools);
  addReceipts(program, tools, {
    say: ports.say,
    pause: (ms) => ports.clock.sleep(ms, new AbortController().signal),
  });
  addEarnings(program, tools);
  addAudit(program, tools);
  addTerms(program, tools);
  addImport(program, tools);
  addHalts(program, tools);
  addActs(program, tools);
  addListening(program, tools);
  addAgentKeys(program, tools);
  addApiKeys(program, tools);
  addVenue(program, tools, ports);
  addLocal(program, tools, ports.sandboxUrl);
  return program;
}
