// Nonce lane: decides whether the next payment of a subscriber is signed under a blockhash or under
// a value of its durable nonce, waits, or rests. The value is the one up to which every move of the
// nonce is explained: by a payment on record, or by a transaction that a finalized block shows and
// that paid nothing the books lack. From each such transaction the value after it follows by the
// blockhash before its block, so that no move can hide between two others. See ADR 41.
import type { ChainAccount } from '../core/chain-ports.ts';
import { Fault } from '../core/fault.ts';
import type { Address } from '../core/ids.ts';
import type { Mover, NonceValue } from '../core/nonce.ts';
import { type NonceAccount, type NotedValue, stageOf } from '../core/nonce-account.ts';
import type { Nonces } from '../core/nonce-ports.ts';
import type { Clock, Ledger, Log, Subscriber } from '../core/ports.ts';
import { type Trouble, troubled } from '../core/trouble.ts';
import type { Books } from './books-comparison.ts';
import type { Guard, LaneNonce, NonceSeen } from './nonce-guard.ts';
import type { NonceHeard } from './nonce-heard.ts';
import { createNonceHistory, type NonceHistory } from './nonce-history.ts';
import { createNonceLeaving, type NonceLeaving } from './nonce-leaving.ts';
import { createNonceOpening, type OpeningOptions } from './nonce-opening.ts';
import type { ReadPorts } from './preflight.ts';

export type NonceLanePorts = ReadPorts & {
  readonly ledger: Ledger;
  readonly books: Pick<Books, 'disagreement' | 'forget'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly nonces: Nonces;
  readonly nonceHeard: NonceHeard;
};
export type NonceOptions = OpeningOptions & {
  /** What keeps two payments of one debt apart: `payments.replayGuard`. */
  readonly replayGuard: 'blockhash' | 'nonce';
};

export type NonceLane = NonceHistory & {
  /**
   * The account to read with those of a plan; null when the lane can have none. Under the guard
   * `blockhash` an account may exist that the ledger has lost.
   */
  account(subscriberId: string): Promise<LaneNonce | null>;
  /**
   * Decides about the guard of the next payment. `seen`: the nonce account as the plan's reading
   * found it; null when the lane can have none. Throws `rpc_unavailable`.
   */
  decide(subscriber: Subscriber, creator: Address, seen: NonceSeen | null): Promise<Guard>;
  /** Closes the accounts of subscribers who have left. */
  readonly leaving: NonceLeaving;
};

/** The most moves that one decision explains; the next one goes on from there. */
const MOVES_MOST = 64;
/** The wait for a node that is behind, or for a block that is not final yet. */
const SOON_MS = 1_000;

const unusable = (why: string): Guard => ({ do: 'rest', trouble: troubled('nonce_unusable', why) });
const moved = (what: string): Trouble =>
  troubled(
    'nonce_moved',
    `The nonce was moved, and ${what}. A debt may be paid that the ledger calls open, so nothing is signed for this subscriber.`,
  );

/** Creates the decision about the guard of a lane's next payment. */
export function createNonceLane(ports: NonceLanePorts, options: NonceOptions): NonceLane {
  const { ledger, chain, tokens, pen, books, log, nonces, nonceHeard } = ports;
  const opening = createNonceOpening(ports, options);
  const history = createNonceHistory(ports);
  const { finalValue, moverOf } = history;
  const wait = (trouble: Trouble, ms = SOON_MS): Guard => ({ do: 'wait', trouble, ms });
  const isVoid = ({ account }: NonceSeen, authority: Address): boolean =>
    nonces.read(account, authority).seen === 'absent';

  /** Why the transaction that moved the nonce leaves the books in doubt; null when it does not. */
  const doubtOf = async (subscriber: Subscriber, mover: Mover): Promise<Trouble | null> => {
    if (mover.error !== null) return null;
    const { signature, slot } = mover;
    const isUnknown = async () => (await ledger.payments.unknown([signature])).length > 0;
    if (!(await isUnknown())) return null;
    const transaction = await chain.transaction(signature, 'finalized');
    if (transaction === null)
      throw new Fault('rpc_unavailable', `getTransaction: the node does not give ${signature}`);
    // A transaction that moves no tokens of the agent is a cancellation.
    const pays = tokens
      .effectsOf(transaction)
      .some((each) => each.effect === 'transfer' && each.authority === subscriber.agentWallet);
    if (!pays) return null;
    // A payment is never older than the debt that it pays.
    const oldest = await ledger.shares.oldestOpenSlot(subscriber.id, 'open');
    if (oldest === null || slot <= oldest) return null;
    books.forget(subscriber.id);
    const behind = await books.disagreement(subscriber, 'open');
    if (behind !== null) return behind;
    return (await isUnknown())
      ? moved(`payment ${signature} did it, which the ledger does not know`)
      : null;
  };

  /**
   * Records that an account is closed. A payment that the ledger has lost may have landed before
   * the closing, so the books are compared first: no daemon signs under a blockhash, or opens the
   * account anew, before this is recorded.
   */
  const ended = async (subscriber: Subscriber, known: NonceAccount): Promise<Guard> => {
    books.forget(subscriber.id);
    const behind = await books.disagreement(subscriber, 'open');
    if (behind !== null) return { do: 'rest', trouble: behind };
    await opening.gone(known);
    // The debts of this plan were read before the books were compared.
    return wait(opening.closing(known.account), 1);
  };

  /**
   * Explains every move from the noted value to the value that was seen, and notes each. Returns
   * null when every move is explained; the ledger then holds the value that was seen.
   */
  const explain = async (
    subscriber: Subscriber,
    known: NonceAccount,
    noted: NotedValue,
    seen: NonceValue,
  ): Promise<Guard> => {
    const { account } = known;
    let at = noted;
    let surprised = false;
    for (let moves = 0; at.value !== seen; moves++) {
      const own = await ledger.nonces.moverOf(account, at.value);
      const mover = own ?? (await moverOf({ account, ...at }));
      if (mover === null || moves === MOVES_MOST) {
        const final = await finalValue(account);
        const trouble = moved('no finalized transaction on record or in its history moved it');
        // Either the move is in a block that is not final yet, or MOVES_MOST moves are explained
        // and the next run explains the others.
        if (final?.value === at.value || mover !== null) return wait(trouble);
        // The account was closed and made anew by another daemon: the lane begins anew with it.
        if ((await history.closingOf({ account, ...at })) !== null) return ended(subscriber, known);
        log.error('nonce.moved_without_record', { subscriber: subscriber.id, account, ...trouble });
        return { do: 'rest', trouble };
      }
      if (own === null) {
        surprised = true;
        log.warn('nonce.moved_without_record', {
          subscriber: subscriber.id,
          account,
          signature: mover.signature,
        });
        const trouble = await doubtOf(subscriber, mover as Mover);
        if (trouble !== null) return { do: 'rest', trouble };
      }
      // For a transaction on record whose slot the subscription gave the value that was seen, no
      // block is read: the nonce has not moved since. Otherwise the value follows from the
      // blockhash before the block.
      const told = own === null ? null : nonceHeard.at(account, mover.slot);
      const value = told === seen ? seen : nonces.after(await chain.blockhashBefore(mover.slot));
      const to = { value, slot: mover.slot };
      if (!(await ledger.nonces.note(subscriber.id, at.value, to)))
        return wait(moved('another daemon is comparing it with the ledger'), 1);
      at = to;
    }
    // The debts of this plan were read before the books were compared.
    if (surprised) return wait(moved('the ledger was compared with the chain'), 1);
    return { do: 'sign', nonce: { account, ...at } };
  };

  /** For an account without a noted value: opens the account, or notes its first value. */
  const begin = async (
    subscriber: Subscriber,
    creator: Address,
    known: NonceAccount | null,
    authority: Address,
    account: ChainAccount | null,
  ): Promise<Guard> => {
    const address = nonces.address(authority, subscriber.id);
    if (account === null) return opening.open(subscriber, creator);
    const final = await finalValue(address);
    if (final === null) return wait(opening.waiting(address));
    if (known === null) {
      const found = { subscriberId: subscriber.id, account: address, authority };
      await ledger.nonces.asked({ ...found, rent: account.lamports }, 0);
    }
    // A ledger that was lost may lack a payment that moved the nonce to this value.
    books.forget(subscriber.id);
    const behind = await books.disagreement(subscriber, 'open');
    if (behind !== null) return { do: 'rest', trouble: behind };
    await ledger.nonces.note(subscriber.id, null, final);
    return wait(opening.waiting(address), 1);
  };

  return {
    leaving: createNonceLeaving(ports, opening),
    ...history,
    async account(subscriberId) {
      const own = pen.sponsor === null ? null : nonces.address(pen.sponsor, subscriberId);
      if (options.replayGuard === 'nonce' && own !== null) return { address: own, pays: true };
      const address = (await ledger.nonces.of(subscriberId))?.account ?? own;
      return address === null ? null : { address, pays: false };
    },
    async decide(subscriber, creator, seen) {
      const leaving = options.replayGuard === 'blockhash';
      // The payment is signed under a blockhash, and the lane has no nonce account.
      if (leaving && seen === null) return { do: 'sign', nonce: null };
      const known = await ledger.nonces.of(subscriber.id);
      const authority = pen.sponsor;
      // Without a noted value no payment of this ledger stands under the account. Where the sponsor
      // has one all the same, the ledger has lost it, perhaps with a payment that may still land.
      const isNoted = known !== null && known.noted !== null;
      const isForeign = authority === null || (known !== null && known.authority !== authority);
      if (leaving && !isNoted && (isForeign || seen === null || isVoid(seen, authority)))
        return { do: 'sign', nonce: null };
      if (authority === null)
        return unusable('Nonces need the key of the sponsor, and no sponsor is configured.');
      if (known !== null && known.authority !== authority)
        return unusable(
          `The nonce account ${known.account} belongs to ${known.authority}, and the sponsor is ${authority}. Give the daemon the earlier key until the account is closed.`,
        );
      const reading = nonces.read(seen?.account ?? null, authority);
      if (reading.seen === 'unusable') return unusable(reading.why);
      if (known === null || known.noted === null) {
        const account = reading.seen === 'absent' ? null : (seen?.account ?? null);
        return begin(subscriber, creator, known, authority, account);
      }
      const { account, noted } = known;
      if (seen === null || seen.slot < noted.slot)
        return wait(troubled('nonce_opening', 'The node is behind the nonce account.'));
      if (reading.seen === 'absent') {
        const final = await history.finalReading(account);
        // A node that is behind may not know the account yet.
        const isKnown = final.slot >= noted.slot;
        if (!isKnown || final.reading.seen !== 'absent') return wait(opening.closing(account));
        return ended(subscriber, known);
      }
      if (stageOf(known) === 'closing')
        return opening.close(subscriber.id, account, seen.account?.lamports ?? 0n);
      const hasMoved =
        reading.value !== noted.value ||
        (await ledger.nonces.moverOf(account, noted.value)) !== null;
      // A finalized block has used the value that this node still shows.
      if (hasMoved && reading.value === noted.value)
        return wait(troubled('nonce_opening', 'The node is behind the nonce account.'));
      const explained = hasMoved
        ? await explain(subscriber, known, noted, reading.value)
        : ({ do: 'sign', nonce: { account, ...noted } } as const);
      if (!leaving) nonceHeard.follow(account);
      if (!leaving || explained.do !== 'sign') return explained;
      return opening.close(subscriber.id, account, seen.account?.lamports ?? 0n);
    },
  };
}
