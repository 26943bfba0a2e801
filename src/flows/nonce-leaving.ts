// Nonce leaving: closes the nonce accounts of subscribers who have left, so that their rent returns
// to the sponsor. No payment of such a subscriber is under way, and bytes that were ever signed
// under the nonce can never be executed after that.
import type { Address } from '../core/ids.ts';
import { mayStillOpen, type NonceAccount } from '../core/nonce-account.ts';
import type { Nonces } from '../core/nonce-ports.ts';
import type { Clock } from '../core/ports.ts';
import type { Books } from './books-comparison.ts';
import type { NonceOpening, OpeningPorts } from './nonce-opening.ts';

/** The accounts that one call reads. */
const BATCH = 100;
/**
 * A creation that was sent may land until its blockhash expires; after this time an account that
 * no finalized block shows was never created.
 */
const OPENING_MS = 10 * 60_000;

export type NonceLeaving = {
  /** Goes once through the accounts of subscribers who left. Returns how many are still open. */
  round(): Promise<number>;
};

/** Creates the functions that close the nonces of subscribers who leave. */
export function createNonceLeaving(
  ports: OpeningPorts & {
    readonly nonces: Nonces;
    readonly clock: Clock;
    readonly books: Pick<Books, 'forget'>;
  },
  opening: Pick<NonceOpening, 'close' | 'gone'>,
): NonceLeaving {
  const { ledger, chain, pen, log, clock, nonces, books } = ports;
  /** By account that the sponsor cannot close, why: each reason is logged once. */
  const refused = new Map<Address, string>();

  const refuse = ({ subscriberId, account, authority }: NonceAccount, detail: string): void => {
    if (refused.get(account) !== detail)
      log.warn('nonce.not_closed', { subscriber: subscriberId, account, authority, detail });
    refused.set(account, detail);
  };
  const isOwn = (known: NonceAccount): boolean => {
    if (known.authority === pen.sponsor) return true;
    refuse(known, 'Only its authority can close it: give the daemon the key of that sponsor.');
    return false;
  };
  /** Records that a finalized block shows no account. False when another daemon did. */
  const gone = async (known: NonceAccount): Promise<boolean> => {
    // A payment that the ledger has lost may have landed before the closing. The books are compared
    // anew before anything is paid for a subscriber who comes back.
    books.forget(known.subscriberId);
    refused.delete(known.account);
    return opening.gone(known);
  };

  return {
    async round() {
      let left = 0;
      for (let after = ''; ; ) {
        const listed = await ledger.nonces.left({ limit: BATCH, after });
        const settled = listed.filter((each) => !mayStillOpen(each, clock.nowMs(), OPENING_MS));
        const own = settled.filter(isOwn);
        left += settled.length;
        if (own.length > 0) {
          const addresses = own.map(({ account }) => account);
          const { slot, accounts } = await chain.slices(addresses, null, 'finalized');
          for (const [index, known] of own.entries()) {
            const account = accounts[index] ?? null;
            // A node that is behind may not know the account yet.
            if (known.noted !== null && slot < known.noted.slot) continue;
            const reading = nonces.read(account, known.authority);
            if (account === null || reading.seen === 'absent') {
              if (await gone(known)) left--;
            } else if (reading.seen === 'unusable') {
              // No block executes a closing until the account is changed back.
              refuse(known, `The sponsor cannot close it. ${reading.why}`);
            } else {
              refused.delete(known.account);
              await opening.close(known.subscriberId, known.account, account.lamports);
            }
          }
        }
        const last = listed.at(-1);
        if (last === undefined || listed.length < BATCH) return left;
        after = last.subscriberId;
      }
    },
  };
}
