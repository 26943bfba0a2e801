// Node: checks that an RPC node is on the right chain and keeps up with it.
import type { NodeReport } from '../chain/probe.ts';
import { type Finding, fine, wrong } from '../core/doctor-finding.ts';
import { fitsNetwork, KNOWN_GENESIS, otherChain } from '../core/genesis.ts';
import type { Slot } from '../core/ids.ts';
import type { Clock } from '../core/ports.ts';
import type { Settings } from '../system/settings.ts';
import { skewOf } from './clock.ts';

/** The age up to which a node's last finalized block is normal. Finality itself takes some 13 s. */
const BLOCK_AGE_MS_MOST = 60_000;

/**
 * The findings on one node. `kept` is the genesis hash in the ledger; null when the ledger has none
 * yet or could not be read.
 */
export function ofNode(
  what: string,
  node: NodeReport,
  settings: Settings,
  kept: string | null,
  clock: Clock,
): Finding[] {
  const found = [fine(what, `Solana ${node.version}, finalized slot ${node.slot}`)];
  const { network } = settings;
  if (kept === null ? !fitsNetwork(node.genesis, network) : node.genesis !== kept)
    found.push(
      wrong(
        what,
        `this is another chain: ${otherChain(node.genesis, kept ?? KNOWN_GENESIS[network])}`,
        `Give the URL of a node of the chain that this ledger belongs to (network ${network}).`,
      ),
    );
  if (!node.givesBlocks)
    found.push(
      wrong(
        what,
        'it does not serve getBlocks and getBlock: a payment that expired is never proven dead, and its debts wait',
        'Give the URL of a provider that serves these methods.',
      ),
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

/**
 * The largest difference in slots between a WebSocket and a node of one chain, with one of them
 * catching up.
 */
const APART_SLOTS_MOST = 2_000;

/**
 * Whether a WebSocket reports slots of the node's chain. `nodeSlot` is null when no node answered.
 */
export function ofSocket(slot: Slot, nodeSlot: Slot | null): Finding {
  if (nodeSlot !== null && Math.abs(slot - nodeSlot) > APART_SLOTS_MOST)
    return wrong(
      'websocket',
      `it tells slot ${slot} and the node is at ${nodeSlot}: it belongs to another chain, or one of them is far behind`,
      'Let BAILIFF_RPC_WS_URL name the WebSocket of that node’s chain.',
    );
  return fine('websocket', `tells slot ${slot}`);
}
