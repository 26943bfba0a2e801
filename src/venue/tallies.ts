// Tallies: while a transaction is heard, what it changes in the counters of each watched Drift account, and for which of
// them that cannot be told.

import type { Tally, Unknown } from '../core/fact.ts';
import type { Watched } from '../core/hearing-ports.ts';
import { LAST_ORDINAL } from '../core/transaction.ts';
import type { Heard } from './heard.ts';

type Change = Partial<Record<'realised' | 'funding' | 'deposits' | 'withdraws', bigint>>;
const NAMES = ['realised', 'funding', 'deposits', 'withdraws'] as const;

export type Tallies = {
  add(account: Watched, change: Change): void;
  /** The records do not tell what happened to this account: no tally is put for it, but an `unknown`. */
  unknown(account: Watched, why: Unknown['why'], tradedAt: number | null): void;
  put(put: Heard['put']): void;
};

export function createTallies(): Tallies {
  const sums = new Map<Watched, Tally>();
  const unknowns = new Map<Watched, Unknown>();
  return {
    add(account, change) {
      const sum = sums.get(account) ?? {
        kind: 'tally',
        realised: 0n,
        funding: 0n,
        deposits: 0n,
        withdraws: 0n,
        tokens: 0n,
      };
      const next = Object.fromEntries(
        NAMES.map((name) => [name, sum[name] + (change[name] ?? 0n)]),
      );
      sums.set(account, { ...sum, ...next });
    },
    unknown(account, why, tradedAt) {
      const known = unknowns.get(account)?.tradedAt ?? null;
      const last = known === null ? tradedAt : Math.max(known, tradedAt ?? 0);
      unknowns.set(account, { kind: 'unknown', why, tradedAt: last });
    },
    put(put) {
      for (const [account, unknown] of unknowns)
        put(account.subscriberId, account.address, LAST_ORDINAL, unknown);
      for (const [account, tally] of sums) {
        if (unknowns.has(account) || NAMES.every((name) => tally[name] === 0n)) continue;
        put(account.subscriberId, account.address, LAST_ORDINAL, tally);
      }
    },
  };
}
