// Acknowledged: remembers for a while the acts that this daemon has answered with success, and
// those of commands, of which it hears from the ledger. A database that went back in time may lack
// the latest of them; those acts are then recorded in the ledger for a person, and logged. Each act
// is also a line `act.done` in the log, which `bailiff acts compare` reads when no daemon lived
// through the failover.
import type { Acknowledged, Acts, NewAct } from '../core/act.ts';
import type { Clock, Log } from '../core/ports.ts';

export type AcknowledgedActs = {
  /** The acts of the ledger, with a memory of those that ended with success. */
  readonly acts: Acts;
  /** Tells that the database may lack its last commits; the next `check` compares. */
  wentBack(): void;
  /**
   * After `wentBack`: finds the remembered acts that the ledger does not hold, and records them as
   * lost. Always: remembers the acts of commands that have ended since the last call. Throws when
   * Postgres does not answer; the next call asks again.
   */
  check(): Promise<void>;
};

/** The most characters of remembered acts, as JSON; the oldest acts are forgotten first. */
const CHARACTERS_MOST = 8 * 1024 * 1024;
/** The most acts without an end that are remembered. */
const BEGUN_MOST = 10_000;
/**
 * The exit codes of commands that have changed something: done, and done where a person must look
 * at the rest.
 */
const DONE_BY_COMMANDS: ReadonlySet<number> = new Set([0, 3]);
/** The most acts of commands that are looked at again because they had not ended. */
const RUNNING_MOST = 100;
/** Ids that are read again: an act may be committed after one with a higher id. */
const OVERLAP = 100n;
/** Nonces of acts of commands that are kept, more than one reading and its overlap find. */
const HEARD_MOST = 2_000;
/** The most lost acts that one log line names. */
const LOGGED_MOST = 50;
/**
 * The most bytes of what was asked in a line `act.done`, as JSON. systemd's journal cuts a line
 * after 48 KiB, and the pieces are no JSON. The rest of the line has less than 1 KiB.
 */
const ASKED_BYTES_MOST = 32 * 1024;
/** The same for each act that a line `acts.lost` names. */
const LOST_BYTES_MOST = ASKED_BYTES_MOST / LOGGED_MOST;
/** Below this share of bytes a value is not looked into. */
const SHARE_LEAST = 64;

/**
 * The request in at most `most` bytes of JSON, so that a log line takes it. Of an object that has
 * more, each field gets an equal share, and a value beyond its share becomes its number of bytes.
 */
function shortened(value: unknown, most: number): unknown {
  const bytes = Buffer.byteLength(JSON.stringify(value) ?? '');
  if (bytes <= most) return value;
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  const fields = isObject ? Object.entries(value) : [];
  // A field has its name, two quotes, a colon and a comma.
  const names = fields.reduce(
    (sum, [name]) => sum + Buffer.byteLength(JSON.stringify(name)) + 2,
    2,
  );
  const share = (most - names) / fields.length;
  return fields.length > 0 && share >= SHARE_LEAST
    ? Object.fromEntries(fields.map(([name, each]) => [name, shortened(each, share)]))
    : `… ${bytes} bytes`;
}

/** Wraps the acts of the ledger, so that acts that end with success are remembered and logged. */
export function rememberActs(
  acts: Acts,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): AcknowledgedActs {
  const begun = new Map<string, NewAct>();
  const remembered = new Map<string, { readonly act: Acknowledged; readonly size: number }>();
  let size = 0;
  let suspect = false;
  /** The id of the act up to which those of commands were read; null before the first. */
  let heardTo: bigint | null = null;
  /** Acts of commands that had not ended when they were read. */
  let running: readonly bigint[] = [];
  /** The nonces of the acts of commands that were heard of last. */
  const heard = new Set<string>();

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
  const done = (act: Acknowledged): void => {
    remember(act);
    const { nonce, actor, what, asked, status } = act;
    const told = shortened(asked, ASKED_BYTES_MOST);
    log.info('act.done', { nonce, actor, what, asked: told, status });
  };
  const hearCommands = async (): Promise<void> => {
    const after = heardTo === null ? null : heardTo - OVERLAP;
    const found = await acts.ofCommands(after, running);
    heardTo = found.upTo;
    running = found.acts
      .flatMap(({ id, status }) => (status === null ? [id] : []))
      .slice(-RUNNING_MOST);
    for (const { id: _, status, ...act } of found.acts) {
      if (status === null || heard.has(act.nonce)) continue;
      heard.add(act.nonce);
      if (DONE_BY_COMMANDS.has(status)) done({ ...act, status });
    }
    for (const nonce of heard) {
      if (heard.size <= HEARD_MOST) break;
      heard.delete(nonce);
    }
  };
  return {
    acts: {
      ...acts,
      async begin(act) {
        const told = await acts.begin(act);
        if (told.kind !== 'begun') return told;
        begun.set(told.nonce, act);
        // A request that was cut off by its deadline never ends its act.
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
        done({ nonce, atMs: clock.nowMs(), actor, what, asked, status });
      },
    },
    wentBack() {
      suspect = true;
    },
    async check() {
      if (!suspect) return hearCommands();
      const lost = await acts.missing([...remembered.values()].map(({ act }) => act));
      await acts.noteLost(lost);
      suspect = false;
      // The ids after the last one that is left are given out anew.
      heardTo = null;
      running = [];
      for (const { nonce } of lost) forget(nonce);
      if (lost.length > 0)
        log.error('acts.lost', {
          acts: lost.length,
          first: lost.slice(0, LOGGED_MOST).map(({ nonce, what, asked, kept }) => ({
            nonce,
            what,
            asked: shortened(asked, LOST_BYTES_MOST),
            kept,
          })),
          detail:
            'These requests were answered with success, and the database does not hold them any more. List them with: bailiff acts lost',
        });
    },
  };
}

const NONCE = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** Whether a text is a nonce of an act. */
export const isNonce = (text: string): boolean => NONCE.test(text);

/** The beginning of a line `act.done` whose end is missing. */
const CUT = /^\{"level":\d+,.{0,100}"nonce":"[0-9a-f-]{36}","actor":/;

/**
 * The act that an `act.done` line of a daemon's log tells of; `unreadable` for a line, or a piece
 * of one, that tells of an act and cannot be read; null for every other line.
 */
export function acknowledgedIn(line: string): Acknowledged | 'unreadable' | null {
  if (!line.includes('"act.done"') && !CUT.test(line)) return null;
  let told: Record<string, unknown>;
  try {
    told = JSON.parse(line) as Record<string, unknown>;
  } catch {
    return 'unreadable';
  }
  const { event, nonce, actor, what, asked, status, time } = told;
  if (event !== 'act.done') return null;
  const atMs = typeof time === 'string' ? Date.parse(time) : Number(time);
  return typeof nonce === 'string' &&
    isNonce(nonce) &&
    typeof actor === 'string' &&
    typeof what === 'string' &&
    typeof status === 'number' &&
    Number.isFinite(atMs)
    ? { nonce, atMs, actor, what, asked: asked ?? null, status }
    : 'unreadable';
}
