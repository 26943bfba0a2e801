// Held: the positions that were open when a subscription began, and what they owe.
import type { Held } from './fact.ts';
import type { Slot } from './ids.ts';

/**
 * How positions owe that were open when the first terms began. `free`: nothing. `charged`: a share
 * from their opening on, at the entry that account state shows. `from_slot`: the account's history
 * is read from the first terms on, so that openings since then are known; earlier openings owe
 * nothing.
 */
export const OPEN_AT_START = ['free', 'charged', 'from_slot'] as const;
export type OpenAtStart = (typeof OPEN_AT_START)[number];
/** The positions when the first terms began. `open` is `free` where it is absent. */
export type HeldAtStart = {
  readonly slot: Slot;
  readonly positions: readonly Held[];
  readonly open?: OpenAtStart;
};
