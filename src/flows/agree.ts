// Agree: agrees the terms of subscriptions, changes them and ends them, for the API and the command
// alike. Terms are added, never edited; each begins in the slot after the one in which the open
// positions of the account were read.
import type { Agreement } from '../core/accrual.ts';
import { Fault } from '../core/fault.ts';
import type { Address } from '../core/ids.ts';
import type { Log } from '../core/ports.ts';
import { recipientsOf } from '../core/split.ts';
import type { Subscription } from '../core/subscription.ts';
import { type Basis, type Terms, type TermsChange, termsAfter } from '../core/terms.ts';
import type { Venue, Venues } from '../core/venue.ts';
import type { VenueName } from '../core/venue-name.ts';
import {
  addressOf,
  type GivenRules,
  type GivenSplit,
  type GivenVault,
  rulesOf,
  splitOf,
  vaultOf,
} from './given-terms.ts';
import { createPayable, type Payable, type PayablePorts } from './payable.ts';

export type AgreePorts = PayablePorts & { readonly venues: Venues; readonly log: Log };
/** Terms as the API takes them; fields that are left out stay as they were. */
export type GivenTerms = {
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
} & GivenRules;

export type Agree = {
  /**
   * Agrees on first terms, or changes the given fields; every other field stays as it was. Throws
   * `not_found` for an unknown subscriber or sub-account, a fault that says why a recipient cannot
   * be paid, and `conflict` when other callers changed the same terms first five times.
   */
  subscription(subscriberId: string, given: GivenTerms): Promise<Subscription>;
  /**
   * The terms that `subscription` would add now, and those in force before them. Throws as it does,
   * and writes nothing.
   */
  tried(
    subscriberId: string,
    given: GivenTerms,
  ): Promise<{ readonly before: Terms | null; readonly terms: Terms }>;
  /**
   * Ends a subscription. Positions opened from now on owe nothing; earlier ones still do when they
   * close. Throws `not_found`.
   */
  end(subscriberId: string, subscriptionId: string): Promise<Subscription>;
};

/** A change of terms is refused after other callers changed the same terms first this often. */
const CHANGES_AT_ONCE_MOST = 5;

const changeOf = (given: GivenTerms): TermsChange => {
  const { id, subAccountId, venue, creatorWallet, minimumPayment, vault, splits, ...rest } = given;
  return {
    ...rulesOf(rest),
    ...(splits === undefined ? {} : { splits: splits.map(splitOf) }),
    ...(creatorWallet === undefined
      ? {}
      : { creatorWallet: addressOf(creatorWallet, 'creatorWallet') }),
    ...(minimumPayment === undefined ? {} : { minimumPayment: BigInt(minimumPayment) }),
  };
};

/** Creates the functions that agree terms. */
export function createAgree({ ledger, chain, tokens, venues, pen, log }: AgreePorts): Agree {
  const payable = createPayable({ ledger, chain, tokens, venues, pen });
  // A try keeps no proof that an address off the curve may be paid.
  const creators = { ...ledger.creators, prove: async () => {} };
  const asked = createPayable({ ledger: { ...ledger, creators }, chain, tokens, venues, pen });
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
  /** The account of a subscription and its venue. Throws `not_found`. */
  const accountOf = async (subscriberId: string, given: GivenTerms) => {
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
    return { venue, driftAccount: account.address };
  };
  /** The next terms on top of the latest ones, whose recipients `allowed` lets be paid. */
  const nextOf = async (
    given: GivenTerms,
    { venue, driftAccount }: Awaited<ReturnType<typeof accountOf>>,
    allowed: Payable,
  ) => {
    const latest = (await ledger.subscriptions.find(given.id))?.terms.at(-1) ?? null;
    const held = await heldBy(venue, driftAccount);
    const terms = termsAfter(latest, changeOf(given), held.slot + 1);
    for (const { nth, wallet, offCurve } of recipientsOf(terms)) {
      const proof = nth === 0 ? given.vault : given.splits?.[nth - 1]?.vault;
      await allowed.require(wallet, {
        offCurve,
        vault: proof === undefined ? null : vaultOf(proof),
      });
    }
    return { latest, held, terms };
  };

  return {
    async subscription(subscriberId, given) {
      const { id } = given;
      const account = await accountOf(subscriberId, given);
      const { driftAccount } = account;
      // Another caller may change the terms between reading and writing; then this change is made
      // again on top of theirs.
      for (let tries = 0; tries < CHANGES_AT_ONCE_MOST; tries++) {
        const { latest, held, terms } = await nextOf(given, account, payable);
        const basedOn = latest?.fromSlot ?? null;
        const agreed = { id, subscriberId, driftAccount, terms, held, basedOn };
        const saved = await ledger.subscriptions.put(agreed);
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
    async tried(subscriberId, given) {
      const account = await accountOf(subscriberId, given);
      const known = await ledger.subscriptions.find(given.id);
      const isElsewhere =
        known !== null &&
        (known.subscriberId !== subscriberId || known.driftAccount !== account.driftAccount);
      if (isElsewhere)
        throw new Fault(
          'conflict',
          `Subscription ${given.id} is of another subscriber or Drift account. Use a new id.`,
        );
      const others = await ledger.subscriptions.ofSubscriber(subscriberId);
      if (known === null && others.some((each) => each.driftAccount === account.driftAccount))
        throw new Fault(
          'conflict',
          'This Drift account already has a subscription. Change its terms instead.',
        );
      const { latest, terms } = await nextOf(given, account, asked);
      return { before: latest, terms };
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
