// Ledger steps: the subscribers of a history that two ledgers must answer alike, and its random
// steps.
import type { Ledger } from '../../src/core/ports.ts';
import { judge } from '../../src/core/standing.ts';
import { accrueCloses } from '../../src/flows/accrue.ts';
import { silentLog } from '../../src/system/log.ts';
import type { Random } from '../sim/random.ts';
import { creditTransfers } from './credit.ts';
import { addressOf, signatureOf } from './ledger.ts';
import {
  DEATH,
  driftOf,
  factOf,
  foundOnChain,
  HOUSE,
  paymentOf,
  troubleOf,
  WHO,
} from './ledger-draws.ts';
import { moveNonce, nextNonce, underNonce } from './nonce-draws.ts';
import { sorted } from './plain.ts';
import { NOTHING_HELD, termsOf } from './terms.ts';

const VOIDING = { reason: 'as agreed', actor: 'command', person: 'bo' };

/**
 * Voids a debt that a person asked to have voided; where there is none, asks it of the oldest debt,
 * which must stay as it is.
 */
async function voidAskedOf(ledger: Ledger, id: string, nowMs: number): Promise<unknown> {
  const asked = sorted(await ledger.shares.voidsAsked(id), 'shareId')[0]?.shareId;
  const shareId = asked ?? (await ledger.shares.open(id))[0]?.id;
  return shareId === undefined ? null : ledger.shares.voidAsked(shareId, nowMs, null);
}

/** Registers the subscribers, each with a subscription. */
export async function settle(ledger: Ledger): Promise<void> {
  for (const [index, id] of WHO.entries()) {
    await ledger.subscribers.register({
      id,
      agentWallet: addressOf(20 + index),
      agentTokenAccount: addressOf(30 + index),
      driftAccounts: [{ address: driftOf(index), subAccountId: 0 }],
      sealedKey: Uint8Array.of(1),
      fromSlot: 1,
    });
    await ledger.subscriptions.put({
      id: `${id}-sub`,
      subscriberId: id,
      driftAccount: driftOf(index),
      // Debts of the second one lapse while the history goes on, and have two recipients.
      terms: termsOf(1, addressOf(40 + index), 1_500, {
        expiresAfterMs: index === 0 ? null : 9_000,
        splits: index === 0 ? [] : [HOUSE],
      }),
      held: NOTHING_HELD,
    });
  }
}

/** One random step; the same step is applied to each ledger that it is called with. */
export function draw(
  random: Random,
  n: number,
  nowMs: number,
): (ledger: Ledger, observing: Ledger) => Promise<unknown> {
  const id = random.pick(WHO);
  const signature = signatureOf(random.below(40));
  const fact = factOf(random, random.below(40));
  const finality = random.chance(0.6) ? 'finalized' : 'confirmed';
  const trouble = troubleOf(random);
  const retryInMs = random.chance(0.3) ? null : random.below(5_000);
  const counts = random.chance(0.5);
  // A third of the steps is one of a payment, so that a history ends payments in every way.
  const drawn = random.below(150);
  const choice = drawn < 100 ? drawn : drawn < 112 ? 61 : 70;
  const scope = random.pick(['all', `subscriber:${id}`, `creator:${addressOf(40)}`]);
  const part = random.pick([1n, 3n, 10n ** 6n]);
  const end = random.below(5);
  const seed = random.below(1_000);
  if (choice < 14)
    return (ledger) =>
      ledger.sightings.note(
        [
          {
            signature: fact.signature,
            blockIndex: seed % 5,
            accounts: [fact.account],
            slot: fact.position.slot,
            urgent: seed % 7 === 0,
          },
        ],
        {
          source: 'replay',
          by: (['rumour', 'confirmed', 'finalized'] as const)[seed % 3] ?? 'rumour',
          nowMs,
          again: seed % 11 === 0,
        },
      );
  if (choice < 20)
    return async (ledger) =>
      (await ledger.sightings.claim(nowMs, 500, 1_000)).sort((a, b) =>
        a.signature < b.signature ? -1 : 1,
      );
  if (choice < 22) return (ledger) => ledger.sightings.becameFinal(fact.position.slot, nowMs);
  if (choice < 44)
    return async (ledger) => {
      const named = { signature: fact.signature, blockIndex: null, accounts: [fact.account] };
      // One reading in ten comes after the database has lost its sighting, or never had it.
      if (n % 10 !== 0)
        await ledger.sightings.note([named], { source: 'replay', by: 'rumour', nowMs });
      const { outcome, changed } = await ledger.sightings.record({
        signature: fact.signature,
        slot: fact.position.slot,
        finality,
        facts: [fact],
        dueMs: nowMs + 100,
        nowMs,
        insist: seed % 2 === 0,
      });
      return { outcome, changed: [...changed].sort() };
    };
  if (choice < 48) return (ledger) => ledger.sightings.drop(signature);
  if (choice < 50) return (ledger) => ledger.sightings.giveUp(signature);
  if (choice < 51) return async (_, observing) => (await accrueCloses(observing, silentLog)).sort();
  if (choice < 57) return async (ledger) => (await accrueCloses(ledger, silentLog)).sort();
  if (choice < 60) return async (ledger) => (await creditTransfers(ledger)).sort();
  if (choice < 61)
    return async (ledger) => {
      const { slot } = fact.position;
      const ids = await ledger.shares.adoptable(slot);
      return [ids, sorted(await ledger.shares.adopt(slot, ids, null), 'shareId')];
    };
  if (choice < 66)
    return async (ledger) => {
      const due = await ledger.shares.due(id);
      if (due.length === 0) return 'nothing due';
      const payment = paymentOf(`p${n}`, id, due, part);
      // A third of the payments stands on a nonce.
      if (part !== 1n) return ledger.payments.open(payment);
      return ledger.payments.open({ ...payment, nonce: await nextNonce(ledger, id, seed) });
    };
  if (choice < 80)
    return async (ledger) => {
      const live = await ledger.payments.live(id);
      if (live === null) return 'nobody';
      if (live.state === 'planned') {
        if (end === 0) return ledger.payments.refused(live.id, trouble, retryInMs, counts);
        if (end === 1 && seed % 2 === 0) return ledger.payments.waits(live.id, trouble);
        return ledger.payments
          .signed(live.id, {
            signature: signatureOf(live.nonce ? 5_000 + n : 500 + seed),
            microLamports: 7n,
            bytes: Uint8Array.of(1),
            lastValidBlockHeight: 5,
            blockhashSlot: 3,
          })
          .catch(() => 'that signature is taken');
      }
      const own = live.variants?.[0]?.signature ?? live.signed?.signature;
      // One step in seven is of bytes that the payment does not hold.
      const named = seed % 7 === 0 ? signatureOf(7_000 + n) : own;
      if (named === undefined) return 'unsigned';
      if (live.state === 'signed') return ledger.payments.sent(live.id, named, nowMs);
      if (live.nonce && seed % 8 < 6) return underNonce(ledger, live, n, seed, trouble);
      if (seed % 11 === 0) return ledger.payments.hindered(live.id, end % 2 === 0 ? trouble : null);
      if (end < 3) return ledger.payments.landed(live.id, 50, named);
      if (end === 3) return ledger.payments.failed(live.id, 50, trouble, retryInMs, counts, named);
      return ledger.payments.dead(live.id, named, [DEATH], trouble, 100);
    };
  if (choice < 84)
    return async (ledger) => {
      const due = await ledger.shares.due(id);
      const ids = due.map((each) => each.shareId);
      if (ids.length > 0 && n % 4 === 0) await ledger.shares.note(id, ids, trouble);
      else if (ids.length > 0) await ledger.shares.rest(id, ids, trouble, retryInMs, counts);
    };
  if (choice < 87)
    return async (ledger) => {
      const [first] = await ledger.shares.open(id);
      if (first === undefined) return null;
      return [await ledger.shares.tries(id, [first.id]), await ledger.shares.retry(first.id)];
    };
  if (choice < 88)
    return async (ledger) => {
      const [, second] = await ledger.shares.open(id);
      return second === undefined ? null : ledger.shares.void(second.id, VOIDING, nowMs, null);
    };
  if (choice < 89) return (ledger) => ledger.shares.hasten(id);
  if (choice < 90) return (ledger) => foundOnChain(ledger, id, seed, VOIDING);
  if (choice < 91)
    return async (ledger) =>
      (
        await ledger.shares.wake([
          {
            subscriberId: id,
            class: trouble.class,
            ...(n % 3 === 0 ? {} : { venue: n % 3 === 1 ? 'drift-v2' : 'velocity' }),
          },
        ])
      ).sort();
  if (choice < 92)
    return async (ledger) => [
      (await ledger.shares.lapsing()).sort(),
      sorted(await ledger.shares.lapse(id, null), 'shareId'),
      sorted(await ledger.shares.voidsAsked(), 'shareId'),
      sorted(await ledger.shares.voidsAsked(id), 'shareId'),
      await voidAskedOf(ledger, id, nowMs),
      await ledger.shares.freeOrphans(),
    ];
  if (choice < 93) return (ledger) => ledger.halts.set(scope, 'drill');
  if (choice < 95) return (ledger) => ledger.halts.lift(scope);
  if (choice < 97) {
    const account = driftOf(WHO.indexOf(id));
    const slot = 10 + (n % 20);
    const given = { id: `c${n}`, grantedSlot: slot, untilSlot: 45, trades: [] };
    const amount = n % 3 === 0 ? null : BigInt(1 + ((n * 37) % 2_000));
    const readings = n % 3 === 1 ? [] : [{ account, slot, amount: BigInt((n * 61) % 2_000) }];
    const clearance = {
      ...given,
      amount,
      purpose: amount === null ? 'close' : 'withdraw',
    } as const;
    const settled = { most: 10n ** 12n, slot, readings };
    return (ledger) => ledger.clearances.grant(id, clearance, nowMs, nowMs + 10, null, settled);
  }
  if (choice < 99) return (ledger) => moveNonce(ledger, id, seed);
  return (ledger) => ledger.standings.update(id, judge);
}
