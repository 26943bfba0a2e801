// Slot lag: how far each node of the pool is behind the others. A node tells its confirmed slot
// with most of its answers. A slot that was told earlier by another node is one that the chain has
// reached since: a node that tells less is behind by the difference at least, however old the other
// answer is.
import type { Slot } from '../core/ids.ts';

export type SlotLag = {
  /** Takes the confirmed slot that a node tells. A slot that the chain cannot have is ignored. */
  told(node: string, slot: Slot): void;
  /** How many slots the node was behind the best one when it told its slot; null before that. */
  of(node: string): number | null;
  /** Whether the node is too far behind to be read from. */
  isBehind(node: string): boolean;
  /** Milliseconds since the node told its slot; infinite before that. */
  silentMs(node: string): number;
};

/** `slotsMost`: a node that is further behind than this is too far behind. */
export type SlotLagOptions = {
  readonly slotsMost: number;
  readonly canBe: (slot: Slot) => boolean;
  readonly elapsedMs: () => number;
};

/** Creates the record of the nodes' slots. */
export function createSlotLag({ slotsMost, canBe, elapsedMs }: SlotLagOptions): SlotLag {
  const known = new Map<string, { readonly lag: number; readonly atMs: number }>();
  let best: Slot | null = null;
  return {
    told(node, slot) {
      if (!canBe(slot)) return;
      // A best slot that the chain turns out not to have reached was a wrong answer.
      if (best === null || slot > best || !canBe(best)) best = slot;
      known.set(node, { lag: best - slot, atMs: elapsedMs() });
    },
    of: (node) => known.get(node)?.lag ?? null,
    isBehind: (node) => (known.get(node)?.lag ?? 0) > slotsMost,
    silentMs: (node) => elapsedMs() - (known.get(node)?.atMs ?? Number.NEGATIVE_INFINITY),
  };
}

/** The head of a body in which an answer names its slot. */
const HEAD = 200;
const CONTEXT_SLOT = /"context":\{[^}]*?"slot":(\d+)/;
const PLAIN_SLOT = /"result":(\d+)[,}]/;
/** The slot of a node that has not reached the one that was asked for (-32016). */
const REACHED_SLOT = /"contextSlot":(\d+)/;
const NOT_REACHED = '-32016';
/**
 * Trouble of the node itself, where another node may answer: unhealthy (-32005), an internal error
 * (-32603), trouble with long-term storage (-32019). A batch may hold such an answer as well.
 */
const OWN_TROUBLE = /"error":\{[^{}]*?"code":(?:-32005|-32603|-32019)[,}]/;
/** A single answer with an error is shorter than this. */
const ERROR_BYTES = 1_000;

export type Told = {
  /** The confirmed slot that the answer names; null when it names none. */
  readonly slot: Slot | null;
  /** Whether the node says that it has not reached the slot that the question names. */
  readonly notReached: boolean;
  /** Whether the node says that it cannot answer for a trouble of its own. */
  readonly troubled: boolean;
};

/**
 * The slot of its node that an answer names. Only questions at confirmed commitment count, because
 * slots of other commitments cannot be compared with them. The answer to a batch names none.
 */
export function slotToldBy(question: string, answer: string): Told {
  const slotIn = (pattern: RegExp, text: string): Slot | null => {
    const found = pattern.exec(text)?.[1];
    return found === undefined ? null : Number(found);
  };
  const isError = answer.length < ERROR_BYTES && answer.includes('"error"');
  const troubled = isError && OWN_TROUBLE.test(answer);
  const untold: Told = { slot: null, notReached: false, troubled };
  if (!question.startsWith('{')) return untold;
  const comparable = question.includes('"confirmed"');
  if (isError && answer.includes(NOT_REACHED))
    return { ...untold, slot: comparable ? slotIn(REACHED_SLOT, answer) : null, notReached: true };
  if (isError || !comparable) return untold;
  const head = answer.slice(0, HEAD);
  const slot = question.includes('"method":"getSlot"')
    ? slotIn(PLAIN_SLOT, head)
    : slotIn(CONTEXT_SLOT, head);
  return { ...untold, slot };
}
