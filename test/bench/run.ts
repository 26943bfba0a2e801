// Run: `npm run bench -- NAME`, with NAME one of decode, intake, watch, lanes, gate, volume, burst,
// quiet, latency, replicas, import, adopt, congestion. Prints ratios measured in one run; exits 1
// when a stated one is missed.
import { benchAdopt } from './adopt.ts';
import { benchBurst, benchQuiet } from './burst.ts';
import { benchCongestion } from './congestion.ts';
import { benchDecode } from './decode.ts';
import { benchGate } from './gate.ts';
import { benchImport } from './import.ts';
import { benchIntake } from './intake.ts';
import { benchLanes } from './lanes.ts';
import { benchLatency } from './latency.ts';
import { benchReplicas } from './replicas.ts';
import { benchRoster } from './roster.ts';
import { benchVolume } from './volume.ts';
import { benchWatch } from './watch.ts';

const BENCHES: Record<string, () => boolean | Promise<boolean>> = {
  decode: benchDecode,
  intake: benchIntake,
  burst: benchBurst,
  quiet: benchQuiet,
  latency: benchLatency,
  replicas: benchReplicas,
  import: benchImport,
  adopt: benchAdopt,
  congestion: benchCongestion,
  watch: benchWatch,
  lanes: benchLanes,
  volume: benchVolume,
  gate: async () => {
    const parts = [await benchGate(), await benchRoster()];
    return parts.every(Boolean);
  },
};

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in BENCHES));
if (unknown.length > 0) {
  process.stderr.write(
    `unknown bench: ${unknown.join(', ')}. There are: ${Object.keys(BENCHES).join(', ')}\n`,
  );
  process.exit(2);
}
let met = true;
for (const name of wanted.length > 0 ? wanted : Object.keys(BENCHES))
  met = (await BENCHES[name]?.()) !== false && met;
process.exit(met ? 0 : 1);
