// Files: reads the text files that a command line names, or standard input for `-`. A file that
// cannot be read is one sentence, which says what to do.
import { open, readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { buffer } from 'node:stream/consumers';
import { Fault, messageOf } from '../core/fault.ts';
import { type Receipt, receiptsIn } from '../core/receipt.ts';

/** The sentences for errors that people meet. Any other error is told in the words of Node. */
const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file. Check the path.',
  ENOTDIR: 'there is no such file. Check the path.',
  EISDIR: 'it is a folder. Name a file in it.',
  EACCES: 'this user may not read it. Run the command as the owner of the file.',
  ERR_ENCODING_INVALID_ENCODED_DATA: 'it is not text in UTF-8. Save or unpack it as such a text.',
};

function unreadable(file: string, thrown: unknown): Fault {
  const { code = '' } = thrown as NodeJS.ErrnoException;
  const named = file === '-' ? 'Standard input' : file;
  const reason = REASONS[code] ?? `${messageOf(thrown)}.`;
  return new Fault('body_invalid', `${named} cannot be read: ${reason}`);
}

/** The text of a file. Throws `body_invalid` where it cannot be read or is not UTF-8. */
export async function textOf(file: string): Promise<string> {
  try {
    const bytes = file === '-' ? await buffer(process.stdin) : await readFile(file);
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (thrown) {
    throw unreadable(file, thrown);
  }
}

/** The receipts of a file. Throws `body_invalid`, with the name of the file, where it has none. */
export async function receiptsOf(file: string): Promise<Receipt[]> {
  const text = await textOf(file);
  try {
    return receiptsIn(text);
  } catch (thrown) {
    throw new Fault('body_invalid', `${file} has no receipt. ${messageOf(thrown)}`);
  }
}

/** The lines of a file of any size, one by one. Throws `body_invalid` where it cannot be read. */
export async function* linesIn(file: string): AsyncGenerator<string> {
  try {
    if (file === '-') yield* createInterface({ input: process.stdin });
    else {
      await using opened = await open(file);
      yield* opened.readLines();
    }
  } catch (thrown) {
    throw unreadable(file, thrown);
  }
}
