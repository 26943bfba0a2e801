// Register: records the subscribers that a platform sends. From then on the accounts are watched,
// and the agent key is kept sealed.

import type { Chain } from '../core/chain-ports.ts';
import { isReserved } from '../core/creator.ts';
import { Fault } from '../core/fault.ts';
import type { Address } from '../core/ids.ts';
import type { Ledger, Log, Subscriber } from '../core/ports.ts';
import { SYSTEM_PROGRAM } from '../core/programs.ts';
import type { Roster } from '../core/roster.ts';
import type { ServiceKey } from '../core/service-key.ts';
import type { Pen, Signers } from '../core/signing-ports.ts';
import type { Tokens } from '../core/token-ports.ts';
import type { Venues } from '../core/venue.ts';
import type { VenueName } from '../core/venue-name.ts';
import { type Agree, createAgree } from './agree.ts';
import { addressOf } from './given-terms.ts';
import { createKeyIntake, type GivenKey } from './key-intake.ts';
import type { WatchedAccounts } from './watched.ts';

export type RegisterPorts = {
  readonly ledger: Ledger;
  readonly chain: Chain;
  readonly tokens: Tokens;
  readonly venues: Venues;
  readonly pen: Pick<Pen, 'sponsor'>;
  readonly signers: Pick<Signers, 'seal' | 'prove'>;
  readonly roster: Roster;
  readonly watched: WatchedAccounts;
  /** Tells every source of the new accounts; the answer waits for it. */
  readonly onWatched: (addresses: readonly Address[]) => Promise<void>;
  /** Wakes the subscriber's lane. */
  readonly nudge: (subscriberId: string) => void;
  readonly log: Log;
};

export type Register = Agree & {
  /**
   * Registers a subscriber, or adds a key or sub-accounts to one. Resolves once every source was
   * told of the accounts. Throws `address_invalid`, `agent_is_creator`, `body_invalid`, and what
   * the ledger, the signers and the node throw.
   */
  subscriber(given: {
    id: string;
    agentWallet: string;
    agentSecretKey?: string;
    /** The key at a service, in the place of agentSecretKey. */
    agentSigner?: ServiceKey;
    /** The venue of the sub-accounts; the usual one when left out. */
    venue?: VenueName;
    subAccountIds: readonly number[];
  }): Promise<Subscriber>;
  /**
   * Keeps another key of the agent wallet, or its name at a service. Debts that waited for a key
   * are tried at once.
   */
  key(subscriber: Subscriber, given: GivenKey): Promise<void>;
};

/** Creates the flow that registers subscribers and agrees terms. */
export function createRegister({
  ledger,
  chain,
  tokens,
  venues,
  pen,
  signers,
  roster,
  watched,
  onWatched,
  nudge,
  log,
}: RegisterPorts): Register {
  const keyOf = createKeyIntake(signers);
  /** Makes the debts that waited for a key due now. */
  const keyCame = async (subscriberId: string): Promise<void> => {
    await ledger.shares.wake([{ subscriberId, class: 'needs_authorisation' }]);
    nudge(subscriberId);
  };
  /**
   * Refuses an agent wallet that can sign nothing, or that is an account of a program: the history
   * of the System program, for example, names a large part of the chain's transactions, and the
   * daemon would read them all. Throws `address_invalid` or `agent_is_creator`.
   */
  const requireWallet = async (wallet: Address): Promise<void> => {
    const refused = new Fault(
      'address_invalid',
      `agentWallet is no wallet: ${wallet} is a program's address, a program's account or a token account.`,
    );
    if (!tokens.isOnCurve(wallet) || isReserved(wallet)) throw refused;
    if (await ledger.creators.isCreator(wallet))
      throw new Fault(
        'agent_is_creator',
        `${wallet} is the creator of a subscription here: shares would be paid to an agent wallet. Give this agent a wallet of its own.`,
      );
    const { accounts } = await chain.accounts([wallet]);
    if ((accounts[0]?.owner ?? SYSTEM_PROGRAM) !== SYSTEM_PROGRAM) throw refused;
  };
  return {
    ...createAgree({ ledger, chain, tokens, venues, pen, log }),
    async subscriber(given) {
      const agentWallet = addressOf(given.agentWallet, 'agentWallet');
      // A wallet that is registered already may still send its key or another sub-account.
      if (!(await ledger.creators.isAgent(agentWallet))) await requireWallet(agentWallet);
      const venue = given.venue === undefined ? venues.usual : venues.of(given.venue);
      const agentTokenAccount = tokens.tokenAccount(venue.quoteMint, agentWallet);
      const key = await keyOf(given.id, agentWallet, given);
      const driftAccounts = await Promise.all(
        given.subAccountIds.map(async (subAccountId) => ({
          subAccountId,
          address: await venue.userAddress(agentWallet, subAccountId),
          venue: venue.name,
        })),
      );
      const fromSlot = await chain.slot('finalized');
      const outcome = await ledger.subscribers.register({
        id: given.id,
        agentWallet,
        agentTokenAccount,
        driftAccounts,
        sealedKey: key !== null && 'sealed' in key ? key.sealed : null,
        ...(key !== null && 'at' in key ? { serviceKey: key.at } : {}),
        fromSlot,
      });
      await watched.refresh();
      const entry = await ledger.standings.entry(given.id);
      if (entry !== null) roster.apply(entry);
      if (outcome === 'created')
        log.info('subscriber.registered', {
          subscriber: given.id,
          agentWallet,
          driftAccounts: driftAccounts.length,
        });
      await onWatched([
        agentWallet,
        agentTokenAccount,
        ...driftAccounts.map((each) => each.address),
      ]);
      if (key !== null) await keyCame(given.id);
      const saved = await ledger.subscribers.find(given.id);
      if (saved === null) throw new Error(`subscriber ${given.id} vanished`);
      return saved;
    },
    async key({ id, agentWallet }, given) {
      const key = await keyOf(id, agentWallet, given);
      if (key === null) throw new Fault('body_invalid', 'Give agentSecretKey or agentSigner.');
      await ledger.subscribers.putKey({ subscriberId: id, publicKey: agentWallet, ...key });
      await keyCame(id);
    },
  };
}
