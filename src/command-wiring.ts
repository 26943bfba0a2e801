// Command wiring: runs one command line of `bailiff` and returns its exit code. It wires the
// settings, the parts, the probes and the output to the commands. It neither reads nor ends its
// process, so that one process can run many commands.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { CommanderError } from 'commander';
import { exitCodeOf } from './cli/command-tools.ts';
import { createProgram, type ProgramPorts } from './cli/program.ts';
import { type Finding, wrong } from './core/doctor-finding.ts';
import { Fault, messageOf } from './core/fault.ts';
import { setByLedger } from './core/ledger-clock.ts';
import { ledgerFault } from './core/ledger-fault.ts';
import type { Log } from './core/ports.ts';
import { elapsedMs, systemClock } from './system/clock.ts';
import { requireNode } from './system/node-version.ts';
import type { Environment } from './system/secrets.ts';
import { loadSettings, type Settings } from './system/settings.ts';
import { VERSION } from './system/version.ts';

export type CommandLine = Pick<
  ProgramPorts,
  'terminal' | 'start' | 'migrate' | 'demo' | 'prove' | 'writeSettingsSchema'
> & {
  /** The arguments after the name `bailiff`. */
  readonly args: readonly string[];
  readonly env: Environment;
  /** Writes to standard output. */
  readonly out: (text: string) => unknown;
  /** Writes to standard error. */
  readonly err: (text: string) => unknown;
  /** Opens the log, which is written at level `error` only: commands talk through their output. */
  readonly openLog: (level: 'error') => Log;
};

/** The text to print, and the exit code, for an error that a command line threw. */
function endOf(given: unknown): { readonly text: string; readonly code: number } {
  // Help, a version and wrong arguments: their text is written already.
  if (given instanceof CommanderError) return { text: '', code: given.exitCode === 0 ? 0 : 2 };
  const thrown = ledgerFault(given);
  // A fault's message says what to do; anything else needs its stack.
  const text =
    thrown instanceof Fault
      ? thrown.message
      : thrown instanceof Error
        ? (thrown.stack ?? '')
        : messageOf(thrown);
  return { text: `${text}\n`, code: exitCodeOf(thrown) };
}

/** One finding for each problem of the settings. Throws what is no fault of the settings. */
function settingsFindings(thrown: unknown): Finding[] {
  if (!(thrown instanceof Fault) || thrown.code !== 'settings_invalid') throw thrown;
  const problems = (thrown.context.problems ?? [thrown.message]) as readonly string[];
  const mend =
    'config/settings.schema.json says what each setting may be, README.md each variable.';
  return problems.map((says) => wrong('settings', says, mend));
}

/** Runs a command line. Returns its exit code, and never throws. */
export async function runCommandLine(line: CommandLine): Promise<number> {
  const { env, out, err, openLog } = line;
  let exitCode = 0;
  /** The time that commands write and compare is that of the database. */
  const clock = setByLedger(systemClock, elapsedMs);
  const program = createProgram({
    ...line,
    version: VERSION,
    say: (text) => out(`${text}\n`),
    clock,
    async probe() {
      let settings: Settings;
      try {
        settings = loadSettings(env);
      } catch (thrown) {
        return settingsFindings(thrown);
      }
      const { probeAll } = await import('./probes/probes.ts');
      const { sponsorOf } = await import('./signer-parts.ts');
      return probeAll(settings, sponsorOf(settings), systemClock, openLog('error'));
    },
    async sandboxUrl() {
      const file = path.join(loadSettings(env).stateFolder, 'sandbox.json');
      const text = await readFile(file, 'utf8').catch(() => null);
      return text === null ? null : (JSON.parse(text) as { url: string }).url;
    },
    async withParts(work) {
      const settings = loadSettings(env);
      const log = openLog('error');
      const { openParts } = await import('./daemon-parts.ts');
      const parts = await openParts(settings, clock, log, { daemon: false });
      try {
        return await work({ parts, settings, log });
      } finally {
        await parts.pools.end(5);
      }
    },
    exitWith(code) {
      exitCode = code;
    },
  });
  try {
    requireNode(process.versions.node);
    await program.parseAsync(line.args, { from: 'user' });
    return exitCode;
  } catch (thrown) {
    const { text, code } = endOf(thrown);
    if (text !== '') err(text);
    return code;
  }
}
