// Strain: `npm run strain -- crowds|kills|outages`. The real daemon in a process of its own under
// crowds of connections, under kill -9 amid webhooks, and while Postgres or the node is gone,
// hangs, refuses or is cut. Prints what was measured; exits 1 where a promise of docs/limits.md is
// broken.
import { measureCrowds } from './strain-crowds.ts';
import { measureKills } from './strain-kills.ts';
import { measureOutages } from './strain-outages.ts';

const PARTS: Readonly<Record<string, () => Promise<readonly string[]>>> = {
  crowds: measureCrowds,
  kills: measureKills,
  outages: measureOutages,
};

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !Object.hasOwn(PARTS, name));
if (unknown.length > 0) {
  process.stderr.write(
    `unknown: ${unknown.join(', ')}. There are: ${Object.keys(PARTS).join(', ')}\n`,
  );
  process.exit(2);
}
const broken: string[] = [];
for (const name of wanted.length > 0 ? wanted : Object.keys(PARTS))
  broken.push(...((await PARTS[name]?.()) ?? []));
for (const each of broken) process.stdout.write(`BROKEN: ${each}\n`);
process.exit(broken.length === 0 ? 0 : 1);
