// Acknowledged: the acts that this daemon has answered with success, remembered for a while. A
// database that went back in time may lack the last of them. They are then found, kept in the
// ledger for a person, and logged. Each act is also a line `act.done` in the log, which `bailiff
// acts compare` reads for a daemon that did not live through the failover.
import type { Acknowledged, Acts, NewAct } from '../core/act.ts';
import type { Clock, Log } from '../core/ports.ts';

export type AcknowledgedActs = {
  /** The ledger's acts, with a memory of those that ended well. */
  readonly acts: Acts;
  /** The database may lack its last commits: the next `check` compares. */
  wentBack(): void;
  /**
   * After `wentBack`: finds and notes the acts that the ledger does not hold. Throws when Postgres
   * does not answer; the next call asks again.
   */
  check(): Promise<void>;
};

/** So many characters of remembered acts, as JSON; the oldest are forgotten first. */
const CHARACTERS_MOST = 8 * 1024 * 1024;
/** So many acts that have not ended are kept in mind. */
const BEGUN_MOST = 10_000;
/** What of a lost act stands in the log. */
const LOGGED_MOST = 50;

export function rememberActs(
  acts: Acts,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): AcknowledgedActs {
  const begun = new Map<string, NewAct>();
  const remembered = new Map<string, { readonly act: Acknowledged; readonly size: number }>();
  let size = 0;
  let suspect = false;

  const forget = (nonce: string): void => {
    size -= remembered.get(nonce)?.size ?? 0;
    remembered.delete(nonce);
  };
  const remember = (act: Acknowledged): void => {
    const own = JSON.stringify(act.asked).length + 200;
    remembered.set(act.nonce, { act, size: own });
    size += own;
    for (const nonce of remembered.keys()) {
      if (size <= CHARACTERS_MOST) break;
      forget(nonce);
    }
  };
  return {
    acts: {
      ...acts,
      async begin(act) {
        const told = await acts.begin(act);
        if (told.kind !== 'begun') return told;
        begun.set(told.nonce, act);
        // A request that was cut off by its deadline never ends.
        const [oldest] = begun.keys();
        if (begun.size > BEGUN_MOST && oldest !== undefined) begun.delete(oldest);
        return told;
      },
      async end(act, status, answer, nowMs) {
        const { nonce } = act;
        const own = begun.get(nonce);
        begun.delete(nonce);
        await acts.end(act, status, answer, nowMs);
        if (own === undefined || status >= 400) return;
        const { actor, what, asked } = own;
        remember({ nonce, atMs: clock.nowMs(), actor, what, asked, status });
        log.info('act.done', { nonce, actor, what, asked, status });
      },
    },
    wentBack() {
      suspect = true;
    },
    async check() {
      if (!suspect) return;
      const lost = await acts.missing([...remembered.values()].map(({ act }) => act));
      await acts.noteLost(lost);
      suspect = false;
      for (const { nonce } of lost) forget(nonce);
      if (lost.length > 0)
        log.error('acts.lost', {
          acts: lost.length,
          first: lost.slice(0, LOGGED_MOST).map(({ nonce, what, asked, kept }) => ({
            nonce,
            what,
            asked,
            kept,
          })),
          detail:
            'These requests were answered with success, and the database does not hold them any more. List them with: bailiff acts lost',
        });
    },
  };
}

const NONCE = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The acknowledged act that a line of a daemon's log tells of; null for every other line. */
export function acknowledgedIn(line: string): Acknowledged | null {
  if (!line.includes('"act.done"')) return null;
  let told: Record<string, unknown>;
  try {
    told = JSON.parse(line) as Record<string, unknown>;
  } catch {
    return null;
  }
  const { event, nonce, actor, what, asked, status, time } = told;
  const atMs = typeof time === 'string' ? Date.parse(time) : Number(time);
  if (event !== 'act.done' || typeof nonce !== 'string' || !NONCE.test(nonce)) return null;
  if (typeof actor !== 'string' || typeof what !== 'string' || typeof status !== 'number')
    return null;
  return Number.isFinite(atMs) ? { nonce, atMs, actor, what, asked: asked ?? null, status } : null;
}
