// Contract: the in-memory ledger of the simulator against the one on Postgres. Both are told the
// same random things, and must give the same answers at every step; so what the simulator proves of
// one holds of the other.
import { expect, test } from 'vitest';
import type { EventKind, EventOf } from '../../src/core/event.ts';
import type { Ledger } from '../../src/core/ports.ts';
import { judge } from '../../src/core/standing.ts';
import { accrueCloses } from '../../src/flows/accrue.ts';
import { toJson } from '../../src/ledger/database.ts';
import { createLedger } from '../../src/ledger/ledger.ts';
import { silentLog } from '../../src/system/log.ts';
import { createMemoryLedger } from '../sim/memory/ledger.ts';
import { createRandom, type Random } from '../sim/random.ts';
import { creditTransfers } from '../support/credit.ts';
import { createDatabase } from '../support/database.ts';
import { addressOf, signatureOf } from '../support/ledger.ts';
import {
  DEATH,
  driftOf,
  factOf,
  foundOnChain,
  HOUSE,
  paymentOf,
  troubleOf,
  WHO,
} from '../support/ledger-draws.ts';
import { watchNested } from '../support/nested.ts';
import { moveNonce, moversOf, nonceOf, underNonce } from '../support/nonce-draws.ts';
import { bySubscriber, plain } from '../support/plain.ts';
import { NOTHING_HELD, termsOf } from '../support/terms.ts';

const START = 1_800_000_000_000;
const VOIDING = { reason: 'as agreed', actor: 'command', person: 'bo' };

async function settle(ledger: Ledger): Promise<void> {
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

const sorted = <Row>(rows: Row[], by: keyof Row): Row[] =>
  rows.sort((a, b) => (String(a[by]) < String(b[by]) ? -1 : 1));

/** One random step; the same step is applied to each ledger that it is called with. */
function draw(
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
  const choice = random.below(100);
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
      return ledger.payments.open(part === 1n ? { ...payment, nonce: nonceOf(id, seed) } : payment);
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
      if (live.state === 'signed') return ledger.payments.sent(live.id, nowMs);
      if (live.nonce && seed % 8 < 6) return underNonce(ledger, live, n, seed, trouble);
      if (end < 3) return ledger.payments.landed(live.id, 50);
      if (end === 3) return ledger.payments.failed(live.id, 50, trouble, retryInMs, counts);
      return ledger.payments.dead(live.id, [DEATH], trouble, 100);
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
      (await ledger.shares.wake([{ subscriberId: id, class: trouble.class }])).sort();
  if (choice < 92)
    return async (ledger) => [
      (await ledger.shares.lapsing()).sort(),
      sorted(await ledger.shares.lapse(id, null), 'shareId'),
      await ledger.shares.freeOrphans(),
    ];
  if (choice < 93) return (ledger) => ledger.halts.set(scope, 'drill');
  if (choice < 95) return (ledger) => ledger.halts.lift(scope);
  if (choice < 97)
    return (ledger) =>
      ledger.clearances.grant(
        id,
        {
          id: `c${n}`,
          purpose: 'close',
          amount: null,
          grantedSlot: 10 + (n % 20),
          untilSlot: 45,
          tradedSlot: null,
        },
        nowMs,
        nowMs + 10,
      );
  if (choice < 99) return (ledger) => moveNonce(ledger, id, seed);
  return (ledger) => ledger.standings.update(id, judge);
}

/** Pages of both lists by every filter, the last one after a cursor that names no row. */
async function lists(ledger: Ledger): Promise<unknown> {
  const pages = async <Row extends { readonly id: string }>(
    list: (page: { limit: number; before?: string }) => Promise<Row[]>,
  ): Promise<unknown[]> => {
    const first = await list({ limit: 3 });
    const cursor = first.at(-1)?.id;
    const next = cursor === undefined ? [] : await list({ limit: 4, before: cursor });
    return [first, next, await list({ limit: 4, before: 'none of this list' })];
  };
  const [id = ''] = WHO;
  const creatorWallet = addressOf(40);
  const found = [];
  for (const filter of [
    {},
    { subscriberId: id },
    { creatorWallet },
    { subscriptionId: `${id}-sub` },
    { status: 'paid' as const },
  ])
    found.push(await pages((page) => ledger.shares.list({ ...filter, ...page })));
  for (const filter of [
    {},
    { subscriberId: id },
    { creatorWallet },
    { state: 'landed' as const },
    { state: 'failed' as const },
  ])
    found.push(
      await pages(async (page) => {
        const rows = await ledger.payments.list({ ...filter, ...page });
        // When each was planned and ended is the database's own time there.
        return rows.map(({ plannedAtMs, endedAtMs, ...row }) => row);
      }),
    );
  return found;
}

async function everything(ledger: Ledger): Promise<unknown> {
  const of = async (id: string) => ({
    debts: await ledger.shares.open(id),
    due: await ledger.shares.due(id),
    live: await ledger.payments.live(id),
    nonce: await ledger.nonces.of(id),
    movers: await moversOf(ledger, id),
    uncovered: await ledger.shares.uncovered(id),
    credits: sorted(await ledger.credits.list({ subscriberId: id, limit: 99 }), 'signature').map(
      (each) => ({ ...each, shares: sorted([...each.shares], 'shareId') }),
    ),
    unmatched: await Promise.all(
      WHO.map(
        async (_, other) => (await ledger.credits.unmatched(id, addressOf(40 + other))) !== null,
      ),
    ),
    payable: await ledger.shares.oldestOpenSlot(id, 'payable'),
    open: await ledger.shares.oldestOpenSlot(id, 'open'),
    standing: await ledger.standings.update(id, judge),
    tabs: (await ledger.subscriptions.find(`${id}-sub`))?.tabs,
  });
  // One after the other: a verdict that changes takes the next revision.
  const who = [];
  for (const id of WHO) who.push(await of(id));
  return plain({
    who,
    shares: await ledger.shares.list({ limit: 500 }),
    work: (await ledger.shares.subscribersWithWork()).sort(),
    observed: await ledger.shares.observed(),
    owing: (await ledger.standings.owing()).sort(),
    backlog: await ledger.sightings.backlog(),
    waiting: (await ledger.shares.waitingFor({ class: 'venue_paused' })).subscribers.sort(),
    unknown: await ledger.payments.unknown([
      signatureOf(3),
      signatureOf(4_000),
      ...[0, 1, 2, 3].map((each) => signatureOf(2_000 + each)),
    ]),
    unexplained: (await ledger.payments.unexplained(99)).map((each) => [each.id, each.excess]),
    lists: await lists(ledger),
  });
}

test.each([1, 2, 3, 4, 5, 6])('history %i is answered alike', async (seed) => {
  await using database = await createDatabase();
  const { sql, found: nested } = watchNested(database.sql);
  await sql`create table test_time as select to_timestamp(${START / 1_000}::float8) as at`;
  const real = createLedger(sql, sql`(select at from test_time)`);
  let nowMs = START;
  const realObserving = createLedger(sql, sql`(select at from test_time)`, true);
  const { ledger: memory, state } = createMemoryLedger(() => nowMs);
  const memoryObserving: Ledger = {
    ...memory,
    shares: {
      ...memory.shares,
      book(close, accrued) {
        state.observing = true;
        return memory.shares.book(close, accrued).finally(() => (state.observing = false));
      },
    },
  };
  await settle(real);
  await settle(memory);
  const random = createRandom(seed);
  /** The events about debts so far, in order. */
  const told = (): Promise<EventOf<EventKind>[]> =>
    sql`select kind, subscriber_id as "subscriberId", body - 'subscriber' as body from event
        where kind like 'share.%' or kind in ('transfer.credited', 'agent.needs_sol', 'venue.paused', 'venue.resumed', 'subscriber.delinquent', 'subscriber.cleared')
        order by sequence`;
  for (let n = 0; n < 250; n++) {
    nowMs += random.below(400);
    await sql`update test_time set at = ${new Date(nowMs)}`;
    const step = draw(random, n, nowMs);
    const expected = plain(await step(real, realObserving));
    const found = plain(await step(memory, memoryObserving));
    expect(found, `step ${n}: ${step.toString().slice(0, 200)}`).toEqual(expected);
    if (n % 50 !== 49) continue;
    expect(await everything(memory), `after step ${n}`).toEqual(await everything(real));
    const expectedEvents = bySubscriber(plain(await told()));
    expect(bySubscriber(toJson(state.events)), `told up to step ${n}`).toEqual(expectedEvents);
  }
  expect(nested).toEqual([]);
});
