// Tools: what every command works with: the parts of a daemon, an output, and a record of what was
// changed by command.
import type { Command } from 'commander';
import { Fault, type FaultCode } from '../core/fault.ts';
import type { Clock, Log } from '../core/ports.ts';
import { withoutSecretText } from '../core/secrets.ts';
import type { Voiding } from '../core/share.ts';
import type { Parts } from '../parts.ts';
import type { Settings } from '../system/settings.ts';
import type { Output } from './output.ts';

export type Opened = { readonly parts: Parts; readonly settings: Settings; readonly log: Log };
export type Tools = {
  readonly clock: Clock;
  output(): Output;
  /** On whose behalf the command is: the actor `command`, and the person of `--by`. */
  byWhom(): Pick<Voiding, 'actor' | 'person'>;
  readonly exitWith: (code: number) => void;
  /** Opens the parts for a command that changes nothing. Its number is the exit code. */
  look(work: (opened: Opened) => Promise<number>): Promise<void>;
  /** The same for one that does: it is on record before it is done. */
  act(
    what: string,
    asked: Record<string, unknown>,
    work: (opened: Opened) => Promise<number>,
  ): Promise<void>;
};

export function createTools(
  given: Pick<Tools, 'clock' | 'output' | 'exitWith' | 'byWhom'> & {
    readonly withParts: <T>(work: (opened: Opened) => Promise<T>) => Promise<T>;
  },
): Tools {
  const { clock, exitWith, withParts } = given;
  return {
    ...given,
    look: async (work) => exitWith(await withParts(work)),
    act: async (what, asked, work) =>
      exitWith(
        await withParts(async (opened) => {
          const { acts } = opened.parts.ledger;
          const act = { ...given.byWhom(), what, asked: { path: asked }, once: null };
          const begun = await acts.begin(act);
          const end = async (code: number): Promise<void> => {
            if (begun.kind === 'begun') await acts.end(begun, code, null, clock.nowMs());
          };
          try {
            const code = await work(opened);
            await end(code);
            return code;
          } catch (thrown) {
            // The record is of less weight than the reason why the command failed.
            await end(exitCodeOf(thrown)).catch(() => {});
            throw thrown;
          }
        }),
      ),
  };
}

/** Faults that mean that a command was called with wrong arguments. */
const WRONG_ARGUMENTS: ReadonlySet<FaultCode> = new Set([
  'body_invalid',
  'query_invalid',
  'address_invalid',
]);

/** The exit code of a command that threw: 2 for wrong arguments, 1 for everything else. */
export const exitCodeOf = (thrown: unknown): 1 | 2 =>
  thrown instanceof Fault && WRONG_ARGUMENTS.has(thrown.code) ? 2 : 1;

/** An act that a person answers for. */
export const reasoned = (command: Command): Command =>
  command.requiredOption('--reason <text>', 'why; it goes on record', (text: string) =>
    withoutSecretText(text),
  );
