// Nonce leaving: closes the nonce accounts of subscribers who have left, so that their rent returns
// to the sponsor. No payment of such a subscriber is under way, and bytes that were ever signed
// under the nonce can never be executed after that.
import { mayStillOpen, type NonceAccount } from '../core/nonce-account.ts';
import type { Nonces } from '../core/nonce-ports.ts';
import type { Clock } from '../core/ports.ts';
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
  ports: OpeningPorts & { readonly nonces: Nonces; readonly clock: Clock },
  opening: Pick<NonceOpening, 'close' | 'gone'>,
): NonceLeaving {
  const { ledger, chain, pen, log, clock, nonces } = ports;
  /** The accounts of another key than the sponsor's, each of which is logged once. */
  const foreign = new Set<string>();

  const isOwn = ({ subscriberId, account, authority }: NonceAccount): boolean => {
    if (authority === pen.sponsor) return true;
    if (!foreign.has(account))
      log.warn('nonce.not_closed', {
        subscriber: subscriberId,
        account,
        authority,
        detail: 'Only its authority can close it: give the daemon the key of that sponsor.',
      });
    foreign.add(account);
    return false;
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
            const isGone = nonces.read(account, known.authority).seen === 'absent';
            if (account !== null && !isGone)
              await opening.close(known.subscriberId, known.account, account.lamports);
            else if (await opening.gone(known)) left--;
          }
        }
        const last = listed.at(-1);
        if (last === undefined || listed.length < BATCH) return left;
        after = last.subscriberId;
      }
    },
  };
}
