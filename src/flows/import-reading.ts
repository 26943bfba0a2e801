// Import reading: reads from the chain what imported rows rest on: that wallets are wallets, that
// creators can be paid, and the positions that are open; and seals the agents' keys.
import type { Chain } from '../core/chain-ports.ts';
import { isReserved } from '../core/creator.ts';
import { Fault } from '../core/fault.ts';
import type { Address } from '../core/ids.ts';
import type {
  Imports,
  OpenPosition,
  Prepared,
  PreparedSubscriber,
  PreparedSubscription,
} from '../core/import-ports.ts';
import type { AnyLined, Bundle, Lined } from '../core/import-rows.ts';
import { SYSTEM_PROGRAM } from '../core/programs.ts';
import type { Signers } from '../core/signing-ports.ts';
import { recipientsOf, type Shared } from '../core/split.ts';
import type { Tokens } from '../core/token-ports.ts';
import type { Venue, Venues } from '../core/venue.ts';
import type { VenueName } from '../core/venue-name.ts';
import { type Located, type Seen, slotProblem, subscriptionFrom } from './imported-subscription.ts';
import { secretKeyOf } from './key-intake.ts';
import type { Payable } from './payable.ts';

export type ReadingPorts = {
  readonly imports: Pick<Imports, 'accountOf'>;
  readonly chain: Pick<Chain, 'slices' | 'slot'>;
  readonly tokens: Pick<Tokens, 'tokenAccount' | 'isOnCurve'>;
  readonly venues: Venues;
  readonly signers: Pick<Signers, 'seal' | 'prove'>;
  readonly payable: Pick<Payable, 'require'>;
};
/** Refuses a row, with the reason and what to do. */
export type Refuse = (each: AnyLined, problem: string) => void;
/** By subscriber, the address of each sub-account that its row names, by venue and number. */
type AccountsOf = ReadonlyMap<string, ReadonlyMap<string, Address>>;
type Read = { prepared: Prepared[]; open: OpenPosition[] };

/** Accounts of one call to a node. */
const ACCOUNTS_A_CALL = 100;
const OWNER_ALONE = { offset: 0, length: 0 };

/** Faults that concern the daemon or a node and no row: they end the import. */
const ENDS_ALL = new Set([
  'rpc_unavailable',
  'rpc_refused',
  'chain_foreign',
  'key_unavailable',
  'signer_unavailable',
]);

/** Creates the function that reads what the chain says about the rows of some subscribers. */
export function createImportReading(ports: ReadingPorts) {
  const { imports, chain, tokens, venues, signers, payable } = ports;
  /** The venue that a row names; the usual one where it names none. */
  const venueOf = (name: VenueName | undefined): Venue =>
    name === undefined ? venues.usual : venues.of(name);

  /** Reads accounts, a hundred with each call; each has the slot of the call that read it. */
  const read = async (
    addresses: readonly Address[],
    slice: { offset: number; length: number } | null,
  ): Promise<Map<Address, Seen>> => {
    const seen = new Map<Address, Seen>();
    for (let from = 0; from < addresses.length; from += ACCOUNTS_A_CALL) {
      const some = addresses.slice(from, from + ACCOUNTS_A_CALL);
      const found = await chain.slices(some, slice, 'confirmed');
      for (const [index, each] of some.entries())
        seen.set(each, { slot: found.slot, account: found.accounts[index] ?? null });
    }
    return seen;
  };
  /** The accounts of creators. Each is read once an import, with a hundred others in one call. */
  const creatorAccounts = new Map<Address, Seen>();
  const readCreators = async (terms: readonly Shared[]): Promise<void> => {
    const wallets = new Set(
      terms.flatMap((each) => recipientsOf(each).map(({ wallet }) => wallet)),
    );
    const unread = [...wallets].filter((each) => !creatorAccounts.has(each));
    for (const [each, seen] of await read(unread, null)) creatorAccounts.set(each, seen);
  };
  /** Why a creator cannot be paid; null when it can. Each creator is asked for once an import. */
  const creatorProblems = new Map<string, Promise<string | null>>();
  const creatorProblem = (creator: Address, offCurve: boolean): Promise<string | null> => {
    const key = `${creator} ${offCurve}`;
    const known = creatorProblems.get(key);
    if (known !== undefined) return known;
    const seen = creatorAccounts.get(creator);
    const asked = payable.require(creator, { offCurve, vault: null }, seen).then(
      () => null,
      (thrown: unknown) => {
        if (!(thrown instanceof Fault) || ENDS_ALL.has(thrown.code)) throw thrown;
        return thrown.message;
      },
    );
    creatorProblems.set(key, asked);
    return asked;
  };
  /** Why one of the recipients of a share cannot be paid; null when all can. */
  const recipientsProblem = async (terms: Shared): Promise<string | null> => {
    for (const { wallet, offCurve } of recipientsOf(terms)) {
      const problem = await creatorProblem(wallet, offCurve);
      if (problem !== null) return problem;
    }
    return null;
  };
  const sealed = (each: Lined<'subscriber'>): Uint8Array | null | { problem: string } => {
    const { agentSecretKey, agentWallet, id } = each.row;
    if (agentSecretKey === undefined) return null;
    let secret: Uint8Array | null = null;
    try {
      secret = secretKeyOf(agentSecretKey);
      return signers.seal(id, agentWallet, secret);
    } catch (thrown) {
      if (thrown instanceof Fault && ENDS_ALL.has(thrown.code)) throw thrown;
      // The library's message about a malformed key may contain a part of the key.
      const told = thrown instanceof Fault ? thrown.message : 'agentSecretKey is no secret key.';
      return { problem: told };
    } finally {
      secret?.fill(0);
    }
  };

  /**
   * Asks services to prove that they hold the keys that rows name. Returns the problem of each row
   * whose key is not proven, by line.
   */
  const unproven = async (rows: readonly Lined<'subscriber'>[]): Promise<Map<number, string>> => {
    const problems = new Map<number, string>();
    await Promise.all(
      rows.map(async ({ line, row: { agentSigner, agentWallet } }) => {
        if (agentSigner === undefined) return;
        try {
          await signers.prove(agentWallet, agentSigner);
        } catch (thrown) {
          if (!(thrown instanceof Fault) || thrown.code === 'signer_unavailable') throw thrown;
          problems.set(line, thrown.message);
        }
      }),
    );
    return problems;
  };

  /** Reads what the chain says about one chunk. */
  const prepare = async (bundles: readonly Bundle[], refuse: Refuse): Promise<Read> => {
    const finalSlot = await chain.slot('finalized');
    const wallets = await read(
      bundles.flatMap(({ subscriber }) => subscriber?.row.agentWallet ?? []),
      OWNER_ALONE,
    );
    const unprovenKeys = await unproven(bundles.flatMap((each) => each.subscriber ?? []));
    const accountsOf = new Map<string, Map<string, Address>>();
    const subscribers = new Map<string, PreparedSubscriber>();
    for (const { subscriberId, subscriber, subscriptions } of bundles) {
      if (subscriber === null) continue;
      const { row } = subscriber;
      const { agentWallet } = row;
      const owner = wallets.get(agentWallet)?.account?.owner ?? SYSTEM_PROGRAM;
      if (!tokens.isOnCurve(agentWallet) || isReserved(agentWallet) || owner !== SYSTEM_PROGRAM) {
        refuse(
          subscriber,
          `agentWallet is no wallet: ${agentWallet} is a program's address, a program's account or a token account.`,
        );
        continue;
      }
      const venue = venueOf(row.venue);
      const key = sealed(subscriber);
      if (key !== null && 'problem' in key) {
        refuse(subscriber, key.problem);
        continue;
      }
      const unprovenKey = unprovenKeys.get(subscriber.line);
      if (unprovenKey !== undefined) {
        refuse(subscriber, unprovenKey);
        continue;
      }
      const accounts = await Promise.all(
        [...new Set(row.subAccountIds)].map(async (subAccountId) => ({
          subAccountId,
          address: await venue.userAddress(agentWallet, subAccountId),
          venue: venue.name,
        })),
      );
      const back = subscriptions.flatMap(({ row: { open, fromSlot } }) =>
        open === 'from_slot' && fromSlot !== undefined ? [fromSlot - 1] : [],
      );
      // The row that is handed on to the ledger holds no secret key.
      const { agentSecretKey: _, ...kept } = row;
      subscribers.set(subscriberId, {
        line: subscriber.line,
        row: kept,
        agentWallet,
        agentTokenAccount: tokens.tokenAccount(venue.quoteMint, agentWallet),
        accounts,
        sealedKey: key,
        fromSlot: Math.max(0, Math.min(finalSlot, ...back)),
      });
      accountsOf.set(
        subscriberId,
        new Map(accounts.map((one) => [`${one.venue} ${one.subAccountId}`, one.address])),
      );
    }
    return putTogether(bundles, subscribers, accountsOf, refuse);
  };

  /** The account of each subscription. A subscription without an account is refused. */
  const locate = async (
    bundles: readonly Bundle[],
    subscribers: ReadonlyMap<string, PreparedSubscriber>,
    accountsOf: AccountsOf,
    refuse: Refuse,
  ): Promise<Located[]> => {
    const located: Located[] = [];
    for (const { subscriberId, subscriber, subscriptions } of bundles)
      for (const each of subscriptions) {
        const venue = venueOf(each.row.venue);
        const place = `${venue.name} ${each.row.subAccountId}`;
        const account =
          accountsOf.get(subscriberId)?.get(place) ??
          (await imports.accountOf(subscriberId, venue.name, each.row.subAccountId));
        if (account === null)
          refuse(
            each,
            subscriber !== null && !subscribers.has(subscriberId)
              ? `Its subscriber was refused: line ${subscriber.line}.`
              : `Subscriber ${subscriberId} has no sub-account ${each.row.subAccountId} at ${venue.title}. Name it in subAccountIds of the subscriber's row.`,
          );
        else located.push({ each, account });
      }
    return located;
  };

  /** Reads the accounts and creators of the subscriptions, and puts the rows together. */
  const putTogether = async (
    bundles: readonly Bundle[],
    subscribers: ReadonlyMap<string, PreparedSubscriber>,
    accountsOf: AccountsOf,
    refuse: Refuse,
  ): Promise<Read> => {
    const located = await locate(bundles, subscribers, accountsOf, refuse);
    const found = await read(
      located.map(({ account }) => account),
      null,
    );
    await readCreators(located.map(({ each }) => each.row));
    // The debts of the chunk are owed from the lowest slot of its reads.
    const lowest = Math.min(...[...found.values()].map(({ slot }) => slot));
    const owedFrom = Number.isFinite(lowest) ? lowest : await chain.slot('confirmed');
    const made = new Map<number, PreparedSubscription>();
    const open: OpenPosition[] = [];
    for (const one of located) {
      const { row, line } = one.each;
      const seen = found.get(one.account) ?? { slot: owedFrom, account: null };
      const problem = slotProblem(row, seen.slot) ?? (await recipientsProblem(row));
      if (problem !== null) {
        refuse(one.each, problem);
        continue;
      }
      const subscription = subscriptionFrom(venueOf(row.venue), one, seen);
      made.set(line, subscription.made);
      open.push(...subscription.open);
    }
    const prepared = bundles.map(
      ({ subscriberId, subscriptions, debts }): Prepared => ({
        subscriberId,
        subscriber: subscribers.get(subscriberId) ?? null,
        subscriptions: subscriptions.flatMap(({ line }) => made.get(line) ?? []),
        debts,
        slot: owedFrom,
      }),
    );
    return { prepared, open };
  };
  return prepare;
}
