// Venue: the commands that show the bytes of the venues' programs on chain, and that make bytes
// trusted which this release does not know: proven by the contract suite, or accepted by an
// operator.
import { type Command, Option } from 'commander';
import { conformanceOf } from '../core/conformance.ts';
import { Fault } from '../core/fault.ts';
import { isoTime } from '../core/time.ts';
import { VENUE_NAMES, type VenueName } from '../core/venue-name.ts';
import type { Parts } from '../daemon-parts.ts';
import { reasoned, type Tools } from './command-tools.ts';
import { counted, type Output, table } from './output.ts';

/** The result of the contract suite on the bytes of a program. */
export type Proof = {
  /** The build whose table the bytes were held against: they have the same instructions. */
  readonly build: string;
  readonly tests: number;
  /** Names of the tests that failed; empty when the suite passed. */
  readonly failed: readonly string[];
};
/**
 * Runs a venue's contract suite on the bytes of a program. Throws `settings_invalid` when the suite
 * is not installed.
 */
export type Prove = (bytes: Uint8Array, venue: VenueName) => Promise<Proof>;

const SHOWN_MOST = 20;

type Named = { readonly venue?: VenueName };

/**
 * Shows the program of each served venue, or of one, as the chain has it. Returns exit code 3 when
 * the bytes of one are not known.
 */
async function show({ programOf, venues }: Parts, output: Output, { venue }: Named) {
  const asked = venue === undefined ? venues.all : [venues.of(venue)];
  const vouchers = await programOf(venues.usual.name).book.vouchers();
  const shown = [];
  for (const { name, programId, provenOn } of asked) {
    const { hash, slot, authority } = await programOf(name).reader.read();
    const found = conformanceOf({ hash, slot }, provenOn, vouchers);
    const known = found.state === 'known';
    const as = known ? found.as : null;
    const program = { venue: name, program: programId, hash, slot, upgradeAuthority: authority };
    shown.push({ document: { ...program, known, as }, provenOn });
  }
  const known = shown.every(({ document }) => document.known);
  output.result({ ...shown[0]?.document, vouchers, venues: shown.map((each) => each.document) }, [
    ...shown.flatMap(({ document: { venue: name, program, hash, slot, as, upgradeAuthority } }) => [
      `${name}: ${program}, deployed in slot ${slot}, hash ${hash}.`,
      as === null
        ? `Not known: bailiff venue prove --venue ${name}, or bailiff venue accept HASH --reason TEXT.`
        : `Known: ${as}.`,
      upgradeAuthority === null ? 'It cannot be upgraded.' : `${upgradeAuthority} may upgrade it.`,
    ]),
    ...table([
      ['TRUSTED', 'HOW', 'SINCE', 'REASON'],
      ...shown.flatMap(({ provenOn, document }) =>
        [...provenOn].map(([hash, name]) => [hash, 'release', '', `${document.venue}: ${name}`]),
      ),
      ...vouchers.map((each) => [each.hash, each.how, isoTime(each.atMs), each.reason]),
    ]),
  ]);
  return known ? 0 : 3;
}

/**
 * Runs the contract suite on the program on chain and trusts its bytes when every test passes.
 * Returns exit code 3 when a test failed.
 */
async function prove(
  { programOf, venues }: Parts,
  output: Output,
  { run, version, venue }: Named & { readonly run: Prove; readonly version: string },
): Promise<number> {
  const { name } = venue === undefined ? venues.usual : venues.of(venue);
  const { reader, book } = programOf(name);
  const { bytes, hash, slot } = await reader.read();
  const { build, tests, failed } = await run(bytes, name);
  const passed = failed.length === 0;
  if (passed)
    await book.vouch(
      hash,
      'proven',
      `${counted(tests, 'test')} of the contract suite of ${version} for ${name}, as the build of ${build}`,
    );
  const what = `${hash}, the program of ${name} deployed in slot ${slot} and taken for the build of ${build}`;
  output.result({ venue: name, hash, slot, build, tests, failed, proven: passed }, [
    passed
      ? `${what}: ${counted(tests, 'test')} of the contract suite passed, and none failed. It is trusted from now on.`
      : `${what}: ${failed.length} of ${counted(tests, 'test')} of the contract suite failed. It is not trusted.`,
    ...failed.slice(0, SHOWN_MOST).map((each) => `  ${each}`),
    ...(failed.length > SHOWN_MOST ? [`  and ${failed.length - SHOWN_MOST} more`] : []),
  ]);
  return passed ? 0 : 3;
}

/** Trusts bytes at an operator's word, whether or not a served venue runs them now. */
async function accept(
  { programOf, venues }: Parts,
  output: Output,
  hash: string,
  reason: string,
): Promise<number> {
  if (!/^[0-9a-f]{64}$/.test(hash))
    throw new Fault(
      'body_invalid',
      'A hash is 64 hexadecimal digits, as bailiff venue show prints it.',
    );
  const deployed = [];
  for (const { name } of venues.all)
    deployed.push({ name, ...(await programOf(name).reader.read()) });
  await programOf(venues.usual.name).book.vouch(hash, 'accepted', reason);
  const found = deployed.find((each) => each.hash === hash);
  output.result({ hash, reason, deployed: found !== undefined, venue: found?.name ?? null }, [
    `${hash} is trusted from now on.`,
    found === undefined
      ? `The chain runs other bytes: ${deployed.map((each) => `${each.hash} for ${each.name}`).join(', ')}.`
      : `The chain runs it for ${found.name}, deployed in slot ${found.slot}; daemons see it within half a minute.`,
  ]);
  return 0;
}

async function distrust(
  { programOf, venues }: Parts,
  output: Output,
  hash: string,
): Promise<number> {
  const done = await programOf(venues.usual.name).book.withdraw(hash);
  const says = venues.all.some((each) => each.provenOn.has(hash))
    ? `This release was proven on ${hash}; that can't be taken back.`
    : `Nothing vouches for ${hash}.`;
  output.result({ hash, withdrawn: done }, [done ? `${hash} is not trusted any more.` : says]);
  return done ? 0 : 1;
}

/** Adds the commands under `venue`. */
export function addVenue(
  program: Command,
  tools: Tools,
  { prove: run, version }: { prove: Prove; version: string },
): void {
  const venue = program
    .command('venue')
    .description("the bytes of the venues' programs on chain, and which are trusted");
  const named = (says: string): Option => new Option('--venue <name>', says).choices(VENUE_NAMES);
  venue
    .command('show')
    .description('the programs on chain, and whether their bytes are known; exit code 3 when not')
    .addOption(named('show one venue instead of all that are served'))
    .action((given: Named) => tools.look(({ parts }) => show(parts, tools.output(), given)));
  venue
    .command('prove')
    .description('run the contract suite on the program on chain; needs a checkout with npm ci')
    .addOption(named('the venue; drift-v2 when left out, else the one that is served'))
    .action((given: Named) =>
      tools.act('venue prove', { ...given }, ({ parts }) =>
        prove(parts, tools.output(), { ...given, run, version }),
      ),
    );
  reasoned(
    venue.command('accept <hash>').description('trust these bytes without running the suite'),
  ).action((hash: string, { reason }: { reason: string }) =>
    tools.act('venue accept', { hash, reason }, ({ parts }) =>
      accept(parts, tools.output(), hash, reason),
    ),
  );
  reasoned(
    venue
      .command('distrust <hash>')
      .description('withdraw the trust in bytes that were proven or accepted here'),
  ).action((hash: string, { reason }: { reason: string }) =>
    tools.act('venue distrust', { hash, reason }, ({ parts }) =>
      distrust(parts, tools.output(), hash),
    ),
  );
}
