// Continuity: nothing is signed on books that may lack commits. When the database has gone back, or
// may have, signing waits until every blockhash that a lost payment can have used is dead; then all
// books are read again, at `finalized`.
import { BLOCKS_UNTIL_DEAD, type LedgerMark, mayHaveGoneBack } from '../core/continuity.ts';
import type { Chain } from '../core/outside.ts';
import type { Log } from '../core/ports.ts';
import { type Trouble, troubled } from '../core/trouble.ts';

/** Where the database says that it stands, and where it stood when daemons last trusted it. */
export type Marks = {
  read(): Promise<LedgerMark>;
  trusted(): Promise<string | null>;
  trust(mark: LedgerMark): Promise<void>;
};
export type ContinuityPorts = {
  readonly marks: Marks;
  readonly chain: Pick<Chain, 'finalizedHeight'>;
  readonly log: Log;
  /** Everything that this process remembers of the ledger may be too new. */
  readonly onWentBack: () => void;
};
export type Continuity = {
  /**
   * Why nothing may be signed just now; null when the database is whole. Asks the database each
   * time.
   */
  doubt(): Promise<Trouble | null>;
  /**
   * What the database told of itself last; null where it tells nothing. A signature is committed
   * under it alone.
   */
  identity(): string | null;
  /**
   * How often the database has gone back under this process: what was read before the last time
   * counts no more.
   */
  readonly times: number;
};

/** A continuity for memory and tests: the database never goes back. */
export const UNBROKEN: Continuity = {
  doubt: async () => null,
  identity: () => null,
  times: 0,
};

export function createContinuity({ marks, chain, log, onWentBack }: ContinuityPorts): Continuity {
  let last: LedgerMark | null = null;
  let waiting: { readonly why: string; untilHeight: number | null } | null = null;
  let times = 0;

  const begin = (why: string): void => {
    waiting = { why, untilHeight: null };
    times++;
    log.error('ledger.went_back', { why });
    onWentBack();
  };
  const readAndCompare = async (): Promise<LedgerMark> => {
    const mark = await marks.read();
    if (last === null) {
      const trusted = await marks.trusted();
      // A database that does not tell its timeline may have gone back while nobody was connected.
      if (!mark.told)
        begin('This database does not tell its timeline, and this process has just connected.');
      else if (trusted === null) await marks.trust(mark);
      else if (trusted !== mark.identity)
        begin(
          'Since daemons last trusted it, this database was started anew, promoted, or restored.',
        );
    } else if (mayHaveGoneBack(last, mark))
      begin('Under this daemon, the database was replaced by one that may lack its last commits.');
    last = mark;
    return mark;
  };
  // Reads never overlap. Lanes ask side by side, and answers of overlapping reads may come in
  // another order than the positions that they tell: an older position after a newer one would pass
  // for a database that went back, and stop all payments for 182 blocks. A caller that finds a read
  // under way shares the next one, which begins after the call.
  let running: Promise<LedgerMark> | null = null;
  let following: Promise<LedgerMark> | null = null;
  const look = (): Promise<LedgerMark> => {
    if (following !== null) return following;
    const ended = running?.then(
      () => {},
      () => {},
    );
    const own: Promise<LedgerMark> = Promise.resolve(ended).then(() => {
      following = null;
      running = own;
      return readAndCompare();
    });
    following = own;
    return own;
  };
  return {
    async doubt() {
      for (;;) {
        const mark = await look();
        const open = waiting;
        if (open === null) return null;
        const height = await chain.finalizedHeight();
        // While the node answered, another lane ended this wait, or found that the database went
        // back once more.
        if (waiting !== open) continue;
        open.untilHeight ??= height + BLOCKS_UNTIL_DEAD;
        const left = open.untilHeight - height;
        if (left > 0)
          return troubled(
            'ledger_went_back',
            `${open.why} Nothing is signed for another ${left} blocks: what the lost commits may have sent must land or expire first.`,
          );
        waiting = null;
        await marks.trust(mark);
        log.info('ledger.whole_again', {});
        return null;
      }
    },
    identity: () => (last?.told === true ? last.identity : null),
    get times() {
      return times;
    },
  };
}
