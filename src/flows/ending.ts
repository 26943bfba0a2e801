// Ending: debts that end unpaid, by their own terms or by a person, and observed debts that a
// person adopts. A database that went back may have lost a payment of such a debt, so an act is
// done only after the payments of its subscriber were compared with the chain, and is committed
// only in the database that was compared.

import { cancelledBy } from '../core/cancellation.ts';
import type { Chain } from '../core/chain-ports.ts';
import { Fault } from '../core/fault.ts';
import type { Slot } from '../core/ids.ts';
import type { BaseUnits } from '../core/money.ts';
import type { Clock, Ledger, Log } from '../core/ports.ts';
import type { Token } from '../core/token.ts';
import type { Trouble } from '../core/trouble.ts';
import type { Voiding } from '../core/voiding.ts';
import type { Books } from './books-comparison.ts';
import { voidAsked } from './cancelled.ts';
import { ageDoubt } from './clocks.ts';
import { sideBySide } from './side-by-side.ts';

export type EndingPorts = {
  readonly ledger: Pick<Ledger, 'shares' | 'subscribers' | 'payments' | 'probe'>;
  readonly chain: Pick<Chain, 'accounts'>;
  readonly books: Pick<Books, 'doubt' | 'disagreement' | 'identity'>;
  readonly clock: Pick<Clock, 'nowMs' | 'elapsedMs'>;
  readonly log: Log;
};
export type AdoptedDebts = {
  readonly adopted: readonly {
    readonly shareId: string;
    readonly subscriberId: string;
    readonly token: Token;
    readonly left: BaseUnits;
  }[];
  /** Subscribers whose debts stay observed for now, each with the reason. */
  readonly waiting: readonly { readonly subscriberId: string; readonly reason: string }[];
};
export type Endings = {
  /**
   * Ends a debt unpaid. False when it is paid, voided, or has a payment that may still land. Throws
   * `books_behind` until the books of its subscriber agree with the chain, and `rpc_unavailable`
   * while the chain does not tell.
   */
  void(
    share: { readonly id: string; readonly subscriberId: string },
    voiding: Voiding,
  ): Promise<boolean>;
  /**
   * Asks that the payment under way for a debt be cancelled, so that the debt is voided once that
   * payment can never land. Returns the payment's id; null when there is none under a nonce.
   */
  cancelFor(
    share: { readonly id: string; readonly subscriberId: string },
    voiding: Voiding,
  ): Promise<string | null>;
  /**
   * Ends a payment for good. `ended`: nothing of it was signed. `asked`: its lane moves its nonce,
   * after which it can never land, unless it has landed before. `blockhash`: it is under a
   * blockhash, and ends by landing or by a proof of death alone. `over`: it has ended already. The
   * debts of a payment that is cancelled are left to a person. Throws `not_found`.
   */
  cancel(paymentId: string, voiding: Voiding): Promise<'ended' | 'asked' | 'blockhash' | 'over'>;
  /**
   * Lets debts lapse whose own terms say so. Subscribers whose books do not agree yet are left for
   * a later round, and all of them while the clocks of Postgres and of the chain differ. Returns
   * the subscribers whose debts lapsed.
   */
  lapse(): Promise<string[]>;
  /**
   * Voids the debts that persons asked to have voided and whose payment was cancelled for that: a
   * process that ended before it voided them, or books that did not agree, left them over.
   * Subscribers whose books do not agree yet are left for a later round. Returns the subscribers
   * of whom all asked debts are voided.
   */
  voidAsked(): Promise<string[]>;
  /**
   * Makes observed debts of closes in this slot and later payable, of every subscriber whose books
   * agree with the chain. Throws `books_behind` while the database may lack commits.
   */
  adopt(fromSlot: Slot): Promise<AdoptedDebts>;
};

/** The number of agents whose histories are read side by side. */
const AT_ONCE = 8;
/** A subscriber whose books do not agree, or could not be read, is looked at again after this. */
const AGAIN_MS = 60_000;

const behind = (what: string, trouble: Trouble): Fault =>
  new Fault('books_behind', `${what}: ${trouble.detail}`, { context: { code: trouble.code } });

/** Creates the acts that end or adopt debts. */
export function createEndings({ ledger, chain, books, clock, log }: EndingPorts): Endings {
  /** Why the books of a subscriber cannot be relied on now; null when they can. */
  const disagreement = async (subscriberId: string): Promise<Trouble | null> => {
    const subscriber = await ledger.subscribers.find(subscriberId);
    if (subscriber === null) throw new Fault('not_found', `subscriber ${subscriberId} is gone`);
    // A debt that is ended or adopted may be parked or observed.
    return books.disagreement(subscriber, 'open');
  };
  /**
   * The detail of that trouble, or the message of the fault while the chain cannot be read; null
   * when the books can be relied on.
   */
  const reasonAgainst = async (subscriberId: string): Promise<string | null> => {
    try {
      return (await disagreement(subscriberId))?.detail ?? null;
    } catch (thrown) {
      if (thrown instanceof Fault) return thrown.message;
      throw thrown;
    }
  };
  /**
   * Remembers the subscribers that a round put off, for a minute each. `due` gives those of the
   * subscribers that are not put off now.
   */
  const createPatience = () => {
    const again = new Map<string, number>();
    return {
      due(all: readonly string[]): string[] {
        for (const [id, atMs] of again)
          if (atMs <= clock.elapsedMs() || !all.includes(id)) again.delete(id);
        return all.filter((id) => !again.has(id));
      },
      putOff: (subscriberId: string) => again.set(subscriberId, clock.elapsedMs() + AGAIN_MS),
    };
  };
  const lapsing = createPatience();
  const voiding = createPatience();
  const lapseOf = async (subscriberId: string): Promise<boolean> => {
    const reason = await reasonAgainst(subscriberId);
    if (reason !== null) {
      lapsing.putOff(subscriberId);
      log.warn('share.lapse_waits', { subscriber: subscriberId, reason });
      return false;
    }
    const lapsed = await ledger.shares.lapse(subscriberId, books.identity());
    for (const { shareId, left } of lapsed)
      log.warn('share.voided', { share: shareId, subscriber: subscriberId, left, by: 'terms' });
    return lapsed.length > 0;
  };
  return {
    async void({ id, subscriberId }, voiding) {
      // A debt that is paid or voided cannot be voided: the answer needs no node.
      const status = (await ledger.shares.find(id))?.status;
      if (status === 'paid' || status === 'voided') return false;
      const trouble = await disagreement(subscriberId);
      if (trouble !== null) throw behind(`Profit share ${id} is not voided yet`, trouble);
      return ledger.shares.void(id, voiding, clock.nowMs(), books.identity());
    },
    async cancelFor({ id, subscriberId }, voiding) {
      const live = await ledger.payments.live(subscriberId);
      if (live === null || !live.plan.covers.some(({ shareId }) => shareId === id)) return null;
      const asked = await ledger.payments.cancel(live.id, { shareId: id, ...voiding });
      return asked ? live.id : null;
    },
    async cancel(paymentId, voiding) {
      for (;;) {
        const found = await ledger.payments.find(paymentId);
        if (found === null) throw new Fault('not_found', `There is no payment ${paymentId}.`);
        switch (found.state) {
          case 'planned':
            // False when a daemon has just signed the payment. The next turn of this loop then asks
            // for the cancellation of a signed payment.
            if (await ledger.payments.refused(paymentId, cancelledBy(null), null, false))
              return 'ended';
            break;
          case 'signed':
          case 'sent':
            if (found.guard === 'blockhash') return 'blockhash';
            if (await ledger.payments.cancel(paymentId, { shareId: null, ...voiding }))
              return 'asked';
            break;
          case 'landed':
          case 'failed':
          case 'dead':
            return 'over';
        }
      }
    },
    async lapse() {
      const due = lapsing.due(await ledger.shares.lapsing());
      if (due.length === 0 || (await books.doubt()) !== null) return [];
      // A debt that lapsed stays so, and a wrong clock of Postgres would let all of them lapse.
      const reason = await ageDoubt(chain, ledger.probe);
      if (reason !== null) {
        for (const subscriber of due) lapsing.putOff(subscriber);
        log.warn('share.lapse_waits', { subscribers: due.length, reason });
        return [];
      }
      const ended: string[] = [];
      await sideBySide(due, AT_ONCE, async (id) => {
        if (await lapseOf(id)) ended.push(id);
      });
      return ended;
    },
    async voidAsked() {
      const asked = await ledger.shares.voidsAsked();
      const due = voiding.due([...new Set(asked.map((each) => each.subscriberId))]);
      if (due.length === 0 || (await books.doubt()) !== null) return [];
      const ended: string[] = [];
      await sideBySide(due, AT_ONCE, async (id) => {
        if (await voidAsked({ ledger, books, clock, log }, id)) ended.push(id);
        else voiding.putOff(id);
      });
      return ended;
    },
    async adopt(fromSlot) {
      const broken = await books.doubt();
      if (broken !== null) throw behind('Nothing is adopted yet', broken);
      // Taken before the histories are read: a database that goes back meanwhile has another one.
      const under = books.identity();
      const agreed: string[] = [];
      const waiting: { subscriberId: string; reason: string }[] = [];
      await sideBySide(await ledger.shares.adoptable(fromSlot), AT_ONCE, async (subscriberId) => {
        const reason = await reasonAgainst(subscriberId);
        if (reason === null) agreed.push(subscriberId);
        else waiting.push({ subscriberId, reason });
      });
      return { adopted: await ledger.shares.adopt(fromSlot, agreed.sort(), under), waiting };
    },
  };
}
