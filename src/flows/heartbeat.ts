// Heartbeat: once a second the daemon checks that it may vouch for the gate's answers. The daemon
// may do so while the ledger takes writes, the roster holds every change of the ledger, the doubts
// are read, the chain gives its slot (flows/slot-reading.ts says when the chain is asked), and no
// loop that carries news to the standings fails. When one of these fails the roster's view is not
// renewed, so the gate answers `unknown` once the view is older than `gate.staleAfterMs`, and says
// which of them failed. The loops count because a Postgres whose disk is full may still take the
// heartbeat's own write, which changes one row in place.
import { Fault, messageOf } from '../core/fault.ts';
import { type LedgerClock, SKEW_MS_MOST } from '../core/ledger-clock.ts';
import { ledgerRemedy } from '../core/ledger-fault.ts';
import type { Pace } from '../core/pace.ts';
import type { Clock, Halt, Ledger, Log } from '../core/ports.ts';
import type { Doubt, Roster } from '../core/roster.ts';
import { type DoubtPorts, refreshDoubts } from './gate-doubts.ts';
import type { Loops } from './loops.ts';
import type { Publisher } from './publish.ts';
import type { SlotReading } from './slot-reading.ts';

export type HeartbeatPorts = DoubtPorts & {
  readonly ledger: Ledger;
  readonly roster: Roster;
  readonly publisher: Publisher;
  readonly clock: Clock;
  /** Opens one more connection to the ledger. Throws the error that prevents it. */
  readonly reach: () => Promise<void>;
  /** As `LedgerClock.set`. */
  readonly setClock: LedgerClock['set'];
  readonly log: Log;
  /** As `SlotReading.read`: the confirmed slot; null while it need not be read. */
  readonly slot: SlotReading['read'];
  /** Is given each reading of the slot. */
  readonly pace?: Pace;
  /** The doubts about single subscribers, as of the last look. */
  readonly personal?: () => ReadonlyMap<string, Doubt>;
  /** Reads the API keys again. */
  readonly readKeys: () => Promise<void>;
  /** As `Loops.failing`. */
  readonly failing: Loops['failing'];
};
export type HeartbeatOptions = {
  /** The time at which this daemon began to listen. */
  readonly startedMs: number;
  readonly lagMsMost: number;
  readonly staleAfterMs: number;
};
export type Backlog = Awaited<ReturnType<Ledger['sightings']['backlog']>>;
/** The findings of the last heartbeats, for health and metrics. */
export type Pulse = {
  /** When the ledger last took a write; null before the first. */
  readonly ledgerAtMs: number | null;
  /**
   * Transactions that were heard and are not final yet, as last read; null before the first
   * reading.
   */
  readonly backlog: Backlog | null;
  /**
   * How far this machine's clock is ahead of the clock of Postgres; null before the first answer.
   */
  readonly skewMs: number | null;
  /** The halts in force: where nothing new is signed. */
  readonly halts: readonly Halt[];
};
export type Heartbeat = {
  /** Makes one heartbeat. Throws the reason why the roster's view was not renewed. */
  beat(): Promise<void>;
  readonly pulse: Pulse;
};

/**
 * The ledger must answer within a third of `staleAfterMs`, so that one slow answer does not make
 * the view stale.
 */
const PATIENCE_PARTS = 3;

/** Creates the heartbeat. The loop calls `beat` once a second. */
export function createHeartbeat(ports: HeartbeatPorts, options: HeartbeatOptions): Heartbeat {
  const { ledger, roster, publisher, clock, log } = ports;
  /** When the ledger took a write last, or this heartbeat began; by `elapsedMs`. */
  let wroteMs = clock.elapsedMs();
  let ledgerAtMs: number | null = null;
  let backlog: Backlog | null = null;
  let skewMs: number | null = null;
  let halts: readonly Halt[] = [];
  /** Why the last further connection to the ledger could not be opened; null when it could. */
  let hindrance: string | null = null;
  let reaching = false;

  /** Asks why the ledger does not answer, one question at a time. The next late answer tells it. */
  const askWhy = async (): Promise<void> => {
    if (reaching) return;
    reaching = true;
    try {
      await ports.reach();
      hindrance = null;
    } catch (thrown) {
      hindrance = thrown instanceof Fault ? thrown.message : ledgerRemedy(thrown);
    } finally {
      reaching = false;
    }
  };
  /**
   * The result of the work. Throws `ledger_unavailable` when the work takes too long, because a
   * Postgres that hangs never answers.
   */
  const inTime = async <T>(work: Promise<T>): Promise<T> => {
    const ms = Math.floor(options.staleAfterMs / PATIENCE_PARTS);
    const ended = new AbortController();
    const late = clock.sleep(ms, ended.signal).then((): never => {
      void askWhy();
      throw new Fault('ledger_unavailable', hindrance ?? `Postgres took longer than ${ms} ms.`);
    });
    try {
      return await Promise.race([work, late]);
    } finally {
      late.catch(() => {});
      ended.abort('ended');
    }
  };
  /** Logs halts that began or ended since the last heartbeat, through any daemon or command. */
  const tellHalts = (now: readonly Halt[]): void => {
    for (const { scope, reason } of now)
      if (!halts.some((each) => each.scope === scope))
        log.warn('payments.halted', { scope, reason });
    for (const { scope } of halts)
      if (!now.some((each) => each.scope === scope)) log.warn('payments.resumed', { scope });
    halts = now;
  };
  /** Logs once when this machine's clock goes wrong, and once when it is right again. */
  const tellSkew = (was: number | null, now: number): void => {
    const isWrong = Math.abs(now) > SKEW_MS_MOST;
    const wasWrong = was !== null && Math.abs(was) > SKEW_MS_MOST;
    if (isWrong && !wasWrong) log.warn('clock.skewed', { aheadMs: now });
    if (!isWrong && wasWrong) log.info('clock.right_again', { aheadMs: now });
  };
  /**
   * A fault about the loop that fails, and whether it has failed for longer than half of
   * `staleAfterMs`; null while no loop fails.
   */
  const unrecorded = (): { readonly fault: Fault; readonly long: boolean } | null => {
    const failing = ports.failing();
    if (failing === null) return null;
    const { name, sinceMs, thrown } = failing;
    const forMs = clock.elapsedMs() - sinceMs;
    const says = `What was heard cannot be recorded: ${name} has failed for ${Math.floor(forMs / 1_000)} s: ${ledgerRemedy(thrown) ?? messageOf(thrown)}`;
    return {
      fault: new Fault('ledger_unavailable', says, { cause: thrown }),
      long: forMs > options.staleAfterMs / 2,
    };
  };
  const askLedger = async (): Promise<void> => {
    const before = skewMs;
    skewMs = await ports.setClock(ledger.probe.write);
    tellSkew(before, skewMs);
    backlog = await ledger.sightings.backlog();
    const { startedMs, lagMsMost } = options;
    const missing = unrecorded();
    const why = missing?.long === true ? missing.fault.message : null;
    await refreshDoubts(ports, { startedMs, lagMsMost, why, personal: ports.personal });
    // A notification may have been lost with its connection, so changes are also pulled here.
    if (!(await publisher.pull()))
      throw new Fault('ledger_unavailable', 'The changes of standings could not be read.');
    tellHalts(await ledger.halts.list());
    await ports.readKeys();
  };
  return {
    async beat() {
      try {
        await inTime(askLedger());
        ledgerAtMs = clock.nowMs();
        wroteMs = clock.elapsedMs();
        hindrance = null;
        const missing = unrecorded();
        if (missing !== null) throw missing.fault;
        const slot = await ports.slot();
        if (slot === null) return;
        roster.observe(slot, clock.nowMs());
        ports.pace?.note(slot, clock.elapsedMs());
      } catch (thrown) {
        const silentMs = clock.elapsedMs() - wroteMs;
        if (silentMs > options.staleAfterMs / 2)
          roster.doubtAll(
            `The ledger has taken no write for ${Math.floor(silentMs / 1_000)} s: ${ledgerRemedy(thrown) ?? messageOf(thrown)}`,
          );
        else if (thrown instanceof Fault && thrown.code === 'chain_foreign')
          roster.doubtAll(thrown.message);
        throw thrown;
      } finally {
        // Readers of the stream are told the age of the view, also when it could not be renewed.
        publisher.beat();
      }
    },
    get pulse() {
      return { ledgerAtMs, backlog, skewMs, halts };
    },
  };
}
