// Inspect: reads the transactions that were named, and records facts about them. Each is read from
// RPC, first at `confirmed` and again at `finalized`, for every source that named it. A transaction
// that cannot be read is set aside, and the others go on.
import { delayMs } from '../core/backoff.ts';
import type { Commitment, Fact } from '../core/fact.ts';
import { Fault } from '../core/fault.ts';
import { hearTransaction } from '../core/hear.ts';
import type { ReadingOutcome, Sighting } from '../core/hearing-ports.ts';
import { lateSums } from '../core/late-facts.ts';
import { ledgerFault } from '../core/ledger-fault.ts';
import type { ChainTransaction } from '../core/transaction.ts';
import { UNREADABLE } from '../core/unread.ts';
import { onAbsent } from './absence.ts';
import { type InspectOptions, type InspectPorts, NOT_YET } from './inspect-ports.ts';

/**
 * A transaction that has waited longer than this is usually final, so one reading is enough. Used
 * while `finalByMs` gives null.
 */
const FINAL_BY_MS = 30_000;
/**
 * A reading that was put off for so long waits for finality; one that waits for less has its turn
 * behind others of its account. Milliseconds.
 */
const PUT_OFF_MS_LEAST = 300;
/**
 * How often a finalized transaction without its log is read again, in case another node has the
 * log, before facts without it are accepted.
 */
const LOG_TRIES = 12;
/** How often a transaction that goes ahead is asked for in a row, and the pause in between. */
const AHEAD_TRIES = 8;
const AHEAD_RETRY_MS = 150;
const NEVER = new AbortController().signal;
/** Readings during which the watch-list changed, before the transaction is left for later. */
const LIST_TRIES = 3;
/**
 * The time between tries for a transaction that no node gives, once every account's doubt about the
 * transaction has ended.
 */
const ENDED_EVERY_MS = 5 * 60_000;
/**
 * Whether the node has no log of this transaction. A log that was cut has more than one line; a log
 * that was not kept has one.
 */
const keptNoLog = ({ logs }: ChainTransaction): boolean => logs.length === 1;

type Read = {
  readonly transaction: ChainTransaction;
  readonly finality: Commitment;
};

/**
 * Reads a transaction at the highest commitment that can be expected; null when no asked node has
 * it.
 */
async function read(
  { chain, clock, finalByMs }: InspectPorts,
  sighting: Sighting,
): Promise<Read | null> {
  const { signature, status, named, final } = sighting;
  const mustBeFinal = status === 'confirmed' || final || named === 'finalized';
  const placed = (transaction: ChainTransaction): ChainTransaction => ({
    ...transaction,
    blockIndex: transaction.blockIndex ?? sighting.blockIndex,
  });
  // The daemon that noted the transaction may know better than this one how long finality takes.
  const putOff = sighting.putOffMs >= PUT_OFF_MS_LEAST;
  // A rumour is looked for at `finalized` once only, so that forged ones cost little.
  const late =
    (putOff || clock.nowMs() - sighting.wantedMs > (finalByMs() ?? FINAL_BY_MS)) &&
    (named !== 'rumour' || (sighting.attempts <= 1 && (putOff || finalByMs() !== null)));
  if (mustBeFinal || late) {
    const transaction = await chain.transaction(signature, 'finalized');
    if (transaction !== null) return { transaction: placed(transaction), finality: 'finalized' };
    if (mustBeFinal) {
      const waitedMs = clock.nowMs() - sighting.wantedMs;
      if (named !== 'finalized' || waitedMs < UNREADABLE.afterMs) return null;
      // A transaction that a finalized history places in a slot, and that a node shows in that
      // slot, is the finalized one.
      const shown = await chain.transaction(signature, 'confirmed');
      return shown !== null && shown.slot === sighting.namedSlot
        ? { transaction: placed(shown), finality: 'finalized' }
        : null;
    }
  }
  const transaction = await chain.transaction(signature, 'confirmed');
  return transaction === null ? null : { transaction: placed(transaction), finality: 'confirmed' };
}

/**
 * Reads a transaction. One that goes ahead of others is asked for again while no node has it: a
 * webhook may be faster than the node, and a postponed sighting would have to wait behind all
 * others.
 */
async function readSoon(
  ports: InspectPorts,
  { ahead = false }: InspectOptions,
  sighting: Sighting,
): Promise<Read | null> {
  const { sleep } = ports.clock;
  for (let tries = 1; ; tries++) {
    const found = await read(ports, sighting);
    if (found !== null || !ahead || tries === AHEAD_TRIES) return found;
    await sleep(AHEAD_RETRY_MS, NEVER);
  }
}

type Recorded = ReadingOutcome & { readonly facts: readonly Fact[] };

/**
 * Hears a transaction and records its facts. The watch-list must be the ledger's latest at that
 * moment; otherwise the transaction is heard again with the newer list.
 */
async function record(
  ports: InspectPorts,
  options: InspectOptions,
  { signature, attempts }: Sighting,
  { transaction, finality }: Read,
): Promise<Recorded> {
  const { ledger, venues, watched, clock } = ports;
  const insist = attempts > LOG_TRIES;
  const owners = transaction.tokenBalances.flatMap((each) => [each.owner, each.ownerAfter]);
  const touching = [...transaction.keys, ...owners.filter((each) => each !== null)];
  for (let tries = 1; ; tries++) {
    let { revision } = watched;
    let facts = hearTransaction(venues.all, transaction, watched.map);
    // Accounts that the transaction names and that are not watched yet are adopted first; then the
    // transaction is heard again with them.
    if ((await ports.adopt(facts, transaction)) || revision !== watched.revision) {
      revision = watched.revision;
      facts = hearTransaction(venues.all, transaction, watched.map);
    }
    const cut = facts.some(({ body }) => body.kind === 'unknown' && body.why === 'log_truncated');
    if (finality === 'finalized' && cut && keptNoLog(transaction) && !insist)
      return { outcome: 'poorer', changed: [], facts };
    const taken = await ledger.sightings.record({
      signature,
      slot: transaction.slot,
      finality,
      facts,
      dueMs: clock.nowMs() + Math.min(options.finalityMs, ports.finalByMs() ?? options.finalityMs),
      nowMs: clock.nowMs(),
      insist,
      readWith: { listRevision: revision, touching },
      blockTimeMs: transaction.blockTimeMs ?? null,
      ahead: options.ahead ?? false,
    });
    if (taken.outcome !== 'stale' || tries === LIST_TRIES) return { ...taken, facts };
    await watched.refresh();
  }
}

async function inspectOne(
  ports: InspectPorts,
  options: InspectOptions,
  sighting: Sighting,
): Promise<readonly string[]> {
  const { ledger, clock, log } = ports;
  const { signature } = sighting;
  const found = await readSoon(ports, options, sighting);
  if (found === null) return onAbsent(ports, options, sighting);
  const { transaction, finality } = found;
  const { slot } = transaction;
  const { outcome, changed, facts, late = [] } = await record(ports, options, sighting, found);
  if (outcome === 'contradicted') {
    log.error('transaction.contradicted', { signature, slot });
    throw new Error(`Read as final in slot ${slot}, it contradicts what is on record as final.`);
  }
  if (outcome !== 'recorded') {
    const waitMs = delayMs(NOT_YET, sighting.attempts, clock.random());
    await ledger.sightings.postpone(signature, clock.nowMs() + waitMs);
    return [];
  }
  if (sighting.attempts > 1) await ports.aside.succeeded('transaction', signature);
  ports.onRead(transaction, sighting.source);
  if (finality === 'finalized') ports.onFinal(transaction);
  for (const { body, account } of facts)
    if (body.kind === 'unknown')
      log.warn('transaction.unknown', { signature, slot, account, why: body.why });
  if (finality === 'finalized' && changed.length > 0)
    for (const account of late)
      log.warn('account.late', { account, signature, slot, ...lateSums(facts, account) });
  if (finality === 'finalized')
    ports.onFacts(
      facts.filter(({ subscriberId }) => changed.includes(subscriberId)),
      transaction,
    );
  if (facts.length > 0)
    log.info('transaction.inspected', { signature, slot, finality, facts: facts.length });
  return changed;
}

/**
 * Inspects one transaction. A failure is recorded and the transaction tried again later; only a
 * ledger that does not answer throws. Returns the subscribers whose history changed.
 */
export async function inspectAlone(
  ports: InspectPorts,
  options: InspectOptions,
  sighting: Sighting,
): Promise<readonly string[]> {
  const { ledger, aside } = ports;
  const { signature } = sighting;
  try {
    return await inspectOne(ports, options, sighting);
  } catch (thrown) {
    // Once every account's doubt about the transaction has ended, the transaction is still asked
    // for, but without an alarm.
    const fault = sighting.ended ? ledgerFault(thrown) : null;
    if (fault instanceof Fault && fault.code === 'ledger_unavailable') throw fault;
    const retryMs = sighting.ended
      ? ports.clock.nowMs() + ENDED_EVERY_MS
      : await aside.failed('transaction', signature, thrown);
    await ledger.sightings.postpone(signature, retryMs);
    return [];
  }
}
