// Tallies: sums, for one transaction, the changes in the counters of each watched Drift account,
// and collects the accounts whose changes cannot be told.

import type { Tally, Unknown } from '../core/fact.ts';
import type { FundingPayment } from '../core/funding-payment.ts';
import type { Address } from '../core/ids.ts';
import { LAST_ORDINAL } from '../core/transaction.ts';
import type { Watched } from '../core/watch-ports.ts';
import type { Heard } from './heard.ts';

type Change = Partial<Record<'realised' | 'funding' | 'deposits' | 'withdraws', bigint>>;
const NAMES = ['realised', 'funding', 'deposits', 'withdraws'] as const;

export type Tallies = {
  add(account: Watched, change: Change): void;
  /** Adds funding of one position to `realised`, to `funding` and to the payments. */
  paidFunding(account: Watched, payment: FundingPayment): void;
  /**
   * Adds quote base units that a record shows to have come into the account; null for an amount of
   * another token.
   */
  came(account: Watched, amount: bigint | null): void;
  /** An amount of `realised` that the account may have received; no record says whether it did. */
  perhaps(account: Watched, amount: bigint): void;
  /** A keeper's flat fee that the account may have paid although the record says 0. */
  perhapsFee(account: Watched): void;
  /**
   * Marks an account whose changes the records do not show: it gets an `unknown` fact and no tally.
   * `tradedAt`: the ordinal from which it may have realised profit; null when it cannot have.
   */
  unknown(account: Watched, why: Unknown['why'], tradedAt: number | null): void;
  /**
   * Notes that an account which is marked `unknown` may have realised profit from this ordinal on.
   * Does nothing for an account that is not marked.
   */
  traded(account: Watched, at: number): void;
  /** Notes the same of a loss that may have passed from or to such an account. */
  lossMoved(account: Watched): void;
  /**
   * Marks an account whose state must be compared although no counter is known to have changed: its
   * tally is put even when all sums are zero.
   */
  touch(account: Watched): void;
  isUnknown(account: Address): boolean;
  /**
   * Adds quote base units that were deposited into an account that is marked `unknown`; null when
   * the instructions do not say how many.
   */
  deposited(account: Watched, amount: bigint | null): void;
  put(put: Heard['put']): void;
};

/** Creates empty tallies. `put` writes one fact for each account, at the last ordinal. */
export function createTallies(): Tallies {
  const sums = new Map<Watched, Tally>();
  const unknowns = new Map<Watched, Unknown>();
  const deposits = new Map<Watched, bigint | null>();
  const touched = new Set<Watched>();
  const sumOf = (account: Watched): Tally =>
    sums.get(account) ?? {
      kind: 'tally',
      realised: 0n,
      funding: 0n,
      deposits: 0n,
      withdraws: 0n,
      tokens: 0n,
    };
  const add: Tallies['add'] = (account, change) => {
    const sum = sumOf(account);
    const next = Object.fromEntries(NAMES.map((name) => [name, sum[name] + (change[name] ?? 0n)]));
    sums.set(account, { ...sum, ...next });
  };
  const unknown: Tallies['unknown'] = (account, why, tradedAt) => {
    const { tradedAt: known = null, tradedFrom = known, ...rest } = unknowns.get(account) ?? {};
    const places = [known, tradedFrom, tradedAt].filter((each) => each !== null);
    const [first, last] = [Math.min(...places), Math.max(...places)];
    unknowns.set(account, {
      ...rest,
      kind: 'unknown',
      why,
      tradedAt: places.length === 0 ? null : last,
      ...(first < last ? { tradedFrom: first } : {}),
    });
  };
  return {
    add,
    paidFunding(account, payment) {
      if (payment.amount === 0n) return;
      add(account, { realised: payment.amount, funding: payment.amount });
      const sum = sumOf(account);
      sums.set(account, { ...sum, fundings: [...(sum.fundings ?? []), payment] });
    },
    came(account, amount) {
      const sum = sumOf(account);
      const { deposited: before = 0n } = sum;
      const deposited = amount === null || before === null ? null : before + amount;
      sums.set(account, { ...sum, deposited });
    },
    perhaps(account, amount) {
      const sum = sumOf(account);
      sums.set(account, { ...sum, perhaps: [...(sum.perhaps ?? []), amount] });
    },
    perhapsFee(account) {
      const sum = sumOf(account);
      sums.set(account, { ...sum, untoldFees: (sum.untoldFees ?? 0) + 1 });
    },
    unknown,
    traded(account, at) {
      const known = unknowns.get(account);
      if (known !== undefined) unknown(account, known.why, at);
    },
    lossMoved(account) {
      const known = unknowns.get(account);
      if (known !== undefined) unknowns.set(account, { ...known, lossMoved: true });
    },
    touch(account) {
      touched.add(account);
      sums.set(account, sumOf(account));
    },
    isUnknown: (account) => [...unknowns.keys()].some((each) => each.address === account),
    deposited(account, amount) {
      const before = deposits.get(account);
      deposits.set(account, amount === null || before === null ? null : (before ?? 0n) + amount);
    },
    put(put) {
      for (const [account, unknown] of unknowns) {
        const deposited = deposits.get(account);
        const body = deposited === undefined ? unknown : { ...unknown, deposited };
        put(account.subscriberId, account.address, LAST_ORDINAL, body);
      }
      for (const [account, tally] of sums) {
        const open =
          tally.perhaps !== undefined ||
          tally.untoldFees !== undefined ||
          tally.fundings !== undefined ||
          touched.has(account);
        if (unknowns.has(account) || (NAMES.every((name) => tally[name] === 0n) && !open)) continue;
        put(account.subscriberId, account.address, LAST_ORDINAL, tally);
      }
    },
  };
}
