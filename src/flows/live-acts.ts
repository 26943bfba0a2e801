// Live acts: keeps acts whose handlers are at work from being taken for broken off. A repetition of
// a request that this process is carrying out is answered so, and every ten seconds the acts that
// have run for long are renewed in the ledger, so that no other daemon takes them over.
import type { Acts, NewAct } from '../core/act.ts';

export type LiveActs = {
  readonly acts: Acts;
  /** Renews the acts that have run for at least 15 s. Throws when Postgres does not answer. */
  renew(): Promise<void>;
};

type Running = {
  readonly id: bigint;
  readonly nonce: string;
  readonly place: string;
  readonly fingerprint: Uint8Array;
  readonly sinceMs: number;
};

/** Together with the time between two renewals less than half of the minute of `Acts.begin`. */
const RENEWED_AFTER_MS = 15_000;
/** A handler that has not ended by then never ends, and its act counts as broken off. */
const LIVE_MOST_MS = 900_000;

const placeOf = ({ actor, once }: NewAct): string => JSON.stringify([actor, once?.key]);

/** Wraps the acts of the ledger. `elapsedMs` is a clock that is never set back. */
export function keepLive(acts: Acts, elapsedMs: () => number): LiveActs {
  const running = new Map<string, Running>();
  const live = (): Running[] => {
    for (const [nonce, { sinceMs }] of running)
      if (elapsedMs() - sinceMs >= LIVE_MOST_MS) running.delete(nonce);
    return [...running.values()];
  };
  return {
    acts: {
      ...acts,
      async begin(act) {
        const { once } = act;
        if (once === null) return acts.begin(act);
        const place = placeOf(act);
        const same = live().find((each) => each.place === place);
        if (same !== undefined && Buffer.compare(same.fingerprint, once.fingerprint) === 0)
          return { kind: 'running' };
        const told = await acts.begin(act);
        if (told.kind === 'begun') {
          const { id, nonce } = told;
          const { fingerprint } = once;
          running.set(nonce, { id, nonce, place, fingerprint, sinceMs: elapsedMs() });
        }
        return told;
      },
      async end(act, ...given) {
        try {
          await acts.end(act, ...given);
        } finally {
          running.delete(act.nonce);
        }
      },
    },
    async renew() {
      const long = live().filter(({ sinceMs }) => elapsedMs() - sinceMs >= RENEWED_AFTER_MS);
      if (long.length > 0) await acts.renew(long.map(({ nonce }) => nonce));
    },
  };
}
