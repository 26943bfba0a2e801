// Moods: the conditions that a node of the simulated chain can be in for a while.
import type { Random } from '../random.ts';
import { type SimNode, soundNode } from './node.ts';

/** The conditions that a node can be in for a while. */
export const MOODS_KNOWN = {
  /** Its statuses, or its transactions, lack some; never both. */
  broken(node: SimNode, random: Random) {
    const index = random.pick(['status', 'transaction'] as const);
    const part = random.below(4);
    node.lacks = (which, signature) => which === index && signature.charCodeAt(20) % 4 === part;
  },
  /** Its statuses are gone, as where a node keeps only those of the last minutes. */
  'no statuses'(node: SimNode) {
    node.lacks = (which) => which === 'status';
  },
  /** The node's histories lack some transactions. Only account state can show them. */
  'broken history'(node: SimNode, random: Random) {
    const part = random.below(4);
    node.lacks = (which, signature) => which === 'history' && signature.charCodeAt(20) % 4 === part;
  },
  /** The node keeps only the newest blocks, or was started from a snapshot a moment ago. */
  forgetful(node: SimNode, random: Random) {
    const back = random.chance(0.5) ? 0 : random.below(300);
    node.firstSlot = node.chain.block(Math.max(0, node.chain.root() - back)).slot;
  },
  /** The node gives transactions without their outcome. */
  'no meta'(node: SimNode) {
    node.tells = () => 'no meta';
  },
  /** The node ends pages of history early. */
  'short pages'(node: SimNode, random: Random) {
    node.pageMost = 1 + random.below(3);
  },
  /** The node is sound again. */
  sound(node: SimNode) {
    Object.assign(node, soundNode(node.chain));
  },
} as const;
export type Mood = keyof typeof MOODS_KNOWN;
/** The conditions that nodes may be in where account states are checked. */
export const CHECKED_MOODS: readonly Mood[] = ['broken history'];
/** The conditions that nodes may be in in every history. */
export const MOODS: readonly Mood[] = [
  'sound',
  'broken',
  'no statuses',
  'forgetful',
  'no meta',
  'short pages',
];
export const sicken = (node: SimNode, random: Random, moods: readonly Mood[]): void =>
  MOODS_KNOWN[random.pick(moods)](node, random);
