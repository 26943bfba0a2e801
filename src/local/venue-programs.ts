// Venue programs: puts a build of the venue's compiled program where tests and the local world look
// for it, from a file or from a node, and lists the builds that are present. Usage: npm run
// venue-programs -- [file | --rpc URL]
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { base58Text } from '../core/ids.ts';
import { loadSettings, processEnvironment } from '../system/settings.ts';
import { OLDER_BUILDS } from '../venue/drift-v2/builds.ts';
import { PROGRAM_ID } from '../venue/drift-v2/profile.ts';
import {
  describeProgram,
  dumpProgram,
  identifyProgram,
  placeOf,
  type ReadAccount,
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
  options: { rpc: { type: 'string' } },
  allowPositionals: true,
});
const env = processEnvironment();
const { programFile } = loadSettings(
  env.BAILIFF_DRIFT_PROGRAM ? { BAILIFF_DRIFT_PROGRAM: env.BAILIFF_DRIFT_PROGRAM } : {},
);
const [file] = positionals;
try {
  if (file !== undefined || values.rpc !== undefined) {
    const found =
      file !== undefined
        ? identifyProgram(new Uint8Array(readFileSync(file)))
        : await dumpProgram(PROGRAM_ID, readerOf(values.rpc ?? ''), base58Text);
    const place = placeOf(found.build, programFile);
    mkdirSync(path.dirname(place), { recursive: true });
    writeFileSync(place, found.bytes);
    say(`Wrote ${place}.`);
  }
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
