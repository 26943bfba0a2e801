// Fuzz, long: random instructions on the stand-in and on every compiled program that is present,
// with what differs: counted where the table of differences gives a reason, shown where it gives
// none. npm run fuzz-venue -- [steps] [seeds] [first seed]
import { OLDER_BUILDS } from '../../src/venue/drift-v2/builds.ts';
import { DIFFERENCES, explained, type Known } from '../support/differences.ts';
import { playFuzz } from '../support/fuzz-play.ts';
import { playRuins } from '../support/fuzz-ruin.ts';
import type { Act } from '../support/program-pair.ts';
import { compiledPrograms, sayIfNone } from '../support/programs.ts';

const [USUAL_STEPS, USUAL_SEEDS] = [1_000, 5];
const [steps = USUAL_STEPS, seeds = USUAL_SEEDS, from = 1] = process.argv.slice(2).map(Number);
const say = (text: string) => process.stdout.write(`${text}\n`);
sayIfNone('fuzz');
const needed = new Set<Known>();
for (const file of compiledPrograms) {
  const known = new Map<string, number>();
  const acts = new Map<string, Act>();
  const errors = new Set<string>();
  const unknown = new Map<string, { times: number; example: string }>();
  let build = '';
  for (let seed = from; seed < from + seeds; seed++) {
    const fuzzed = await playFuzz(file, seed, steps);
    const ruined = await playRuins(file, seed, Math.ceil(steps / 10));
    build = fuzzed.real.build.name;
    for (const each of [...fuzzed.errors, ...ruined.errors]) errors.add(each);
    for (const [act, { done, failed, units }] of [...fuzzed.acts, ...ruined.acts]) {
      const was = acts.get(act) ?? { done: 0, failed: 0, units: 0 };
      acts.set(act, {
        done: was.done + done,
        failed: was.failed + failed,
        units: was.units + units,
      });
    }
    for (const { difference: each, entry } of [
      ...explained(build, fuzzed.differences),
      ...explained(build, ruined.differences),
    ]) {
      if (entry !== null) {
        known.set(entry.why, (known.get(entry.why) ?? 0) + 1);
        needed.add(entry);
      } else {
        const name = `${each.act}: ${each.where}`;
        const was = unknown.get(name);
        const example = `seed ${seed}: stand-in ${each.standIn}, program ${each.program}`;
        unknown.set(name, { times: (was?.times ?? 0) + 1, example: was?.example ?? example });
      }
    }
  }
  const done = [...acts.values()].reduce((sum, each) => sum + each.done, 0);
  const failed = [...acts.values()].reduce((sum, each) => sum + each.failed, 0);
  say(
    `The build of ${build}, ${file}: ${done} instructions done, ${failed} failed with ${errors.size} errors.`,
  );
  for (const [act, each] of acts)
    say(
      `  ${act}: ${each.done} done, ${each.failed} failed, ${Math.round(each.units / Math.max(1, each.done))} units`,
    );
  for (const [reason, times] of known) say(`  known, ${times} times: ${reason}`);
  for (const [name, { times, example }] of unknown)
    say(`  UNKNOWN, ${times} times: ${name}; ${example}`);
  if (unknown.size > 0) process.exitCode = 1;
}
// An entry that no run needs hides what may come later: it leaves the table. A run that is shorter
// than the usual one may not meet what an entry is for.
const long = steps * seeds >= USUAL_STEPS * USUAL_SEEDS;
if (long && compiledPrograms.length === OLDER_BUILDS.length)
  for (const each of DIFFERENCES)
    if (!needed.has(each)) {
      say(`NOT NEEDED: ${each.why}`);
      process.exitCode = 1;
    }
