// Token owners: tells who owned a token account at one moment of a transaction. An account may be
// made, given away and closed in one transaction, so its owner before and its owner after say
// nothing about a call in between.
import type { Address } from './ids.ts';
import { tokenSteps } from './token-steps.ts';
import { type ChainTransaction, callsOf, type TokenBalance } from './transaction.ts';
import type { Watched } from './watch-ports.ts';

/** The mint and the owner of a token account from the call at `place` on; null while closed. */
type State = { readonly place: number; readonly mint: Address; readonly owner: Address } | Closed;
type Closed = { readonly place: number; readonly mint: null; readonly owner: null };

/** The owners of the token accounts of one transaction. */
export type TokenOwners = {
  /**
   * The owner of an account just before the call at `place`. Empty while the account does not
   * exist, or where nothing names an owner. Where the calls do not lead to the owner that the
   * balances name, as when a node left out inner calls, the moment cannot be told: then these are
   * the owner before and the owner after the transaction, of balances of `mint` when it is given,
   * or the only owner that the calls name where no balance is of that mint.
   */
  at(account: Address, place: number, mint?: Address | null): readonly Address[];
  /** The same, and each owner that the call at `place` itself gave the account. */
  during(account: Address, place: number): readonly Address[];
  /**
   * Whether a wallet owned an account of a mint just before the call at `place`; null where the
   * moment cannot be told.
   */
  owns(wallet: Address, account: Address, mint: Address, place: number): boolean | null;
  /** The accounts that a wallet owned at any moment of the transaction, each with its mint. */
  ever(wallet: Address): readonly { readonly account: Address; readonly mint: Address }[];
};

/** The row names no owner, before or after. Then only the watch-list says whose account it is. */
export const untold = (row: TokenBalance): boolean => row.owner === null && row.ownerAfter === null;

/** The states of each account, in the order of execution. The first is that before all calls. */
function statesOf(transaction: ChainTransaction): Map<Address, State[]> {
  const states = new Map<Address, State[]>();
  for (const { account, mint, owner } of transaction.tokenBalances)
    if (owner !== null) states.set(account, [{ place: -1, mint, owner }]);
  for (const step of tokenSteps(callsOf(transaction))) {
    if (step.does === 'move') continue;
    const { account, place } = step;
    const known = states.get(account);
    const mint = step.does === 'open' ? step.mint : (known?.at(-1)?.mint ?? null);
    const owner = step.does === 'close' ? null : step.owner;
    // Only an account that exists, or that the transaction made, is given to another owner.
    if (step.does !== 'open' && known === undefined) continue;
    const state: State =
      mint === null || owner === null ? { place, mint: null, owner: null } : { place, mint, owner };
    states.set(account, [...(known ?? []), state]);
  }
  return states;
}

/** Follows the owner of each token account through the calls of a transaction. */
export function tokenOwners(transaction: ChainTransaction): TokenOwners {
  const rows = new Map<Address, TokenBalance[]>();
  for (const row of transaction.tokenBalances)
    rows.set(row.account, [...(rows.get(row.account) ?? []), row]);
  const states = statesOf(transaction);
  const all = new Map(states);
  for (const [account, list] of states) {
    const named = rows.get(account) ?? [];
    const last = list.at(-1);
    const after = named.find((row) => row.ownerAfter !== null);
    const isSame =
      last?.owner === (after?.ownerAfter ?? null) && last?.mint === (after?.mint ?? null);
    if (named.some(untold) || (named.length > 0 && !isSame)) states.delete(account);
  }
  const ends = (account: Address, mint: Address | null): Address[] => {
    const named = (rows.get(account) ?? []).filter((row) => mint === null || row.mint === mint);
    if (named.length > 0)
      return named.flatMap((row) => [row.owner, row.ownerAfter]).filter((each) => each !== null);
    // The balances name the account with another mint only: the calls tell its sole owner.
    const told = (all.get(account) ?? []).filter((each) => each.mint === mint);
    const sole = new Set(told.flatMap(({ owner }) => (owner === null ? [] : [owner])));
    return sole.size === 1 ? [...sole] : [];
  };
  const before = (list: readonly State[], place: number): State | undefined =>
    list.findLast((each) => each.place < place);
  const at = (account: Address, place: number, mint: Address | null = null): Address[] => {
    const list = states.get(account);
    if (list === undefined) return ends(account, mint);
    const owner = before(list, place)?.owner ?? null;
    return owner === null ? [] : [owner];
  };
  return {
    at,
    during: (account, place) => [
      ...at(account, place),
      ...(states.get(account) ?? []).flatMap((each) =>
        each.place === place && each.owner !== null ? [each.owner] : [],
      ),
    ],
    owns(wallet, account, mint, place) {
      const list = states.get(account);
      if (list === undefined) return rows.has(account) ? null : false;
      const state = before(list, place);
      return state?.owner === wallet && state.mint === mint;
    },
    ever(wallet) {
      const told = [...states].flatMap(([account, list]) =>
        list.flatMap((each) => (each.owner === wallet ? [{ account, mint: each.mint }] : [])),
      );
      const others = transaction.tokenBalances.filter(
        (row) => !states.has(row.account) && (row.owner === wallet || row.ownerAfter === wallet),
      );
      return [...told, ...others.map(({ account, mint }) => ({ account, mint }))];
    },
  };
}

/**
 * The watched subscriber that owned a token account just before the call at `place`, or undefined.
 * An account that was given away is still watched, and belongs to no subscriber. With `mint`, only
 * balances of that mint decide where the calls do not tell. The watch-list answers only where a
 * balance names no owner.
 */
export function subscriberAt(
  {
    transaction,
    watched,
    owners,
  }: {
    readonly transaction: ChainTransaction;
    readonly watched: ReadonlyMap<string, Watched>;
    readonly owners: TokenOwners;
  },
  account: Address,
  place: number,
  mint: Address | null = null,
): string | undefined {
  const rows = transaction.tokenBalances.filter(
    (each) => each.account === account && (mint === null || each.mint === mint),
  );
  if (rows.length > 0 && rows.every(untold)) return watched.get(account)?.subscriberId;
  const found = owners
    .at(account, place, mint)
    .map((owner) => watched.get(owner))
    .find((each) => each !== undefined);
  return found?.role === 'agent_wallet' ? found.subscriberId : undefined;
}
