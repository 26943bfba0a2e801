// Tools: what every command works with: the parts of a daemon, an output, and a record of what was changed by command.
import type { Command } from 'commander';
import type { Clock, Log } from '../core/ports.ts';
import { withoutSecretText } from '../core/secrets.ts';
import type { Parts } from '../parts.ts';
import type { Settings } from '../system/settings.ts';
import type { Output } from './output.ts';

export type Opened = { readonly parts: Parts; readonly settings: Settings; readonly log: Log };
export type Tools = {
  readonly clock: Clock;
  output(): Output;
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
  given: Pick<Tools, 'clock' | 'output' | 'exitWith'> & {
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
          const act = { actor: 'command', what, asked: { path: asked }, once: null };
          const begun = await acts.begin(act);
          const code = await work(opened);
          if (begun.kind === 'begun') await acts.end(begun.id, code, null, clock.nowMs());
          return code;
        }),
      ),
  };
}

/** An act that a person answers for. */
export const reasoned = (command: Command): Command =>
  command.requiredOption('--reason <text>', 'why; it goes on record', (text: string) =>
    withoutSecretText(text),
  );
