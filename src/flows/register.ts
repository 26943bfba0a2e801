// Register: records the subscribers and terms that a platform sends. From then on the accounts are
// watched, and the agent key is kept sealed.

import type { Agreement } from '../core/accrual.ts';
import type { Chain } from '../core/chain-ports.ts';
import { isReserved } from '../core/creator.ts';
import { Fault } from '../core/fault.ts';
import type { Address } from '../core/ids.ts';
import type { Ledger, Log, Subscriber, Subscription } from '../core/ports.ts';
import { SYSTEM_PROGRAM } from '../core/programs.ts';
import type { Roster } from '../core/roster.ts';
import type { ServiceKey } from '../core/service-key.ts';
import type { Pen, Signers } from '../core/signing-ports.ts';
import { recipientsOf } from '../core/split.ts';
import { type Basis, type TermsChange, termsAfter } from '../core/terms.ts';
import type { Tokens } from '../core/token-ports.ts';
import type { Venue, VenueName, Venues } from '../core/venue.ts';
import {
  addressOf,
  type GivenRules,
  type GivenSplit,
  type GivenVault,
  rulesOf,
  splitOf,
  vaultOf,
} from './given-terms.ts';
import { createKeyIntake, type GivenKey } from './key-intake.ts';
import { createPayable } from './payable.ts';
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

export type Register = {
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
  /** Agrees on first terms, or changes the given fields; every other field stays as it was. */
  subscription(
    subscriberId: string,
    given: {
      id: string;
      /** The venue of the sub-account; the usual one when left out. */
      venue?: VenueName;
      subAccountId: number;
      creatorWallet?: string;
      shareBps?: number;
      basis?: Basis;
      minimumPayment?: string;
      offCurve?: boolean;
      /** The derivation of the vault's address, needed when nothing exists there yet. */
      vault?: GivenVault;
      splits?: readonly GivenSplit[];
      expiresAfterMs?: number | null;
      newCreator?: boolean;
    } & GivenRules,
  ): Promise<Subscription>;
  /**
   * Ends a subscription. Positions opened from now on owe nothing; earlier ones still do when they
   * close.
   */
  end(subscriberId: string, subscriptionId: string): Promise<Subscription>;
};

/** A change of terms is refused after other callers changed the same terms first this often. */
const CHANGES_AT_ONCE_MOST = 5;

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
  const payable = createPayable({ ledger, chain, tokens, venues, pen });
  /** Makes the debts that waited for a key due now. */
  const keyCame = async (subscriberId: string): Promise<void> => {
    await ledger.shares.wake([{ subscriberId, class: 'needs_authorisation' }]);
    nudge(subscriberId);
  };
  /**
   * The positions that an account holds now, opened before anything was agreed. Terms begin in the
   * next slot, so that no opening falls in between. If a fork drops a confirmed opening, as much of
   * a later position goes free; waiting for finality instead would charge for positions opened
   * meanwhile.
   */
  const heldBy = async (venue: Venue, account: Address): Promise<Agreement['held']> => {
    const { slot, accounts } = await chain.slices([account], null, 'confirmed');
    const state = venue.stateOf('drift_user', slot, accounts[0] ?? null);
    return { slot, positions: state?.positions ?? [] };
  };
  /**
   * Refuses an agent wallet that can sign nothing, or whose history is not a person's: an account
   * of a program, such as the System program by its address of ones, would have the daemon read
   * what half the chain does.
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
    async subscription(subscriberId, given) {
      const subscriber = await ledger.subscribers.find(subscriberId);
      if (subscriber === null)
        throw new Fault('not_found', `Subscriber ${subscriberId} is not registered.`);
      const venue = given.venue === undefined ? venues.usual : venues.of(given.venue);
      const account = subscriber.driftAccounts.find(
        (each) => each.venue === venue.name && each.subAccountId === given.subAccountId,
      );
      if (account === undefined)
        throw new Fault(
          'not_found',
          `Subscriber ${subscriberId} has no sub-account ${given.subAccountId} at ${venue.title}. Register it first.`,
        );
      const {
        id,
        subAccountId,
        venue: _,
        creatorWallet,
        minimumPayment,
        vault,
        splits,
        ...rest
      } = given;
      const change: TermsChange = {
        ...rulesOf(rest),
        ...(splits === undefined ? {} : { splits: splits.map(splitOf) }),
        ...(creatorWallet === undefined
          ? {}
          : { creatorWallet: addressOf(creatorWallet, 'creatorWallet') }),
        ...(minimumPayment === undefined ? {} : { minimumPayment: BigInt(minimumPayment) }),
      };
      // Another caller may change the terms between reading and writing; then this change is made
      // again on top of theirs.
      for (let tries = 0; tries < CHANGES_AT_ONCE_MOST; tries++) {
        const latest = (await ledger.subscriptions.find(id))?.terms.at(-1) ?? null;
        const held = await heldBy(venue, account.address);
        const terms = termsAfter(latest, change, held.slot + 1);
        for (const { nth, wallet, offCurve } of recipientsOf(terms)) {
          const proof = nth === 0 ? vault : splits?.[nth - 1]?.vault;
          await payable.require(wallet, {
            offCurve,
            vault: proof === undefined ? null : vaultOf(proof),
          });
        }
        const saved = await ledger.subscriptions.put({
          id,
          subscriberId,
          driftAccount: account.address,
          terms,
          held,
          basedOn: latest?.fromSlot ?? null,
        });
        if (saved === null) continue;
        log.info('subscription.agreed', {
          subscription: id,
          subscriber: subscriberId,
          creatorWallet: terms.creatorWallet,
          shareBps: terms.shareBps,
        });
        return saved;
      }
      throw new Fault(
        'conflict',
        `The terms of subscription ${id} are being changed by others. Ask again.`,
      );
    },
    async end(subscriberId, subscriptionId) {
      const known = await ledger.subscriptions.find(subscriptionId);
      const latest = known?.terms.at(-1);
      if (known === null || known.subscriberId !== subscriberId || latest === undefined)
        throw new Fault(
          'not_found',
          `Subscriber ${subscriberId} has no subscription ${subscriptionId}.`,
        );
      if (latest.ended) return known;
      const fromSlot = await chain.slot('confirmed');
      // An end applies even if other terms were added at the same time.
      const saved = await ledger.subscriptions.put({
        ...known,
        terms: { ...latest, fromSlot, ended: true },
      });
      if (saved === null) throw new Error('an end compares nothing');
      log.info('subscription.ended', { subscription: subscriptionId, subscriber: subscriberId });
      return saved;
    },
  };
}
