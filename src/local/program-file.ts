// Program file: finds and identifies the bytes of the venue's compiled program, which are not part
// of the repository, and reads them from a node.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { Fault } from '../core/fault.ts';
import { type Build, OLDER_BUILDS } from '../venue/drift-v2/builds.ts';

/** The first bytes of every ELF file, which a compiled program is. */
const ELF = Buffer.from([0x7f, 0x45, 0x4c, 0x46]);
/**
 * The bytes of a program data account before the program itself: state, slot, and upgrade
 * authority.
 */
const PROGRAM_DATA_HEAD = 45;

export type ProgramBytes = {
  readonly bytes: Uint8Array;
  readonly sha256: string;
  /** The known build of these bytes, or null. */
  readonly build: Build | null;
};

const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/**
 * Identifies the bytes of a program. Throws `local_world_failed` when they are no compiled program.
 */
export function identifyProgram(bytes: Uint8Array): ProgramBytes {
  if (!ELF.equals(bytes.subarray(0, 4)))
    throw new Fault(
      'local_world_failed',
      'These bytes are no compiled program: they do not begin as an ELF file.',
    );
  const sha256 = hashOf(bytes);
  return { bytes, sha256, build: OLDER_BUILDS.find((each) => each.sha256 === sha256) ?? null };
}

/**
 * The path for the file of a build. The newest older build, and bytes of no known build, have the
 * path of the settings; other builds lie beside it, by their names.
 */
export const placeOf = (build: Build | null, programFile: string): string =>
  build === null || build === OLDER_BUILDS[0]
    ? programFile
    : path.join(path.dirname(programFile), `drift-${build.name}.so`);

/**
 * The files of compiled programs that are present: the one of the settings first, then those of
 * other builds beside it.
 */
export const presentPrograms = (programFile: string): string[] =>
  [...new Set(OLDER_BUILDS.map((build) => placeOf(build, programFile)))].filter((each) =>
    existsSync(each),
  );

/**
 * The one build of Velocity's program that is known, and where its bytes are published: compressed,
 * and with zeros behind the program.
 */
export const VELOCITY_BUILD = {
  name: '2026-07',
  sha256: '1b7b06d17af813b5a505df8f534bfd0779a1a7457f0d2626b1a45c8741686c80',
  bytes: 4_523_208,
  published: {
    repository: 'Harshbhargav45/wick',
    blob: '2b7d63b97c9dac12258fbb84c126db752f3a41c2',
  },
} as const;

/**
 * The bytes of a program of Velocity, without the zeros behind the known build, and a line about
 * them for a person. Throws `local_world_failed` when they are no compiled program.
 */
export function identifyVelocity(given: Uint8Array): {
  readonly bytes: Uint8Array;
  readonly says: string;
} {
  const { name, sha256, bytes: length } = VELOCITY_BUILD;
  const cut = given.subarray(0, length);
  const known = hashOf(cut) === sha256;
  const { bytes, sha256: hash } = identifyProgram(known ? cut : given);
  const what = known ? `the build of ${name}` : 'no build that is known';
  return { bytes, says: `${bytes.length} bytes, sha256 ${hash}: ${what}` };
}

/** One line about a program for a person. */
export const describeProgram = ({ bytes, sha256, build }: ProgramBytes): string =>
  build === null
    ? `${bytes.length} bytes, sha256 ${sha256}: no build that is known; it is taken for the one whose instructions it has`
    : `${bytes.length} bytes, sha256 ${sha256}: the build of ${build.name}`;

/** Reads the bytes of an account from a node over Solana JSON-RPC. */
export type ReadAccount = (address: string) => Promise<Uint8Array | null>;

/**
 * Reads an upgradeable program from a node. Its account is as long as the longest program that it
 * ever held; the zeros at the end are cut off. Throws `local_world_failed` when the node has no
 * such program.
 */
export async function dumpProgram(
  programId: string,
  read: ReadAccount,
  addressOf: (bytes: Uint8Array) => string,
): Promise<ProgramBytes> {
  const program = await read(programId);
  // State 2 is a program account; the address of its data account follows.
  if (program === null || program.length < 36 || program[0] !== 2)
    throw new Fault('local_world_failed', `The node has no upgradeable program ${programId}.`);
  const data = await read(addressOf(program.subarray(4, 36)));
  if (data === null || data[0] !== 3)
    throw new Fault('local_world_failed', `The node has no bytes of the program ${programId}.`);
  let end = data.length;
  while (end > PROGRAM_DATA_HEAD && data[end - 1] === 0) end--;
  const whole = data.subarray(PROGRAM_DATA_HEAD);
  const known = OLDER_BUILDS.some((each) => each.sha256 === hashOf(whole));
  // A known build may itself end in zeros.
  const least = PROGRAM_DATA_HEAD + VELOCITY_BUILD.bytes;
  const velocity = hashOf(data.subarray(PROGRAM_DATA_HEAD, least)) === VELOCITY_BUILD.sha256;
  return identifyProgram(known ? whole : data.subarray(PROGRAM_DATA_HEAD, velocity ? least : end));
}
