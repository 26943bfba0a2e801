// Files: reads the files that a command line names.
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { Fault, messageOf } from '../core/fault.ts';

/**
 * The text of a file, or of standard input for `-`. Throws `body_invalid` with the name of the file
 * where it cannot be read.
 */
export const textOf = async (file: string): Promise<string> =>
  file === '-'
    ? text(process.stdin)
    : readFile(file, 'utf8').catch((thrown: unknown) => {
        throw new Fault('body_invalid', `${file} cannot be read: ${messageOf(thrown)}.`);
      });
