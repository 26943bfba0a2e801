// Conservation: accounts for every lamport and every token of a subscriber in one transaction. The
// holdings of wallet, token accounts and venue accounts before, plus what the venue paid in, less
// fees, must equal the holdings afterwards. A difference has left, by any instruction. Wrapped SOL
// counts as SOL, because both are lamports.
import { type Consent, consentTo } from './consent.ts';
import {
  type Asset,
  assetsOf,
  type Holding,
  movesOf,
  type Perimeter,
  type Subject,
} from './holdings.ts';
import type { Address } from './ids.ts';
import { least, most } from './money.ts';
import { SYSTEM_PROGRAM, TOKEN_2022_PROGRAM, TOKEN_PROGRAMS, WRAPPED_SOL } from './programs.ts';
import { swapped } from './swap-bracket.ts';
import { tokenFlow } from './token-flow.ts';
import { LAST_ORDINAL, ORDINALS_A_CALL } from './transaction.ts';
import { walletCalls } from './wallet-call.ts';

/** A part of what left, by receiver. */
export type Leaving = {
  /** Null for SOL. */
  readonly mint: Address | null;
  readonly decimals: number;
  readonly amount: bigint;
  readonly how: 'transfer' | 'handover' | 'fee';
  /** The own account that lost most of it. */
  readonly source: Address;
  /** Null when no account received it: it was burnt, or went to the network as a fee. */
  readonly destination: Address | null;
  /** The owner of the destination: of a token account its owner, else the destination itself. */
  readonly owner: Address | null;
  readonly ordinal: number;
  readonly consent: Consent;
};

/**
 * Lamports. The part of a network fee above this counts as SOL that left, because the fee may go to
 * a validator that the subscriber chose.
 */
export const FEE_LAMPORTS_MOST = 5_000_000n;
/** The highest rent so far, in lamports a byte: the bound for accounts that the venue creates. */
export const RENT_LAMPORTS_A_BYTE = 6_960n;
/** Bytes that the runtime adds to an account's data for rent. */
const RENT_OVERHEAD_BYTES = 128n;
/** The most bytes by which one instruction makes an account larger, by the runtime's rule. */
const GROWTH_BYTES_MOST = 10_240n;

/**
 * The rent that own accounts paid for accounts of the agent which a venue itself created or
 * enlarged in this transaction, by account. Lamports, and no more than the bound for the account's
 * size, or for its growth. An account of another wallet is none of these: that wallet may delete
 * the account, and gets the rent.
 */
function madeByVenue(
  { calls, venues, madeFor }: Perimeter,
  { agent }: Subject,
  own: ReadonlySet<Address>,
): Map<Address, bigint> {
  const spaces = new Map<Address, bigint>();
  const paid = new Map<Address, bigint>();
  const owners = new Map<Address, Address>();
  const tops = new Set(calls.filter((call) => venues.has(call.program)).map((call) => call.top));
  for (const call of calls) {
    if (call.inner === 0 || !tops.has(call.top)) continue;
    for (const each of walletCalls(call)) {
      if (each.does === 'sol_transfer' && own.has(each.source))
        paid.set(each.destination, (paid.get(each.destination) ?? 0n) + each.lamports);
      if (each.does !== 'account_made') continue;
      if (each.space !== null) spaces.set(each.account, each.space);
      if (each.owner !== null) owners.set(each.account, each.owner);
    }
  }
  return new Map(
    [...paid].flatMap(([account, lamports]): [Address, bigint][] => {
      const [space, owner] = [spaces.get(account), owners.get(account)];
      const isMade = space !== undefined && venues.has(owner ?? '');
      const isGrown = space === undefined && owner === undefined;
      if (!(isMade || isGrown) || !madeFor(agent, account)) return [];
      const bytes = isGrown ? GROWTH_BYTES_MOST : (space ?? 0n) + RENT_OVERHEAD_BYTES;
      return [[account, least(lamports, bytes * RENT_LAMPORTS_A_BYTE)]];
    }),
  );
}

/**
 * The place of the last call of the system program or a token program that names an own account
 * and, unless null, `destination`; null when there is none.
 */
function placeOf(
  { calls }: Perimeter,
  own: ReadonlySet<Address>,
  destination: Address | null,
): number | null {
  for (let index = calls.length - 1; index >= 0; index--) {
    const call = calls[index];
    if (call === undefined) continue;
    if (call.program !== SYSTEM_PROGRAM && !TOKEN_PROGRAMS.has(call.program)) continue;
    if (destination !== null && !call.accounts.includes(destination)) continue;
    if (call.accounts.some((each) => own.has(each))) return call.place;
  }
  return null;
}

/** The account that lost most; among equals the first by address. */
function poorest(own: readonly Holding[]): Address | undefined {
  const lost = ({ before, after }: Holding): bigint => before - after;
  return [...own].sort(
    (a, b) =>
      Number(lost(b) > lost(a)) - Number(lost(b) < lost(a)) || (a.account < b.account ? -1 : 1),
  )[0]?.account;
}

/** Assigns ordinals: parts of one call follow each other, parts without a call come last. */
function createOrdinals(): (place: number | null) => number {
  const given = new Map<number | null, number>();
  return (place) => {
    const nth = given.get(place) ?? 0;
    given.set(place, nth + 1);
    return place === null ? LAST_ORDINAL - 1 - nth : place * ORDINALS_A_CALL + 8 + nth;
  };
}

/**
 * The missing amount of an asset after the transaction: held before, plus what the venue paid in,
 * less the network's fee and the amount spent by a swap with the venue's tokens, or plus what the
 * swap brought for the venue, less what is held afterwards. Negative when something came in.
 */
function missingOf(perimeter: Perimeter, subject: Subject, asset: Asset) {
  const { transaction, owners } = perimeter;
  const isSol = asset.mint === null;
  const own = asset.holdings.filter((each) => each.ownBefore || each.ownAfter);
  const mint = asset.mint ?? WRAPPED_SOL;
  const ever = owners.ever(subject.agent).filter((each) => each.mint === mint);
  const ownAccounts = new Set([...own, ...ever].map((each) => each.account));
  const moved = movesOf(perimeter, subject, mint).reduce((sum, { amount }) => sum + amount, 0n);
  const fee = isSol && transaction.signers[0] === subject.agent ? transaction.fee : 0n;
  const swap = swapped(perimeter, subject, asset);
  let missing = moved - fee - swap.spent;
  for (const { ownBefore, ownAfter, before, after } of own)
    missing += (ownBefore ? before : 0n) - (ownAfter ? after : 0n);
  return { own, ownAccounts, fee, swap, missing };
}

/** Lamports that a transaction brought the subscriber, before its network fee; 0 for a loss. */
export function solBrought(perimeter: Perimeter, subject: Subject): bigint {
  const sol = assetsOf(perimeter, subject).find((each) => each.mint === null);
  return sol === undefined ? 0n : most(-missingOf(perimeter, subject, sol).missing, 0n);
}

/** The parts of one asset that left, by receiver. */
function leavingsOf(
  perimeter: Perimeter,
  subject: Subject,
  asset: Asset,
  ordinals: (place: number | null) => number,
): Leaving[] {
  const { transaction } = perimeter;
  const isSol = asset.mint === null;
  const { own, ownAccounts, fee, swap, missing } = missingOf(perimeter, subject, asset);
  let left = missing;
  const excess = fee > FEE_LAMPORTS_MOST ? fee - FEE_LAMPORTS_MOST : 0n;
  if (left <= 0n && excess === 0n) return [];

  const consent = consentTo(perimeter, subject, asset);
  const leaving = (given: Pick<Leaving, 'amount' | 'how' | 'destination' | 'owner'>): Leaving => ({
    mint: asset.mint,
    decimals: asset.decimals,
    source: poorest(own) ?? subject.agent,
    consent,
    ordinal: ordinals(
      placeOf(perimeter, ownAccounts, given.destination) ?? placeOf(perimeter, ownAccounts, null),
    ),
    ...given,
  });

  const leavings: Leaving[] = [];
  const rents = isSol ? madeByVenue(perimeter, subject, ownAccounts) : new Map<Address, bigint>();
  // Null for SOL, which programs move without calls, and where the calls do not tell.
  const flow = asset.mint === null ? null : tokenFlow(perimeter, subject, asset.mint);
  const gains = asset.holdings
    .filter((each) => !each.ownAfter)
    .map((each) => {
      const before = each.ownBefore ? 0n : each.before;
      // The fee payer received its gain in addition to the fee that it paid.
      const paid = isSol && each.account === transaction.signers[0] ? transaction.fee : 0n;
      const came = flow === null ? each.after + paid - before : (flow.get(each.account) ?? 0n);
      return { ...each, gain: came - (swap.got.get(each.account) ?? 0n) };
    })
    .filter((each) => each.gain > 0n)
    .map((each) => ({ ...each, named: placeOf(perimeter, ownAccounts, each.account) !== null }))
    .sort(
      (a, b) =>
        Number(b.named) - Number(a.named) ||
        Number(b.gain > a.gain) - Number(b.gain < a.gain) ||
        Number(a.account > b.account) - Number(a.account < b.account),
    );
  for (const { account, owner, ownBefore, gain } of gains) {
    const part = least(gain, left);
    if (part <= 0n) break;
    left -= part;
    const amount = part - least(part, rents.get(account) ?? 0n);
    if (amount === 0n) continue;
    leavings.push(
      ownBefore
        ? leaving({ amount, how: 'handover', destination: owner, owner })
        : leaving({ amount, how: 'transfer', destination: account, owner }),
    );
  }
  // A fee that a Token-2022 mint withholds on a transfer has no receiver and is not an outflow. A
  // burn also has no receiver, but is an outflow: the owner or a delegate ordered it.
  const burnt = perimeter.calls.some((call) =>
    walletCalls(call).some((each) => each.does === 'token_burn' && ownAccounts.has(each.account)),
  );
  if (left > 0n && (asset.program !== TOKEN_2022_PROGRAM || burnt))
    leavings.push(leaving({ amount: left, how: 'transfer', destination: null, owner: null }));
  if (excess > 0n)
    leavings.push(leaving({ amount: excess, how: 'fee', destination: null, owner: null }));
  return leavings;
}

/** The handover of the wallet to a program, which then needs no signature for its lamports. */
function assigned(perimeter: Perimeter, { agent }: Subject): Leaving[] {
  const { lamports, keys } = perimeter.transaction;
  for (const call of perimeter.calls)
    for (const each of walletCalls(call)) {
      if (each.does !== 'account_made' || each.account !== agent) continue;
      const { owner } = each;
      if (owner === null || owner === SYSTEM_PROGRAM) continue;
      return [
        {
          mint: null,
          decimals: 9,
          amount: lamports?.after[keys.indexOf(agent)] ?? 0n,
          how: 'handover',
          source: agent,
          destination: owner,
          owner,
          ordinal: call.place * ORDINALS_A_CALL,
          consent: 'agent',
        },
      ];
    }
  return [];
}

/** Everything that left the wallets of a subject in a successful transaction, for every asset. */
export function leavings(perimeter: Perimeter, subject: Subject): Leaving[] {
  const ordinals = createOrdinals();
  return [
    ...assetsOf(perimeter, subject).flatMap((asset) =>
      leavingsOf(perimeter, subject, asset, ordinals),
    ),
    ...assigned(perimeter, subject),
  ];
}

/** The outflow of a failed transaction, which is only the excess of its fee. */
export function leavingsOfFailed(
  { transaction: { signers, fee } }: Pick<Perimeter, 'transaction'>,
  { agent }: Subject,
): Leaving[] {
  if (signers[0] !== agent || fee <= FEE_LAMPORTS_MOST) return [];
  return [
    {
      mint: null,
      decimals: 9,
      amount: fee - FEE_LAMPORTS_MOST,
      how: 'fee',
      source: agent,
      destination: null,
      owner: null,
      ordinal: LAST_ORDINAL - 1,
      consent: 'agent',
    },
  ];
}
