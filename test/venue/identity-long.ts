// Identity, long: the histories of the identity tests at length, with figures. npm run identity --
// [fills] [keepers' fills]
import { playIdentity } from '../support/identity-play.ts';
import { playKeepers } from '../support/keepers-play.ts';
import { programs, velocityProgram } from '../support/programs.ts';
import { playVelocity } from '../support/velocity-play.ts';

const [fills = 10_000, kept = 3_000] = process.argv.slice(2).map(Number);
const say = (text: string) => process.stdout.write(`${text}\n`);
const SEEDS = [1, 2, 3, 4, 5];
/** Plays one history a seed, one after the other. */
async function played<T>(play: (seed: number) => Promise<T>): Promise<T[]> {
  const all: T[] = [];
  for (const seed of SEEDS) all.push(await play(seed));
  return all;
}

for (const file of programs) {
  say(file === null ? 'On the stand-in:' : `On the program ${file}:`);
  const plain = await played((seed) => playIdentity(file, seed, Math.ceil(fills / SEEDS.length)));
  const sum = (of: readonly { fills: number }[]) => of.reduce((all, each) => all + each.fills, 0);
  const closes = plain.reduce((all, each) => all + each.closes.length, 0);
  say(`  trades: ${sum(plain)} fills, ${closes} closes, 0 units off`);
  const others = await played((seed) => playKeepers(file, seed, Math.ceil(kept / SEEDS.length)));
  const kinds = new Map<string, number>();
  for (const each of others)
    for (const [kind, times] of each.kinds) kinds.set(kind, (kinds.get(kind) ?? 0) + times);
  const more = others.reduce((all, each) => all + each.closes, 0);
  say(`  keepers: ${sum(others)} fills, ${more} closes, 0 units off`);
  for (const [kind, times] of kinds) say(`    ${kind}: ${times}`);
}

const file = velocityProgram;
if (file !== null) {
  say(`On Velocity's program ${file}:`);
  // Many short histories: in a long one most of a step is looking back.
  const told: Awaited<ReturnType<typeof playVelocity>>[] = [];
  for (let seed = 101; told.reduce((all, each) => all + each.fills, 0) < fills; seed++)
    told.push(await playVelocity(file, seed, Math.min(fills, 250)));
  const closes = told.reduce((all, each) => all + each.closes.length, 0);
  const more = told.reduce((all, each) => all + each.fills, 0);
  say(`  trades: ${more} fills, ${closes} closes, 0 units off`);
  const done = new Map<string, number>();
  for (const each of told)
    for (const [act, times] of each.done) done.set(act, (done.get(act) ?? 0) + times);
  for (const [act, times] of done) say(`    ${act}: ${times}`);
}
