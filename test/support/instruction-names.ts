// Instruction names: the names of all instructions in the bytes of a compiled venue program. Anchor
// writes `Instruction: Name` to the log when an instruction begins, and the compiler lays these
// texts out with others directly behind them. The program tells where a name ends: an instruction
// that the program does not have fails with 101, InstructionFallbackNotFound.
import { readFileSync } from 'node:fs';
import { PublicKey, TransactionInstruction } from '@solana/web3.js';
import { DRIFT } from '../../src/local/drift/addresses.ts';
import { PROGRAM as VELOCITY } from '../../src/local/velocity/genesis.ts';
import { createWorld, type World } from '../../src/local/world.ts';
import { instructionDiscriminator } from '../../src/venue/discriminator.ts';
import { createManualClock } from './clock.ts';
import { compiledPrograms, velocityProgram } from './programs.ts';

export type CompiledProgram = {
  readonly venue: 'drift-v2' | 'velocity';
  readonly file: string;
};

/** The compiled programs that are present, of both venues. */
export const presentPrograms: readonly CompiledProgram[] = [
  ...compiledPrograms.map((file) => ({ venue: 'drift-v2', file }) as const),
  ...(velocityProgram === null ? [] : [{ venue: 'velocity', file: velocityProgram } as const]),
];

/** The name of an instruction as its discriminator hashes it: `UpdateK` becomes `update_k`. */
const hashedName = (name: string): string =>
  name.replace(/[A-Z]/g, (letter, at: number) => (at === 0 ? '' : '_') + letter.toLowerCase());

/** The build whose names are recorded: `venue year-month`. */
export const buildOf = ({ venue }: CompiledProgram, world: World): string =>
  `${venue} ${venue === 'velocity' ? '2026-07' : world.build.name}`;

export const openProgram = ({ venue, file }: CompiledProgram): World => {
  const clock = createManualClock();
  return venue === 'velocity'
    ? createWorld({ programFile: null, velocityProgramFile: file, clock })
    : createWorld({ programFile: file, clock });
};

/** Whether the program has an instruction of this discriminator, in hex. */
export function hasInstruction(world: World, program: string, discriminator: string): boolean {
  const data = Buffer.from(discriminator, 'hex');
  const call = new TransactionInstruction({ programId: new PublicKey(program), keys: [], data });
  const landed = world.driver.attempt([call], [world.driver.faucet]);
  const error = typeof landed === 'string' ? landed : landed.execution.error;
  return !JSON.stringify(error).includes('{"Custom":101}');
}

/**
 * The names of the instructions of a compiled program, sorted. Anchor's own, which begin with `Idl`
 * and share one tag, are left out. Throws an Error for a text that begins with no name the program
 * knows.
 */
export function instructionNames({ venue, file }: CompiledProgram, world: World): string[] {
  const programId = (venue === 'velocity' ? VELOCITY : DRIFT).toBase58();
  const text = readFileSync(file, 'latin1');
  const written = text.matchAll(/Instruction: ([A-Z][A-Za-z0-9]*?)(?=Instruction: |[^A-Za-z0-9])/g);
  const names = [...written].flatMap(({ 1: run = '' }) => {
    if (/^Idl[A-Z]/.test(run)) return [];
    for (let length = run.length; length > 0; length--) {
      const name = hashedName(run.slice(0, length));
      if (hasInstruction(world, programId, instructionDiscriminator(name))) return [name];
    }
    throw new Error(`no instruction of ${file} has a name that ${run} begins with`);
  });
  return [...new Set(names)].sort();
}

/** The names of every program that is present, by its build. */
export const recordInstructionNames = (): Record<string, string[]> =>
  Object.fromEntries(
    presentPrograms.map((program) => {
      const world = openProgram(program);
      const names = instructionNames(program, world);
      const build = buildOf(program, world);
      world.release();
      return [build, names];
    }),
  );
