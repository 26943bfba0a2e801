// Programs: the compiled programs that are present on this machine, for tests that run on each of
// them. Where there is none, such a test runs on the stand-in alone and says so in one line.
import { existsSync } from 'node:fs';
import type { VenueName } from '../../src/core/venue-name.ts';
import { presentPrograms } from '../../src/local/program-file.ts';
import { loadSettings, processEnvironment } from '../../src/system/settings.ts';

const env = processEnvironment();

/** Where the program of the settings belongs, whether or not it is there. */
export const { programFile, velocityProgramFile } = loadSettings({
  ...(env.BAILIFF_DRIFT_PROGRAM ? { BAILIFF_DRIFT_PROGRAM: env.BAILIFF_DRIFT_PROGRAM } : {}),
  ...(env.BAILIFF_VELOCITY_PROGRAM
    ? { BAILIFF_VELOCITY_PROGRAM: env.BAILIFF_VELOCITY_PROGRAM }
    : {}),
});

/** Files of compiled programs: the one of the settings first, then older builds beside it. */
export const compiledPrograms: readonly string[] = presentPrograms(programFile);

/** The compiled program of Velocity, which belongs beside Drift's; null where it is not there. */
export const velocityProgram: string | null = existsSync(velocityProgramFile)
  ? velocityProgramFile
  : null;

/** What executes a venue's instructions in a street, for the title of a test. */
export const executorOf = (venue: VenueName): 'compiled program' | 'stand-in' =>
  (venue === 'velocity' ? velocityProgram !== null : existsSync(programFile))
    ? 'compiled program'
    : 'stand-in';

/** The stand-in, which is null, and every compiled program that is present. */
export const programs: readonly (string | null)[] = [null, ...compiledPrograms];

/** Says which test runs without a compiled program, and how to get one. */
export function sayIfNone(test: string): void {
  if (compiledPrograms.length === 0)
    process.stdout.write(
      `${test}: no compiled Drift program at ${programFile}, so the stand-in alone is played. npm run venue-programs says how to get the file.\n`,
    );
}
