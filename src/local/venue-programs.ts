// Venue programs: puts a venue's compiled program where tests and the local world look for it, from
// a file or from a node, and lists the programs that are present. Usage: npm run venue-programs --
// [--venue NAME] [file | --rpc URL]
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { Fault } from '../core/fault.ts';
import { base58Text } from '../core/ids.ts';
import { DEFAULT_VENUE, VENUE_NAMES } from '../core/venue-name.ts';
import { loadSettings, processEnvironment } from '../system/settings.ts';
import { OLDER_BUILDS } from '../venue/drift-v2/builds.ts';
import { PROGRAM_ID } from '../venue/drift-v2/profile.ts';
import { VELOCITY_PROFILE } from '../venue/velocity/profile.ts';
import {
  describeProgram,
  dumpProgram,
  identifyProgram,
  identifyVelocity,
  placeOf,
  type ReadAccount,
  VELOCITY_BUILD,
} from './program-file.ts';

const say = (text: string): void => void process.stdout.write(`${text}\n`);

const readerOf =
  (url: string): ReadAccount =>
  async (address) => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        method: 'getAccountInfo',
        params: [address, { encoding: 'base64' }],
      }),
    });
    const { result } = (await response.json()) as {
      result?: { value: { data: [string, string] } | null };
    };
    const data = result?.value?.data[0];
    return data === undefined ? null : new Uint8Array(Buffer.from(data, 'base64'));
  };

const { values, positionals } = parseArgs({
  options: { rpc: { type: 'string' }, venue: { type: 'string', default: DEFAULT_VENUE } },
  allowPositionals: true,
});
const env = processEnvironment();
const { programFile, velocityProgramFile } = loadSettings({
  ...(env.BAILIFF_DRIFT_PROGRAM ? { BAILIFF_DRIFT_PROGRAM: env.BAILIFF_DRIFT_PROGRAM } : {}),
  ...(env.BAILIFF_VELOCITY_PROGRAM
    ? { BAILIFF_VELOCITY_PROGRAM: env.BAILIFF_VELOCITY_PROGRAM }
    : {}),
});
const [file] = positionals;

function put(place: string, bytes: Uint8Array): void {
  mkdirSync(path.dirname(place), { recursive: true });
  writeFileSync(place, bytes);
  say(`Wrote ${place}.`);
}

/** The given bytes of a program: those of the file, or those that the node runs. */
const given = async (programId: string): Promise<Uint8Array> =>
  file !== undefined
    ? new Uint8Array(readFileSync(file))
    : (await dumpProgram(programId, readerOf(values.rpc ?? ''), base58Text)).bytes;

function listDrift(): void {
  for (const build of OLDER_BUILDS) {
    const place = placeOf(build, programFile);
    if (existsSync(place)) {
      say(`${place}: ${describeProgram(identifyProgram(new Uint8Array(readFileSync(place))))}.`);
      continue;
    }
    say(`${place}: no file. The build of ${build.name} has sha256 ${build.sha256}.`);
    if (build.published !== null) {
      const { repository, blob } = build.published;
      say(`  Its bytes are git blob ${blob} of the GitHub repository ${repository}:`);
      say(
        `  git clone https://github.com/${repository}, then git cat-file blob ${blob} > drift.so.`,
      );
    }
    if (place === programFile) process.exitCode = 1;
  }
}

function listVelocity(): void {
  const place = velocityProgramFile;
  if (existsSync(place)) {
    say(`${place}: Velocity, ${identifyVelocity(new Uint8Array(readFileSync(place))).says}.`);
    return;
  }
  const { name, sha256, published } = VELOCITY_BUILD;
  const { repository, blob } = published;
  say(`${place}: no file. Velocity's build of ${name} has sha256 ${sha256}.`);
  say(`  Its bytes are git blob ${blob} of the GitHub repository ${repository}, compressed:`);
  say(
    `  git clone https://github.com/${repository}, then git cat-file blob ${blob} | gunzip > velocity.so, then npm run venue-programs -- --venue velocity velocity.so.`,
  );
}

try {
  const venue = VENUE_NAMES.find((each) => each === values.venue);
  if (venue === undefined)
    throw new Fault(
      'settings_invalid',
      `--venue must be one of ${VENUE_NAMES.join(', ')}; is ${values.venue}.`,
    );
  if (file !== undefined || values.rpc !== undefined) {
    if (venue === 'velocity')
      put(velocityProgramFile, identifyVelocity(await given(VELOCITY_PROFILE.programId)).bytes);
    else {
      const { build, bytes } = identifyProgram(await given(PROGRAM_ID));
      put(placeOf(build, programFile), bytes);
    }
  }
  listDrift();
  listVelocity();
  if (process.exitCode === 1) {
    say('Tests without the file hold against its recording, and local worlds use the stand-in.');
    say(
      'To put a file in its place: npm run venue-programs -- /path/to/drift.so, or -- --rpc URL to dump what a node runs.',
    );
  }
} catch (thrown) {
  process.stderr.write(`${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
  process.exitCode = 1;
}
