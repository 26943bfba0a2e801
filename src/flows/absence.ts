// Absence: decides what to do when a node does not have a transaction. One answer of one node
// proves nothing: behind a URL there are many nodes, and some lag or were started a minute ago. A
// transaction that an account's finalized history named is never given up.
import { delayMs } from '../core/backoff.ts';
import type { Sighting } from '../core/hearing-ports.ts';
import type { Address, Signature, Slot } from '../core/ids.ts';
import {
  FINALIZED_SOON_SLOTS,
  type InspectOptions,
  type InspectPorts,
  NOT_YET,
} from './inspect-ports.ts';

/**
 * A rumour that no node has known for this long was forged, or dropped before it was read. For the
 * same time the daemon looks for two proofs that the chain has dropped a transaction of strangers.
 */
const UNFOUND_AFTER_MS = 15 * 60_000;
/**
 * The longest wait between two tries for a transaction that a history names; the tries never end.
 */
const NAMED_MOST_MS = 5 * 60_000;
/**
 * Two proofs of absence must lie at least this many finality times apart, so that they are about
 * different moments and often come from different nodes.
 */
const PROOFS_APART = 4;
/**
 * After this many tries a transaction that an account's history names is set aside, which tells a
 * person.
 */
const TRIES = 5;

/**
 * Whether the chain has dropped a transaction that was once seen in this slot. `dropped` needs two
 * proofs of absence at different times; `absent` is the first of them; `unproven`: no proof was
 * found now. A transaction that touches no watched account has no account's history to look at.
 * For such a transaction, a node that has neither its status nor its bytes is the proof.
 */
async function dropped(
  ports: InspectPorts,
  options: InspectOptions,
  { signature, absentMs }: Sighting,
  accounts: readonly Address[],
  slot: Slot,
): Promise<'dropped' | 'absent' | 'unproven'> {
  const { chain, clock } = ports;
  const tip = await chain.slot('finalized');
  if (tip <= slot + FINALIZED_SOON_SLOTS) return 'unproven';
  if (!(await chain.finalizedAbsence(signature, accounts, slot))) return 'unproven';
  const first = absentMs ?? clock.nowMs();
  return clock.nowMs() - first >= PROOFS_APART * options.finalityMs ? 'dropped' : 'absent';
}

async function giveUp(
  { ledger, log, aside }: InspectPorts,
  signature: Signature,
): Promise<readonly string[]> {
  log.warn('transaction.unfound', { signature });
  await ledger.sightings.giveUp(signature);
  await aside.succeeded('transaction', signature);
  return [];
}

/**
 * Decides about a transaction that no asked node has: give up a rumour, drop it, or ask again
 * later. Returns the subscribers whose history changed.
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
    if (nowMs - sighting.wantedMs > UNFOUND_AFTER_MS) return giveUp(ports, signature);
    const dueMs = nowMs + delayMs(NOT_YET, attempts, clock.random());
    await ledger.sightings.postpone(signature, dueMs, nowMs);
    return [];
  }
  const accounts = await ledger.sightings.accountsOf(signature);
  // A transaction of strangers: it was read, and it names no watched account. Nothing is withdrawn
  // with it, so the search for two proofs ends after the time of a rumour.
  const isStrangers = named === 'rumour' && !sighting.final && accounts.length === 0;
  if (isStrangers && nowMs - sighting.wantedMs > UNFOUND_AFTER_MS) return giveUp(ports, signature);
  const slot = sighting.status === 'confirmed' ? sighting.slot : sighting.namedSlot;
  // A transaction that an account's finalized history named, or that was read as final, cannot be
  // dropped.
  if (named !== 'finalized' && !sighting.final && slot !== null) {
    const verdict = await dropped(ports, options, sighting, accounts, slot);
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
  if (attempts >= TRIES && !sighting.ended && !isStrangers)
    await aside.failed(
      'transaction',
      signature,
      new Error('No node gives this transaction, which an account’s history names.'),
    );
  await ledger.sightings.postpone(signature, dueMs);
  return [];
}
