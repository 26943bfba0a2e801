// Nonce opening: creates the nonce account of a subscriber at the sponsor's cost, and closes it
// again. Neither is recorded as a payment: a subscriber has one address under a sponsor, so a
// second creation fails and costs its fee, and a closed account gives its rent back to the sponsor.
import type { Address } from '../core/ids.ts';
import type { NonceAccount } from '../core/nonce-account.ts';
import type { Nonces } from '../core/nonce-ports.ts';
import type { Ledger, Log, Subscriber } from '../core/ports.ts';
import { type SponsorLimits, sponsorRefusal } from '../core/spending-limits.ts';
import { type Trouble, troubled } from '../core/trouble.ts';
import type { Guard } from './nonce-guard.ts';
import type { NonceHeard } from './nonce-heard.ts';
import type { ReadPorts } from './preflight.ts';

export type OpeningOptions = {
  readonly sponsorReserve: bigint;
  readonly sponsorLimits?: SponsorLimits;
};
export type OpeningPorts = ReadPorts & {
  readonly ledger: Ledger;
  readonly log: Log;
  readonly nonces: Nonces;
  readonly nonceHeard: Pick<NonceHeard, 'forget'>;
};

/** After this time a creation or a closing is signed anew: its blockhash has expired by then. */
const AGAIN_MS = 90_000;
const LOOK_MS = 2_000;

export type NonceOpening = ReturnType<typeof createNonceOpening>;

/** Creates the functions that open and close nonce accounts. */
export function createNonceOpening(ports: OpeningPorts, options: OpeningOptions) {
  const { ledger, chain, pen, fees, log, nonces } = ports;
  const waiting = (account: Address): Trouble =>
    troubled(
      'nonce_opening',
      `The nonce account ${account} is being created, or is not final yet.`,
    );
  const closing = (account: Address): Trouble =>
    troubled('nonce_opening', `The nonce account ${account} is being closed.`);
  const rest = (trouble: Trouble): Guard => ({ do: 'rest', trouble });

  return {
    waiting,
    closing,
    /** Sends the creation of the account, unless one was sent lately. */
    async open({ id }: Subscriber, creator: Address): Promise<Guard> {
      const { sponsor } = pen;
      if (sponsor === null) return rest(troubled('nonce_unusable', 'No sponsor is configured.'));
      const account = nonces.address(sponsor, id);
      const rent = await fees.nonceRent();
      const cost = rent + (await fees.lamportsPerSignature()) + fees.priorityFeeMost;
      if (options.sponsorLimits !== undefined) {
        const spent = await ledger.costs.ofSponsor(sponsor, id, creator);
        const refused = sponsorRefusal(spent, cost, options.sponsorLimits);
        if (refused !== null) return rest({ ...refused, lamports: cost });
      }
      const { accounts } = await chain.accounts([sponsor]);
      const short = cost + options.sponsorReserve - (accounts[0]?.lamports ?? 0n);
      if (short > 0n)
        return rest({
          ...troubled(
            'sponsor_needs_sol',
            `The sponsor wallet lacks ${short} lamports for the rent of the nonce account.`,
          ),
          lamports: short,
        });
      const { blockhash } = await chain.recentBlockhash();
      const asked = { subscriberId: id, account, authority: sponsor, rent };
      if (await ledger.nonces.asked(asked, AGAIN_MS)) {
        const bytes = await pen.signNonce({
          act: 'open',
          subscriberId: id,
          lamports: rent,
          blockhash,
          microLamports: await fees.microLamports(),
        });
        log.info('nonce.opened', { subscriber: id, account, rent, signature: bytes.signature });
        await chain.send(bytes.bytes);
      }
      return { do: 'wait', trouble: waiting(account), ms: LOOK_MS };
    },
    /**
     * Sends the closing of the account, unless one was sent lately or a payment has not ended. Its
     * rent goes to the sponsor. Nothing is signed under the nonce after that.
     */
    async close(subscriberId: string, account: Address, lamports: bigint): Promise<Guard> {
      const { blockhash } = await chain.recentBlockhash();
      if (await ledger.nonces.closing(subscriberId, AGAIN_MS)) {
        const bytes = await pen.signNonce({
          act: 'close',
          subscriberId,
          lamports,
          blockhash,
          microLamports: await fees.microLamports(),
        });
        log.info('nonce.closed', { subscriber: subscriberId, account, signature: bytes.signature });
        await chain.send(bytes.bytes);
      }
      return { do: 'wait', trouble: closing(account), ms: LOOK_MS };
    },
    /** Records that a finalized block shows no account. False when another daemon did. */
    async gone({ subscriberId, account, rent }: NonceAccount): Promise<boolean> {
      const isGone = await ledger.nonces.closed(subscriberId);
      ports.nonceHeard.forget(account);
      if (isGone) log.info('nonce.rent_returned', { subscriber: subscriberId, account, rent });
      return isGone;
    },
  };
}
