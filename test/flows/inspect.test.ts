// Inspect: a transaction that cannot be read is set aside and the others are read; a flood that
// names one account does not delay the others; and a transaction that is not read counts as not
// read.
import { describe, expect, test } from 'vitest';
import type { Signature } from '../../src/core/ids.ts';
import { accrueCloses } from '../../src/flows/accrue.ts';
import { doubtedBy } from '../../src/flows/gate-doubts.ts';
import { createInspector } from '../../src/flows/inspector.ts';
import { AHEAD_MS } from '../../src/flows/reading-haste.ts';
import { silentLog } from '../../src/system/log.ts';
import { inspectDue } from '../support/inspect-due.ts';
import { signatureOf } from '../support/ledger.ts';
import {
  accountOf,
  createListening,
  type Listening,
  OPTIONS,
  register,
} from '../support/listening.ts';

const inspect = ({ ports }: Listening) => inspectDue(ports, OPTIONS);
const LAG_MS = 10_000;

describe('a transaction that cannot be read', () => {
  test('is set aside with its reason, tried again later each time, and told to a person once', async () => {
    await using held = await createListening();
    const { node, clock, ledger, events } = held;
    const sick = held.close('ana', 10);
    const good = [11, 12, 13].map((slot) => held.close('bo', slot));
    node.answers.set(sick, () => held.trouble());
    await held.named(sick, 'ana', 'finalized', 10);
    for (const [index, each] of good.entries())
      await held.named(each, 'bo', 'finalized', 11 + index);
    await inspect(held);
    expect(await held.facts()).toEqual(['bo finalized', 'bo finalized', 'bo finalized']);
    expect((await accrueCloses(ledger, silentLog)).sort()).toEqual(['bo']);
    const waits: number[] = [];
    for (let n = 0; n < 5; n++) {
      const [aside] = await ledger.asides.list(10);
      expect(aside).toMatchObject({ kind: 'transaction', subject: sick, attempts: n + 1 });
      expect(aside?.reason).toContain('Internal error');
      waits.push((aside?.retryMs ?? 0) - clock.nowMs());
      expect((await inspect(held)).changed).toEqual([]);
      clock.advance(waits.at(-1) ?? 0);
      await inspect(held);
    }
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000]);
    expect(events.filter((each) => each.event === 'hearing.set_aside')).toHaveLength(1);
    node.answers.delete(sick);
    clock.advance(300_000);
    await inspect(held);
    expect(await held.facts()).toHaveLength(4);
    expect(await ledger.asides.list(10)).toEqual([]);
    expect(events.at(-2)?.event).toBe('hearing.recovered');
  });

  test('that hangs takes its own place and no other', async () => {
    await using held = await createListening();
    const hung = held.close('ana', 10);
    held.node.answers.set(hung, () => 'hangs');
    await held.named(hung, 'ana', 'finalized', 10);
    // The round's patience ends when everything else is recorded, and not before.
    let wanted = 0;
    const sleep = () => expect.poll(held.facts).toHaveLength(wanted);
    const clock = { ...held.clock, sleep };
    const inspector = createInspector({ ...held.ports, clock }, OPTIONS, () => {});
    await inspector.round();
    for (const slot of [11, 12, 13]) {
      const good = held.close('bo', slot);
      await held.named(good, 'bo', 'finalized', slot);
      wanted++;
      // A round may end after the record and before the read; the next one then tells of it.
      await expect.poll(async () => (await inspector.round()).changed).toEqual(['bo']);
    }
    expect(await held.facts()).toEqual(['bo finalized', 'bo finalized', 'bo finalized']);
  });

  test('and five more of them hold up no round while more transactions are due', async () => {
    await using held = await createListening();
    for (let slot = 10; slot < 16; slot++) {
      const hung = held.close('ana', slot);
      held.node.answers.set(hung, () => 'hangs');
      await held.named(hung, 'ana', 'finalized', slot);
    }
    held.clock.advance(1);
    for (let slot = 20; slot < 26; slot++)
      await held.named(held.close('bo', slot), 'bo', 'finalized', slot);
    // Of eight places six hang; no round may wait for its patience to end.
    const clock = { ...held.clock, sleep: () => new Promise<void>(() => {}) };
    const inspector = createInspector({ ...held.ports, clock }, OPTIONS, () => {});
    for (let n = 0; n < 3; n++)
      expect(await inspector.round()).toEqual({ changed: ['bo'], more: true });
    expect(await held.facts()).toHaveLength(6);
  });

  test('and thirty-nine more of them hold up none of sixty others, however often they come back', async () => {
    await using held = await createListening();
    for (let slot = 10; slot < 50; slot++) {
      const sick = held.close('ana', slot);
      held.node.answers.set(sick, () => held.trouble());
      await held.named(sick, 'ana', 'finalized', slot);
    }
    for (let slot = 50; slot < 110; slot++)
      await held.named(held.close('bo', slot), 'bo', 'finalized', slot);
    // Each round reads a hundred transactions. The failing ones come first, and wait longer after
    // each try.
    for (let n = 0; n < 2; n++) await inspect(held);
    expect((await held.facts()).filter((each) => each === 'bo finalized')).toHaveLength(60);
    for (let n = 0; n < 4; n++) {
      held.clock.advance(1_000);
      const late = held.close('bo', 110 + n);
      await held.named(late, 'bo', 'finalized', 110 + n);
      expect((await inspect(held)).changed).toContain('bo');
    }
    expect(await held.facts()).toHaveLength(64);
  });

  test('that contradicts what is final is refused and set aside', async () => {
    await using held = await createListening();
    const close = held.close('ana', 10);
    await held.named(close, 'ana', 'finalized', 10);
    await inspect(held);
    held.node.closes.set(close, { id: 'ana', slot: 12, netPnl: 5n });
    await held.ledger.sightings.note(
      [{ signature: close, blockIndex: 0, accounts: [accountOf('ana')] }],
      {
        source: 'repair',
        by: 'finalized',
        nowMs: held.clock.nowMs(),
        again: true,
      },
    );
    await inspect(held);
    expect(held.events.map((each) => each.event)).toContain('transaction.contradicted');
    expect((await held.ledger.asides.list(5)).map((each) => each.subject)).toEqual([close]);
    expect(await held.facts()).toEqual(['ana finalized']);
  });
});

describe('a flood', () => {
  const flood = (held: Listening, by: 'rumour' | 'confirmed', count: number, id = 'eve') =>
    held.ledger.sightings.note(
      Array.from({ length: count }, (_, index) => ({
        signature: `${signatureOf(1)}${index}` as Signature,
        blockIndex: null,
        accounts: [accountOf(id)],
        slot: 5,
      })),
      { source: 'replay', by, nowMs: held.clock.nowMs() },
    );

  test('of 13,500 transactions that name one account is noted, and the account’s own pace is all it costs', async () => {
    await using held = await createListening(['ana', 'bo', 'eve']);
    await flood(held, 'confirmed', 13_500);
    const { ledger, clock } = held;
    expect((await ledger.sightings.backlog()).wanted).toBe(13_500);
    expect(await ledger.sightings.claim(clock.nowMs(), 60_000, 1_000)).toHaveLength(201);
    // Transactions of other subscribers are due at once, however long that queue is.
    const own = held.close('bo', 10);
    await held.named(own, 'bo', 'confirmed', 10);
    const next = await ledger.sightings.claim(clock.nowMs(), 60_000, 1_000);
    expect(next.map((each) => each.signature)).toEqual([own]);
    clock.advance(10_000);
    expect(await ledger.sightings.claim(clock.nowMs(), 60_000, 1_000)).toHaveLength(200);
  });

  const urgentOf = (signature: Signature, slot: number) => ({
    signature,
    slot,
    blockIndex: 0,
    accounts: [accountOf('eve')],
    urgent: true,
  });

  test('of rumours takes turns with what histories name, and what an account was seen changed by comes first', async () => {
    await using held = await createListening(['ana', 'bo', 'eve']);
    for (const id of ['ana', 'eve']) await flood(held, 'rumour', 150, id);
    await flood(held, 'confirmed', 100, 'eve');
    const { ledger, clock } = held;
    clock.advance(1_000);
    const named = held.close('bo', 10);
    await held.named(named, 'bo', 'confirmed', 10);
    const urgent = held.close('eve', 11);
    const naming = { source: 'watch', by: 'confirmed', nowMs: clock.nowMs() } as const;
    await ledger.sightings.note([urgentOf(urgent, 11)], naming);
    const first = await ledger.sightings.claim(clock.nowMs(), 60_000, 8);
    expect(first[0]?.signature).toBe(urgent);
    expect(first.filter((each) => each.named === 'rumour')).toHaveLength(4);
    // What left a debtor is read in a place of its own, ahead of all others.
    const leaving = { ...urgentOf(held.close('eve', 12), 12), waitMs: -AHEAD_MS };
    await ledger.sightings.note([leaving], naming);
    const ahead = await ledger.sightings.claim(clock.nowMs() - AHEAD_MS / 2, 60_000, 8);
    expect(ahead.map((each) => each.signature)).toEqual([leaving.signature]);
    // A rumour that a history names is read earlier.
    const rumour = `${signatureOf(1)}149` as Signature;
    await held.named(rumour, 'ana', 'finalized', 12);
    const rest = await ledger.sightings.claim(clock.nowMs(), 60_000, 1_000);
    expect(rest.find((each) => each.signature === rumour)).toMatchObject({ named: 'finalized' });
  });
});

describe('what is not read', () => {
  const doubted = async ({ ledger, clock }: Listening) =>
    (await doubtedBy(ledger, clock.nowMs() - LAG_MS)).subscribers;

  test('counts as unread however often reading failed, and makes that subscriber’s gate unknown', async () => {
    await using held = await createListening();
    const sick = held.close('ana', 10);
    held.node.answers.set(sick, () => held.trouble());
    await held.told(sick, 'ana');
    await inspect(held);
    expect(await doubted(held)).toEqual([]);
    for (let n = 0; n < 4; n++) {
      held.clock.advance(4_000);
      await inspect(held);
    }
    expect(await doubted(held)).toEqual(['ana']);
    held.node.answers.delete(sick);
    held.clock.advance(300_000);
    await inspect(held);
    expect(await doubted(held)).toEqual([]);
  });

  test('is no news when nodes answered that they do not have it and no history names it', async () => {
    await using held = await createListening();
    const forged = signatureOf(7);
    await held.told(forged, 'ana');
    await inspect(held);
    held.clock.advance(LAG_MS + 1);
    expect(await doubted(held)).toEqual([]);
    // The rumour is given up after a quarter of an hour.
    held.clock.advance(20 * 60_000);
    await inspect(held);
    expect((await held.ledger.sightings.backlog()).wanted).toBe(0);
    await held.named(forged, 'ana', 'finalized', 10);
    await inspect(held);
    held.clock.advance(LAG_MS + 1);
    expect(await doubted(held)).toEqual(['ana']);
  });

  test('is asked for as long as it takes when an account’s finalized history names it', async () => {
    await using held = await createListening();
    const close = held.close('ana', 10);
    held.node.answers.set(close, () => null);
    held.node.absence = () => true;
    await held.named(close, 'ana', 'finalized', 10);
    for (let hours = 0; hours < 24 * 7; hours++) {
      held.clock.advance(3_600_000);
      await inspect(held);
    }
    expect((await held.ledger.sightings.backlog()).wanted).toBe(1);
    expect((await held.ledger.asides.list(5)).map((each) => each.subject)).toEqual([close]);
    held.node.answers.delete(close);
    held.clock.advance(3_600_000);
    await inspect(held);
    expect(await held.facts()).toEqual(['ana finalized']);
    expect(await held.ledger.asides.list(5)).toEqual([]);
  });
});

describe('a watch-list that moved', () => {
  test('a daemon that has not heard of a new subscriber reads with the ledger’s list all the same', async () => {
    await using held = await createListening(['ana']);
    await register(held.ledger, 'bo');
    expect(held.ports.watched.map.has(accountOf('bo'))).toBe(false);
    const close = held.close('bo', 10);
    await held.told(close, 'ana');
    expect((await inspect(held)).changed).toEqual(['bo']);
    expect(held.node.reads).toHaveLength(1);
  });

  test('a transaction that was read before an account joined is read again, once, when the history of the account names it', async () => {
    await using held = await createListening(['ana']);
    const close = held.close('bo', 10);
    await held.named(close, 'ana', 'finalized', 10);
    await inspect(held);
    expect(await held.facts()).toEqual([]);
    await register(held.ledger, 'bo');
    const [cursor] = await held.ledger.watchList.cursors([accountOf('bo')]);
    for (let n = 0; n < 2; n++) {
      await held.ledger.sightings.note(
        [{ signature: close, blockIndex: 0, accounts: [accountOf('bo')], slot: 10 }],
        {
          source: 'backfill',
          by: 'finalized',
          nowMs: held.clock.nowMs(),
          listedRevision: cursor?.listedRevision ?? 0,
        },
      );
      await inspect(held);
    }
    expect(await held.facts()).toEqual(['bo finalized']);
    expect(held.node.reads).toHaveLength(2);
  });

  test('a subscriber who leaves and comes back is on it again', async () => {
    await using held = await createListening(['ana']);
    const { watched } = held.ports;
    await held.ledger.subscribers.retire('ana', 50, 0);
    expect(await watched.refresh()).toBe(true);
    expect(watched.addresses()).toEqual([]);
    await register(held.ledger, 'ana');
    await watched.refresh();
    expect(watched.map.has(accountOf('ana'))).toBe(true);
    expect(await watched.refresh()).toBe(false);
  });
});
