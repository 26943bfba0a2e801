// Inspect: rumours become facts. Every mentioned transaction is read again from RPC, first at `confirmed`, and once
// more at `finalized`; what a dropped fork took with it is withdrawn. Which source mentioned it makes no difference.
import { delayMs } from '../core/backoff.ts';
import type { Fact } from '../core/fact.ts';
import type { Sighting } from '../core/hearing-ports.ts';
import type { Chain, Venue } from '../core/outside.ts';
import type { Clock, Ledger, Log } from '../core/ports.ts';
import type { ChainTransaction } from '../core/transaction.ts';
import type { WatchedAccounts } from './watched.ts';

export type InspectPorts = {
  readonly ledger: Ledger;
  readonly chain: Chain;
  readonly venue: Venue;
  readonly watched: WatchedAccounts;
  readonly clock: Clock;
  readonly log: Log;
  /** Watches accounts of the same owner that facts name; true when there were new ones. */
  readonly adopt: (facts: readonly Fact[]) => Promise<boolean>;
  /** Facts that have just become final, each once, however often its transaction is read. */
  readonly onFacts: (facts: readonly Fact[]) => void;
};
export type InspectOptions = {
  /** How long after a confirmed reading the finalized one is tried. */
  readonly finalityMs: number;
};

const BATCH = 50;
const LEASE_MS = 10_000;
/** A node may not have a transaction yet that another one has confirmed. */
const NOT_YET = { firstMs: 250, mostMs: 30_000 };
/** A rumour that no node has known for this long is forged, or was dropped before anybody read it. */
const UNFOUND_AFTER_MS = 15 * 60_000;
/** Slots by which the finalized tip must have passed a transaction's slot before its absence means anything. */
const DROPPED_AFTER_SLOTS = 64;
const UNREADABLE_AGAIN_MS = 5 * 60_000;
/** So often a finalized transaction without its log is read again, because another node may have it, before that is believed. */
const LOG_TRIES = 12;
/** A node that keeps no logs, or none of this transaction, tells less than one line of a log that was cut. */
const keptNoLog = ({ logs }: ChainTransaction): boolean => logs.length === 1;

async function inspectOne(
  ports: InspectPorts,
  options: InspectOptions,
  sighting: Sighting,
): Promise<string[]> {
  const { ledger, chain, venue, watched, clock, log } = ports;
  const { signature } = sighting;
  const finality = sighting.status === 'confirmed' || sighting.final ? 'finalized' : 'confirmed';
  /** It is read again, later with each try. */
  const again = async (): Promise<string[]> => {
    const waitMs = delayMs(NOT_YET, sighting.attempts, clock.random());
    await ledger.sightings.postpone(signature, clock.nowMs() + waitMs);
    return [];
  };
  const transaction = await chain.transaction(signature, finality);
  if (transaction === null) {
    if (sighting.status === 'confirmed' && sighting.slot !== null) {
      const tip = await chain.slot('finalized');
      if (tip > sighting.slot + DROPPED_AFTER_SLOTS) {
        log.warn('transaction.dropped', { signature, slot: sighting.slot });
        return ledger.sightings.drop(signature);
      }
      await ledger.sightings.postpone(signature, clock.nowMs() + options.finalityMs);
      return [];
    }
    if (!sighting.final && clock.nowMs() - sighting.firstSeenMs > UNFOUND_AFTER_MS) {
      log.warn('transaction.unfound', { signature });
      await ledger.sightings.giveUp(signature);
      return [];
    }
    return again();
  }
  const located = { ...transaction, blockIndex: transaction.blockIndex ?? sighting.blockIndex };
  let facts: Fact[];
  try {
    facts = venue.hear(located, watched.map);
  } catch (thrown) {
    // Nothing that is known makes it throw: it stays due and visible for a person, and holds nobody else up.
    log.error('transaction.unreadable', { signature, slot: transaction.slot, err: thrown });
    await ledger.sightings.postpone(signature, clock.nowMs() + UNREADABLE_AGAIN_MS);
    return [];
  }
  // What it says of accounts that nobody watches yet is followed first, and then it is read with them.
  if (await ports.adopt(facts)) facts = venue.hear(located, watched.map);
  for (const { body, account } of facts) {
    if (body.kind === 'unknown')
      log.warn('transaction.unknown', {
        signature,
        slot: transaction.slot,
        account,
        why: body.why,
      });
  }
  const patient = sighting.attempts <= LOG_TRIES;
  const cut = facts.some(({ body }) => body.kind === 'unknown' && body.why === 'log_truncated');
  if (finality === 'finalized' && patient && cut && keptNoLog(transaction)) return again();
  const { outcome, changed } = await ledger.sightings.settle({
    signature,
    slot: transaction.slot,
    finality,
    facts,
    dueMs: clock.nowMs() + options.finalityMs,
    nowMs: clock.nowMs(),
    insist: !patient,
  });
  if (outcome === 'contradicted')
    log.error('transaction.contradicted', { signature, slot: transaction.slot });
  if (outcome !== 'settled') return again();
  if (finality === 'finalized')
    ports.onFacts(facts.filter(({ subscriberId }) => changed.includes(subscriberId)));
  if (facts.length > 0)
    log.info('transaction.inspected', {
      signature,
      slot: transaction.slot,
      finality,
      facts: facts.length,
    });
  return [...changed];
}

/** Inspects what is due. Returns the subscribers whose history changed, and whether there may be more. */
export async function inspectDue(
  ports: InspectPorts,
  options: InspectOptions,
): Promise<{ changed: string[]; more: boolean }> {
  const due = await ports.ledger.sightings.claim(ports.clock.nowMs(), LEASE_MS, BATCH);
  const changed = new Set<string>();
  for (const sighting of due) {
    for (const subscriberId of await inspectOne(ports, options, sighting))
      changed.add(subscriberId);
  }
  return { changed: [...changed], more: due.length === BATCH };
}
