// Process end: a process that was not told to end never exits with 0, because a supervisor that
// restarts on failure takes 0 for a wanted stop and leaves the daemon down.
import process from 'node:process';

/** The exit code of a process that ended although its work had not. */
const UNFINISHED = 1;

/**
 * Ends the process with 1 and a sentence when its event loop runs empty before `process.exit` is
 * called. Node itself would exit with 0.
 */
export function requireExit(say: (text: string) => void): void {
  process.once('beforeExit', () => {
    say('The process had nothing left to wait for before its work had ended. This is a fault.');
    process.exit(UNFINISHED);
  });
}

/**
 * Handles readers of standard output and standard error that close their end. A command whose
 * reader is gone, such as `head`, ends with 0. A daemon goes on without its output: `serving`
 * tells whether this process is one.
 */
export function outliveReaders(serving: () => boolean): void {
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', (thrown: NodeJS.ErrnoException) => {
      if (thrown.code !== 'EPIPE') throw thrown;
      if (!serving()) process.exit(0);
    });
}
