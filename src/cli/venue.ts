// Venue: the commands that show the bytes of the venue's program on chain, and that make bytes
// trusted which this release does not know: proven by the contract suite, or accepted by an
// operator.
import type { Command } from 'commander';
import { judgeProgram } from '../core/conformance.ts';
import { Fault } from '../core/fault.ts';
import { isoTime } from '../core/time.ts';
import type { Parts } from '../daemon-parts.ts';
import { reasoned, type Tools } from './command-tools.ts';
import { type Output, table } from './output.ts';

/** The result of the contract suite on the bytes of a program. */
export type Proof = {
  /** The build whose table the bytes were held against: they have the same instructions. */
  readonly build: string;
  readonly tests: number;
  /** Names of the tests that failed; empty when the suite passed. */
  readonly failed: readonly string[];
};
/**
 * Runs the contract suite on the bytes of a program. Throws `settings_invalid` when the suite is
 * not installed.
 */
export type Prove = (bytes: Uint8Array) => Promise<Proof>;

const SHOWN_MOST = 20;

/** Shows the program on chain. Returns exit code 3 when its bytes are not known. */
async function show({ program, programs, venue }: Parts, output: Output): Promise<number> {
  const { hash, slot, authority } = await program.read();
  const vouchers = await programs.vouchers();
  const found = judgeProgram({ hash, slot }, venue.provenOn, vouchers);
  const known = found.state === 'known';
  output.result(
    {
      program: venue.programId,
      hash,
      slot,
      upgradeAuthority: authority,
      known,
      as: known ? found.as : null,
      vouchers,
    },
    [
      `${venue.programId}: deployed in slot ${slot}, hash ${hash}.`,
      known
        ? `Known: ${found.as}.`
        : 'Not known: bailiff venue prove, or bailiff venue accept HASH --reason TEXT.',
      authority === null ? 'It cannot be upgraded.' : `${authority} may upgrade it.`,
      ...table([
        ['TRUSTED', 'HOW', 'SINCE', 'REASON'],
        ...[...venue.provenOn].map(([each, name]) => [each, 'release', '', name]),
        ...vouchers.map((each) => [each.hash, each.how, isoTime(each.atMs), each.reason]),
      ]),
    ],
  );
  return known ? 0 : 3;
}

/**
 * Runs the contract suite on the program on chain and trusts its bytes when every test passes.
 * Returns exit code 3 when a test failed.
 */
async function prove(
  { program, programs }: Parts,
  output: Output,
  run: Prove,
  version: string,
): Promise<number> {
  const { bytes, hash, slot } = await program.read();
  const { build, tests, failed } = await run(bytes);
  const passed = failed.length === 0;
  if (passed)
    await programs.vouch(
      hash,
      'proven',
      `${tests} tests of the contract suite of ${version}, as the build of ${build}`,
    );
  const what = `${hash}, deployed in slot ${slot} and taken for the build of ${build}`;
  output.result({ hash, slot, build, tests, failed, proven: passed }, [
    passed
      ? `${what}: all ${tests} tests of the contract suite passed. It is trusted from now on.`
      : `${what}: ${failed.length} of ${tests} tests of the contract suite failed. It is not trusted.`,
    ...failed.slice(0, SHOWN_MOST).map((each) => `  ${each}`),
    ...(failed.length > SHOWN_MOST ? [`  and ${failed.length - SHOWN_MOST} more`] : []),
  ]);
  return passed ? 0 : 3;
}

async function accept(
  { program, programs }: Parts,
  output: Output,
  hash: string,
  reason: string,
): Promise<number> {
  if (!/^[0-9a-f]{64}$/.test(hash))
    throw new Fault(
      'body_invalid',
      'A hash is 64 hexadecimal digits, as bailiff venue show prints it.',
    );
  const deployed = await program.read();
  await programs.vouch(hash, 'accepted', reason);
  const runs = deployed.hash === hash;
  output.result({ hash, reason, deployed: runs }, [
    `${hash} is trusted from now on.`,
    runs
      ? `The chain runs it, deployed in slot ${deployed.slot}; daemons see it within half a minute.`
      : `The chain runs other bytes: ${deployed.hash}.`,
  ]);
  return 0;
}

async function distrust({ programs, venue }: Parts, output: Output, hash: string): Promise<number> {
  const done = await programs.withdraw(hash);
  const says = venue.provenOn.has(hash)
    ? `This release was proven on ${hash}; that can't be taken back.`
    : `Nothing vouches for ${hash}.`;
  output.result({ hash, withdrawn: done }, [done ? `${hash} is not trusted any more.` : says]);
  return done ? 0 : 1;
}

export function addVenue(
  program: Command,
  tools: Tools,
  { prove: run, version }: { prove: Prove; version: string },
): void {
  const venue = program
    .command('venue')
    .description("the bytes of the venue's program on chain, and which are trusted");
  venue
    .command('show')
    .description('the program on chain, and whether its bytes are known; exit code 3 when not')
    .action(() => tools.look(({ parts }) => show(parts, tools.output())));
  venue
    .command('prove')
    .description('run the contract suite on the program on chain; needs a checkout with npm ci')
    .action(() =>
      tools.act('venue prove', {}, ({ parts }) => prove(parts, tools.output(), run, version)),
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
