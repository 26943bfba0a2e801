// Holdings: lists what a subscriber held of each asset before and after one transaction: in the
// wallet, in every token account it owns, and as rent of its accounts at the venue. The
// transaction's own balances say who owns a token account.

import type { Address } from './ids.ts';
import { least } from './money.ts';
import { WRAPPED_SOL } from './programs.ts';
import { type TokenOwners, untold } from './token-owners.ts';
import type { Call, ChainTransaction, TokenBalance } from './transaction.ts';
import type { Watched } from './watch-ports.ts';

export type Perimeter = {
  readonly transaction: ChainTransaction;
  readonly calls: readonly Call[];
  /** The owners of its token accounts at each moment of the transaction. */
  readonly owners: TokenOwners;
  readonly watched: ReadonlyMap<string, Watched>;
  /** The programs of the venues. */
  readonly venues: ReadonlySet<string>;
  /** The mints of their quote tokens. */
  readonly quotes: ReadonlySet<string>;
  /** Whether a venue has a market of this mint. SOL counts as valuable as well. */
  readonly ofValue: (mint: Address) => boolean;
  /**
   * Whether an address is one of the venues' accounts that derive from an agent. Their lamports
   * count as the agent's. The first answer for a wallet takes milliseconds.
   */
  readonly isVenueAccount: (agent: Address, account: Address) => boolean;
  /** Whether an account that a venue made in the transaction belongs to an agent. */
  readonly madeFor: (agent: Address, account: Address) => boolean;
  /** The tokens that venues moved for subscribers' own accounts there. */
  readonly venueMoved: readonly VenueMove[];
  /** The brackets of each subscriber's swaps with a venue's tokens. */
  readonly swaps: ReadonlyMap<string, readonly SwapBracket[]>;
};

/**
 * Tokens that a venue moved into or out of a token account, while a subscriber owned it, for that
 * subscriber's own account at the venue.
 */
export type VenueMove = {
  readonly subscriberId: string;
  readonly account: Address;
  readonly mint: Address;
  /** Base units; negative when out of the token account. */
  readonly amount: bigint;
  /** The place of the transfer in the order of execution. */
  readonly place: number;
};

/** The top-level instructions that begin and end a swap with a venue's tokens. */
export type SwapBracket = readonly [from: number, to: number];

/** The subscriber and wallet that are examined. */
export type Subject = { readonly subscriberId: string; readonly agent: Address };

/**
 * One account's part of an asset: whether it was the subject's before and after, and the amount it
 * held before and after.
 */
export type Holding = {
  readonly account: Address;
  readonly owner: Address | null;
  readonly ownBefore: boolean;
  readonly ownAfter: boolean;
  readonly before: bigint;
  readonly after: bigint;
};
export type Asset = {
  readonly mint: Address | null;
  readonly decimals: number;
  readonly program: Address | null;
  readonly holdings: readonly Holding[];
};

/**
 * Whether a token account was the subject's before and after. The transaction's own balances
 * decide.
 */
export function ownership(
  { watched }: Pick<Perimeter, 'watched'>,
  row: TokenBalance,
  { subscriberId, agent }: Subject,
): { before: boolean; after: boolean } {
  if (untold(row)) {
    const own = watched.get(row.account)?.subscriberId === subscriberId;
    return { before: own, after: own };
  }
  return { before: row.owner === agent, after: row.ownerAfter === agent };
}

/** The venues' moves of one mint for the subject. */
export const movesOf = (
  { venueMoved }: Perimeter,
  { subscriberId }: Subject,
  mint: Address,
): VenueMove[] =>
  venueMoved.filter((each) => each.subscriberId === subscriberId && each.mint === mint);

/** Every subscriber whose wallet, or whose token account, the transaction names. */
export function subjectsOf({
  transaction,
  watched,
}: Pick<Perimeter, 'transaction' | 'watched'>): Subject[] {
  const agents = new Map<string, Address>();
  const note = (address: Address | null): void => {
    const found = address === null ? undefined : watched.get(address);
    if (found?.role === 'agent_wallet') agents.set(found.subscriberId, found.address);
  };
  for (const key of transaction.keys) note(key);
  for (const { owner, ownerAfter } of transaction.tokenBalances) {
    note(owner);
    note(ownerAfter);
  }
  return [...agents].map(([subscriberId, agent]) => ({ subscriberId, agent }));
}

function tokenAssets(perimeter: Perimeter, subject: Subject): Asset[] {
  const byMint = new Map<Address, TokenBalance[]>();
  for (const row of perimeter.transaction.tokenBalances) {
    if (row.mint === WRAPPED_SOL) continue;
    byMint.set(row.mint, [...(byMint.get(row.mint) ?? []), row]);
  }
  return [...byMint].flatMap(([mint, rows]): Asset[] => {
    const holdings = rows.map((row): Holding => {
      const own = ownership(perimeter, row, subject);
      return {
        account: row.account,
        owner: row.ownerAfter ?? row.owner,
        ownBefore: own.before,
        ownAfter: own.after,
        before: row.before,
        after: row.after,
      };
    });
    const [first] = rows;
    const own =
      holdings.some((each) => each.ownBefore || each.ownAfter) ||
      movesOf(perimeter, subject, mint).length > 0;
    if (first === undefined || !own) return [];
    return [{ mint, decimals: first.decimals, program: first.program, holdings }];
  });
}

/**
 * Lamports: the highest rent so far of a token account without extensions, (165 + 128) × 6,960.
 */
export const TOKEN_ACCOUNT_RENT = 2_039_280n;

/** Whether a token account was one of wrapped SOL on that side of the transaction. */
const isWrapped = (
  { tokenBalances }: ChainTransaction,
  account: Address,
  side: 'owner' | 'ownerAfter',
): boolean =>
  tokenBalances.some(
    (row) =>
      row.account === account && row.mint === WRAPPED_SOL && (row[side] !== null || untold(row)),
  );

/**
 * The lamports of an own token account. All lamports of an account of wrapped SOL are within reach.
 * Of any other, those above the rent are not, because the authority that may close the account gets
 * them: the token program keeps that authority when the account changes hands, and no transaction
 * shows it. The lamports above the rent are a holding of their own, which belongs to the subject
 * neither before nor after.
 */
function withinReach(transaction: ChainTransaction, whole: Holding): readonly Holding[] {
  const { account } = whole;
  const reach = (lamports: bigint, side: 'owner' | 'ownerAfter'): bigint =>
    isWrapped(transaction, account, side) ? lamports : least(lamports, TOKEN_ACCOUNT_RENT);
  const before = reach(whole.before, 'owner');
  const after = reach(whole.after, 'ownerAfter');
  const beyond = { before: whole.before - before, after: whole.after - after };
  return [
    { ...whole, before, after },
    { ...whole, ...beyond, ownBefore: false, ownAfter: false },
  ];
}

/**
 * SOL: the lamports of the wallet, of every own token account as far as they are within reach, and
 * of the agent's accounts at the venue.
 */
function solAsset(perimeter: Perimeter, subject: Subject): Asset | null {
  const { transaction, isVenueAccount, watched } = perimeter;
  const { lamports, keys, signers, tokenBalances } = transaction;
  if (lamports === null) return null;
  const rows = new Map<Address, TokenBalance>();
  for (const row of tokenBalances) {
    const first = rows.get(row.account);
    const { owner, ownerAfter } = first ?? row;
    // An account that was made again for another mint has two rows: one names the owner before, the
    // other the owner after.
    rows.set(row.account, {
      ...(first ?? row),
      owner: owner ?? row.owner,
      ownerAfter: ownerAfter ?? row.ownerAfter,
    });
  }
  // No key signs for a derived account, and an account with as many lamports as before changes no
  // sum. In most transactions these two conditions leave no account of which a derivation must tell
  // whether it is the agent's.
  const isOwn = (account: Address, hasChanged: boolean): boolean => {
    const watch = watched.get(account);
    return (
      account === subject.agent ||
      (watch?.role === 'drift_user' && watch.subscriberId === subject.subscriberId) ||
      (hasChanged && !signers.includes(account) && isVenueAccount(subject.agent, account))
    );
  };
  const holdings = keys.flatMap((account, index): readonly Holding[] => {
    const row = rows.get(account);
    const before = lamports.before[index] ?? 0n;
    const after = lamports.after[index] ?? 0n;
    const own = row === undefined && isOwn(account, before !== after);
    const side =
      row === undefined ? { before: own, after: own } : ownership(perimeter, row, subject);
    const whole = {
      account,
      owner: row === undefined ? account : (row.ownerAfter ?? row.owner),
      ownBefore: side.before,
      ownAfter: side.after,
      before,
      after,
    };
    const isOwnTokens = row !== undefined && (side.before || side.after);
    return isOwnTokens ? withinReach(transaction, whole) : [whole];
  });
  return { mint: null, decimals: 9, program: null, holdings };
}

/**
 * Every asset that the subject held before, after, or in an account of this transaction alone: each
 * mint except wrapped SOL, and SOL including the wrapped.
 */
export function assetsOf(perimeter: Perimeter, subject: Subject): Asset[] {
  const sol = solAsset(perimeter, subject);
  return [...tokenAssets(perimeter, subject), ...(sol === null ? [] : [sol])];
}
