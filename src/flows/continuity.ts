// Continuity: stops signing while the database may lack commits. When the database has gone back,
// or may have, signing waits until the blockhash of every lost payment must have expired; then the
// ledger is compared with the chain again, at `finalized`.

import type { Chain } from '../core/chain-ports.ts';
import {
  BLOCKS_UNTIL_DEAD,
  type DatabaseState,
  mayHaveGoneBack,
  SLOTS_APART_MOST,
} from '../core/continuity.ts';
import { type Finding, odd } from '../core/doctor-finding.ts';
import { Fault } from '../core/fault.ts';
import type { Slot } from '../core/ids.ts';
import type { Log } from '../core/ports.ts';
import { type Trouble, troubled } from '../core/trouble.ts';

/**
 * An identity of the database that daemons trust. `slot`: the slot at which daemons began to trust
 * it; payments up to that slot may be missing, also where the ledger was empty then, because an
 * earlier ledger may have been lost as a whole. Null for one that an earlier release met empty.
 */
export type Trusted = { readonly identity: string; readonly slot: Slot | null };
/** The state of the database now, and the identity that daemons last trusted. */
export type DatabaseStates = {
  read(): Promise<DatabaseState>;
  /** The identity on record; null when no daemon has trusted this database yet. */
  trusted(): Promise<Trusted | null>;
  /** Records the identity of this state as trusted; payments up to `slot` may be missing. */
  trust(state: DatabaseState, slot: Slot | null): Promise<void>;
  /** Whether the ledger has no subscriber, so that no payment of it can be on its way. */
  isEmpty(): Promise<boolean>;
};
export type ContinuityPorts = {
  readonly databaseStates: DatabaseStates;
  readonly chain: Pick<Chain, 'finalizedHeight' | 'slot' | 'witnessed'>;
  readonly log: Log;
  /** Called when the database has gone back; anything remembered from it may no longer be true. */
  readonly onWentBack: () => void;
};
export type Continuity = {
  /**
   * Reads the state of the database, and compares it with the last reading. A start calls this
   * before a subscriber can register: a database that no daemon has trusted yet is trusted only
   * while its ledger is empty.
   */
  look(): Promise<void>;
  /**
   * The reason why nothing may be signed just now; null when the database is whole. Asks the
   * database each time.
   */
  doubt(): Promise<Trouble | null>;
  /**
   * The finding that signing waits, with the block height of the end, as this process last read it;
   * null while signing does not wait.
   */
  finding(): Finding | null;
  /**
   * The identity that the database gave when it was last whole; null when it gives none. A
   * signature is committed only under this identity.
   */
  identity(): string | null;
  /**
   * The slot from which on the ledger has every payment of its own, when `doubt` found it whole
   * last. A payment up to that slot may have been lost, with debts and terms; an empty ledger may
   * have been begun anew. Null where no slot is on record.
   */
  since(): Slot | null;
  /**
   * How often this process has seen the database go back. Anything read under an earlier number is
   * void.
   */
  readonly times: number;
};

/** For a ledger in memory and for tests: the database never goes back. */
export const UNBROKEN: Continuity = {
  look: async () => {},
  doubt: async () => null,
  finding: () => null,
  identity: () => null,
  since: () => null,
  times: 0,
};

/** Creates the check. Signing is possible once the database was read and is whole. */
export function createContinuity({
  databaseStates,
  chain,
  log,
  onWentBack,
}: ContinuityPorts): Continuity {
  let last: DatabaseState | null = null;
  /** The newest state that was read while no wait was open; null before the first. */
  let whole: DatabaseState | null = null;
  /** An open wait. `height`: the finalized block height read last, null before the first. */
  let waiting: { readonly why: string; untilHeight: number | null; height: number | null } | null =
    null;
  let since: Slot | null = null;
  let times = 0;

  const begin = (why: string): void => {
    waiting = { why, untilHeight: null, height: null };
    times++;
    log.error('ledger.went_back', { why });
    onWentBack();
  };
  /**
   * The last state at which this process knew that no payment of the ledger can be on its way: the
   * ledger was empty when this process met it, and no node has told a slot since. Null where the
   * process did not meet the ledger empty.
   */
  let metEmpty: DatabaseState | null = null;
  /**
   * Trusts a ledger that is empty, or was when this process met it, from the present slot on. Where
   * no node tells one, the next reading tries again; until then nothing can be signed for the
   * subscribers that come. A ledger that is begun anew is begun later than its last payment by more
   * than nodes of one cluster differ.
   */
  const beginEmpty = async (state: DatabaseState, isEmpty: boolean): Promise<void> => {
    metEmpty = state;
    try {
      const slot = await chain.witnessed(() => chain.slot('confirmed'));
      await databaseStates.trust(state, slot);
      since = slot;
      last = state;
    } catch (thrown) {
      const isOfNode = thrown instanceof Fault && thrown.code !== 'ledger_unavailable';
      if (!(isOfNode && isEmpty)) throw thrown;
    }
  };
  const readAndCompare = async (): Promise<DatabaseState> => {
    const state = await databaseStates.read();
    if (last === null) {
      const trusted = await databaseStates.trusted();
      // A database that does not tell its timeline may have gone back while no daemon was
      // connected.
      if (!state.told)
        begin('This database does not tell its timeline, and this process has just connected.');
      else if (trusted === null) {
        // A copy from before the first daemon has no mark either, and later payments of its
        // subscribers may be on their way.
        const isEmpty = await databaseStates.isEmpty();
        if (isEmpty || (metEmpty !== null && !mayHaveGoneBack(metEmpty, state))) {
          await beginEmpty(state, isEmpty);
          return state;
        }
        begin('This ledger has subscribers, and no daemon has trusted its database yet.');
      } else if (trusted.identity === state.identity) since = trusted.slot;
      else
        begin(
          'Since daemons last trusted it, this database was started anew, promoted, or restored.',
        );
    } else if (mayHaveGoneBack(last, state))
      begin('Under this daemon, the database was replaced by one that may lack its last commits.');
    last = state;
    return state;
  };
  // Reads never overlap. Lanes ask side by side, and overlapping reads could end in another order
  // than that of the positions they return. An older position after a newer one would look like a
  // database that went back, and would stop all payments for 182 blocks. A caller that finds a read
  // under way shares the next read, which begins after the call.
  let running: Promise<DatabaseState> | null = null;
  let following: Promise<DatabaseState> | null = null;
  const look = (): Promise<DatabaseState> => {
    if (following !== null) return following;
    const ended = running?.then(
      () => {},
      () => {},
    );
    const own: Promise<DatabaseState> = Promise.resolve(ended).then(() => {
      following = null;
      running = own;
      return readAndCompare();
    });
    following = own;
    return own;
  };
  return {
    look: async () => void (await look()),
    async doubt() {
      for (;;) {
        const state = await look();
        const open = waiting;
        if (open === null) {
          whole = state;
          return null;
        }
        // The height of another chain would end the wait too early.
        const height = await chain.witnessed(() => chain.finalizedHeight());
        // While the node answered, another lane ended this wait, or found that the database went
        // back once more.
        if (waiting !== open) continue;
        open.untilHeight ??= height + BLOCKS_UNTIL_DEAD;
        open.height = height;
        const left = open.untilHeight - height;
        if (left > 0)
          return troubled(
            'ledger_went_back',
            `${open.why} Nothing is signed for another ${left} blocks: payments of the lost commits must land or expire first.`,
          );
        // The node that tells the slot may be behind the one that told the height.
        const slot = (await chain.witnessed(() => chain.slot('finalized'))) + SLOTS_APART_MOST;
        if (waiting !== open) continue;
        waiting = null;
        whole = state;
        since = slot;
        await databaseStates.trust(state, slot);
        log.info('ledger.whole_again', {});
        return null;
      }
    },
    finding() {
      if (waiting === null) return null;
      const { why, untilHeight, height } = waiting;
      const span =
        untilHeight === null
          ? `nothing is signed for ${BLOCKS_UNTIL_DEAD} finalized blocks; no node has told a block height since`
          : `nothing is signed from finalized block height ${untilHeight - BLOCKS_UNTIL_DEAD} to ${untilHeight}; the last one read is ${height}`;
      return odd(
        'signing',
        `${why} Until payments of the lost commits have landed or expired, ${span}`,
        'Signing goes on by itself. See BailiffBooksWentBack in docs/runbook.md.',
      );
    },
    identity: () => (whole?.told === true ? whole.identity : null),
    since: () => since,
    get times() {
      return times;
    },
  };
}
