// Command tools: what every command is given: the parts of a daemon, the output, and a function
// that puts an act on record.
import { type Command, InvalidArgumentError } from 'commander';
import { redaction } from '../chain/keypair.ts';
import { withoutSecrets } from '../core/act.ts';
import { Fault, type FaultCode } from '../core/fault.ts';
import type { Clock, Log } from '../core/ports.ts';
import type { Voiding } from '../core/voiding.ts';
import type { Parts } from '../daemon-parts.ts';
import type { Settings } from '../system/settings.ts';
import type { Output } from './output.ts';

export type Opened = { readonly parts: Parts; readonly settings: Settings; readonly log: Log };
export type Tools = {
  readonly clock: Clock;
  output(): Output;
  /** In whose name the command acts: the actor `command`, and the person that `--by` names. */
  byWhom(): Pick<Voiding, 'actor' | 'person'>;
  readonly exitWith: (code: number) => void;
  /** Opens the parts for a command that changes nothing. `work` returns the exit code. */
  look(work: (opened: Opened) => Promise<number>): Promise<void>;
  /**
   * Opens the parts for a command that changes something. The act is on record before `work` runs,
   * and gets the exit code at the end.
   */
  act(
    what: string,
    asked: Record<string, unknown>,
    work: (opened: Opened) => Promise<number>,
  ): Promise<void>;
};

/** Creates the tools of the commands. `withParts` opens and closes the parts of a daemon. */
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
          const path = withoutSecrets(asked, redaction) as Record<string, unknown>;
          const act = { ...given.byWhom(), what, asked: { path }, once: null };
          const begun = await acts.begin(act);
          const end = async (code: number): Promise<void> => {
            if (begun.kind === 'begun') await acts.end(begun, code, null, clock.nowMs());
          };
          try {
            const code = await work(opened);
            await end(code);
            return code;
          } catch (thrown) {
            // If the record cannot be written, the error of the command is thrown all the same.
            await end(exitCodeOf(thrown)).catch(() => {});
            throw thrown;
          }
        }),
      ),
  };
}

/** Faults that mean that the command was called with wrong arguments. */
const WRONG_ARGUMENTS: ReadonlySet<FaultCode> = new Set([
  'body_invalid',
  'query_invalid',
  'address_invalid',
]);

/** The exit code of a command that threw: 2 for wrong arguments, 1 for every other error. */
export const exitCodeOf = (thrown: unknown): 1 | 2 =>
  thrown instanceof Fault && WRONG_ARGUMENTS.has(thrown.code) ? 2 : 1;

/** One line without control characters, as the API takes a reason (http/operator-shapes.ts). */
const REASON = /^[^\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]{3,500}$/u;

/**
 * Adds the required option --reason to a command. The reason goes on record, without secrets. One
 * that the API would not take either is a wrong argument.
 */
export const reasoned = (command: Command): Command =>
  command.requiredOption('--reason <text>', 'why; it goes on record', (text: string) => {
    if (!REASON.test(text))
      throw new InvalidArgumentError('It is one line of 3 to 500 characters.');
    return redaction.text(text);
  });

/** Throws `body_invalid` where an argument is not as it must be. */
export function requireArgument(fits: boolean, told: string): void {
  if (!fits) throw new Fault('body_invalid', told);
}
