// Conformance: watches the bytes of the venue's program. Its slot of deployment is read regularly;
// when the slot moves, the whole program is read. An unknown program is logged as an alarm and, by
// the settings, halts signing.
import {
  type Conformance,
  conformanceOf,
  type DeployedProgram,
  type OnUnknownProgram,
  type ProgramBook,
  type ProgramReader,
  signingObjection,
} from '../core/conformance.ts';
import type { Log } from '../core/ports.ts';
import type { Trouble } from '../core/trouble.ts';
import type { Venue } from '../core/venue.ts';
import { DEFAULT_VENUE, type VenueName } from '../core/venue-name.ts';

export type ConformancePorts = {
  readonly program: ProgramReader;
  readonly programs: Pick<ProgramBook, 'seen' | 'vouchers'>;
  readonly venue: Pick<Venue, 'provenOn'>;
  readonly log: Log;
};
export type ConformanceWatch = {
  /**
   * Looks once. Throws when the chain or the ledger cannot be asked; the last known state stays.
   */
  look(): Promise<void>;
  state(): Conformance;
  /** The reason why nothing new may be signed, or null. */
  objection(): Trouble | null;
};

/**
 * Creates the watch over one venue's program. Until the first look the program counts as not read.
 */
export function createConformance(
  { program, programs, venue, log }: ConformancePorts,
  { onUnknownProgram: onUnknown }: { readonly onUnknownProgram: OnUnknownProgram },
): ConformanceWatch {
  let last: Pick<DeployedProgram, 'hash' | 'slot'> | null = null;
  let state: Conformance = { state: 'unread' };
  let told: string | null = null;
  return {
    async look() {
      // An earlier slot comes from a node that is behind, because no program is deployed in the
      // past.
      if (last === null || (await program.deployedIn()) > last.slot) {
        const { hash, slot, authority } = await program.read();
        const before = await programs.seen({ hash, slot });
        last = { hash, slot };
        if (before !== null)
          log.warn('venue.program_changed', { slot, hash, before, upgradeAuthority: authority });
      }
      state = conformanceOf(last, venue.provenOn, await programs.vouchers());
      if (state.state !== 'unknown') told = null;
      else if (told !== state.hash) {
        told = state.hash;
        log.error('venue.program_unknown', {
          slot: state.slot,
          hash: state.hash,
          signing: onUnknown === 'halt' ? 'halted' : 'goes on',
          detail: 'bailiff venue prove, or bailiff venue accept HASH --reason.',
        });
      }
    },
    state: () => state,
    objection: () => signingObjection(state, onUnknown),
  };
}

export type VenuesConformance = {
  /** Looks at every program; then throws the first failure, if there was one. */
  look(): Promise<void>;
  /** The state of each venue's program. */
  states(): readonly { readonly venue: VenueName; readonly state: Conformance }[];
  /** The reason why nothing new may be signed for payments out of a venue, or null. */
  objection(venue: VenueName | undefined): Trouble | null;
};

/** Watches the programs of several venues, each by itself. */
export function createVenuesConformance(
  watches: ReadonlyMap<VenueName, ConformanceWatch>,
): VenuesConformance {
  return {
    async look() {
      const looked = await Promise.allSettled([...watches.values()].map((each) => each.look()));
      for (const each of looked) if (each.status === 'rejected') throw each.reason;
    },
    states: () => [...watches].map(([venue, watch]) => ({ venue, state: watch.state() })),
    objection: (venue = DEFAULT_VENUE) => watches.get(venue)?.objection() ?? null,
  };
}
