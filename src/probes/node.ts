// Node: whether an RPC node is on the right chain and keeps up with it.
import type { NodeReport } from '../chain/probe.ts';
import { type Finding, fine, wrong } from '../core/finding.ts';
import type { Clock } from '../core/ports.ts';
import type { Settings } from '../system/settings.ts';
import { skewOf } from './clock.ts';

const MAINNET = '5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d';
/** The last finalized block is made some 13 s before it is final. */
const BLOCK_AGE_MS_MOST = 60_000;

export function ofNode(
  what: string,
  node: NodeReport,
  settings: Settings,
  clock: Clock,
): Finding[] {
  const found = [fine(what, `Solana ${node.version}, finalized slot ${node.slot}`)];
  if (settings.network === 'mainnet' && node.genesis !== MAINNET)
    found.push(
      wrong(what, `this is another chain: ${node.genesis}`, 'Give the URL of a mainnet node.'),
    );
  if (node.blockTimeMs === null) return found;
  const ageMs = clock.nowMs() - node.blockTimeMs;
  if (ageMs > BLOCK_AGE_MS_MOST)
    found.push(
      wrong(
        what,
        `its last finalized block is ${Math.round(ageMs / 1_000)} s old`,
        'The node is behind, or this clock ahead: try another node, and check NTP.',
      ),
    );
  else found.push(...skewOf('the chain', node.blockTimeMs, clock.nowMs(), BLOCK_AGE_MS_MOST));
  return found;
}
