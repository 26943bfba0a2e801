// Absence: what it means that a node does not have a transaction. One answer of one node means
// nothing: behind a URL there are many, and some lag, some were booted a minute ago. A transaction
// that an account's finalized history named is never given up.
import { delayMs } from '../core/backoff.ts';
import type { Sighting } from '../core/hearing-ports.ts';
import type { Slot } from '../core/ids.ts';
import type { InspectOptions, InspectPorts } from './inspect.ts';
import { FINALIZED_SOON_SLOTS, NOT_YET } from './inspect.ts';

/** A rumour that no node has known for this long is forged, or was dropped before it was read. */
const UNFOUND_AFTER_MS = 15 * 60_000;
/** What a history names is asked for as long as it takes, at this pace in the end. */
const NAMED_MOST_MS = 5 * 60_000;
/**
 * Two proofs of absence lie at least so many finality times apart: they are then of different
 * moments, and often nodes.
 */
const PROOFS_APART = 4;
/**
 * So many tries, and a transaction that an account's history names is set aside, with a person
 * told.
 */
const TRIES = 5;

/**
 * Whether the chain has dropped a transaction that was once in this slot: two proofs, some time
 * apart.
 */
async function dropped(
  ports: InspectPorts,
  options: InspectOptions,
  { signature, absentMs }: Sighting,
  slot: Slot,
): Promise<'dropped' | 'absent' | 'unproven'> {
  const { ledger, chain, clock } = ports;
  const tip = await chain.slot('finalized');
  if (tip <= slot + FINALIZED_SOON_SLOTS) return 'unproven';
  const accounts = await ledger.sightings.accountsOf(signature);
  // The transaction touches no watched account, so no fact is withdrawn with it.
  if (accounts.length === 0) return 'dropped';
  if (!(await chain.finalizedAbsence(signature, accounts, slot))) return 'unproven';
  const first = absentMs ?? clock.nowMs();
  return clock.nowMs() - first >= PROOFS_APART * options.finalityMs ? 'dropped' : 'absent';
}

/**
 * Decides on a transaction that no node that was asked has. Returns the subscribers whose history
 * changed.
 */
export async function onAbsent(
  ports: InspectPorts,
  options: InspectOptions,
  sighting: Sighting,
): Promise<readonly string[]> {
  const { ledger, clock, log, aside } = ports;
  const { signature, attempts, named } = sighting;
  const nowMs = clock.nowMs();
  if (named === 'rumour' && sighting.status === 'wanted' && !sighting.final) {
    if (nowMs - sighting.wantedMs > UNFOUND_AFTER_MS) {
      log.warn('transaction.unfound', { signature });
      await ledger.sightings.giveUp(signature);
      return [];
    }
    const dueMs = nowMs + delayMs(NOT_YET, attempts, clock.random());
    await ledger.sightings.postpone(signature, dueMs, nowMs);
    return [];
  }
  const slot = sighting.status === 'confirmed' ? sighting.slot : sighting.namedSlot;
  // What an account's finalized history named, or what was read as final, cannot be dropped.
  if (named !== 'finalized' && !sighting.final && slot !== null) {
    const verdict = await dropped(ports, options, sighting, slot);
    if (verdict === 'dropped') {
      log.warn('transaction.dropped', { signature, slot });
      await aside.succeeded('transaction', signature);
      return ledger.sightings.drop(signature);
    }
    if (verdict === 'absent') {
      await ledger.sightings.postpone(signature, nowMs + options.finalityMs, nowMs);
      return [];
    }
  }
  const waitMs = delayMs(
    { firstMs: NOT_YET.firstMs, mostMs: NAMED_MOST_MS },
    attempts,
    clock.random(),
  );
  const dueMs =
    nowMs + (sighting.status === 'confirmed' ? Math.max(waitMs, options.finalityMs) : waitMs);
  if (attempts >= TRIES && !sighting.ended)
    await aside.failed(
      'transaction',
      signature,
      new Error('No node gives this transaction, which an account’s history names.'),
    );
  await ledger.sightings.postpone(signature, dueMs);
  return [];
}
