// Hearing share: daemons over one Postgres spread the parts of the watch-list by leases. The parts
// of a dead daemon are taken over within seconds, one that stops gives them back at once, and one
// that does not see the chain leaves them to the others. Real Postgres, and a clock that the test
// turns.
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { fairShare, PARTS, partOf } from '../../src/core/hearing-share.ts';
import type { Address } from '../../src/core/ids.ts';
import {
  addTakeover,
  createHearingShare,
  type TakeoverPorts,
  WHOLE,
} from '../../src/flows/hearing-share.ts';
import {
  createHeardElsewhere,
  createHearingLeases,
  createPaymentsAmong,
} from '../../src/ledger/hearing-leases.ts';
import { silentLog } from '../../src/system/log.ts';
import { createManualClock } from '../support/clock.ts';
import { closeFact, createTestLedger, recordFact, signatureOf } from '../support/ledger.ts';
import { bytes, paymentFor, withShare } from '../support/one-share.ts';

const hash = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();
const IDS = Array.from({ length: 500 }, (_, n) => `subscriber ${n}`);

async function daemons(...names: string[]) {
  const ledger = await createTestLedger();
  const clock = createManualClock();
  const blind = new Set<string>();
  const made = names.map((name) => {
    const taken: string[] = [];
    const share = createHearingShare({
      leases: createHearingLeases(ledger.sql),
      elsewhere: createHeardElsewhere(ledger.sql),
      daemonId: name,
      hash,
      seesChain: () => !blind.has(name),
      clock,
      log: silentLog,
    });
    share.onMoved((isTaken) => {
      taken.splice(0, taken.length, ...IDS.filter(isTaken));
    });
    return { name, share, taken };
  });
  const one = (name: string) => made.find((each) => each.name === name) ?? expect.fail(name);
  /** One round of each of these daemons, two seconds after the last one. */
  const round = async (...which: string[]) => {
    for (const name of which) await one(name).share.round();
    clock.advance(2_000);
  };
  const counts = () => made.map(({ share }) => IDS.filter((id) => share.isMine(id)).length);
  /** How many daemons hear each subscriber, as the set of those numbers. */
  const hearers = () =>
    new Set(IDS.map((id) => made.filter(({ share }) => share.isMine(id)).length));
  return { ledger, clock, blind, one, round, counts, hearers };
}

test('one daemon holds everything; a second gets half, and each account has one hearer', async () => {
  const { ledger, one, round, counts, hearers } = await daemons('a', 'b');
  await using _ = ledger;
  await round('a');
  expect(counts()).toEqual([500, 0]);
  expect(one('a').share.parts()).toBeNull();
  expect([one('a').share.fraction(), one('b').share.fraction()]).toEqual([1, 1]);
  await round('b', 'a', 'b');
  expect([...hearers()]).toEqual([1]);
  expect(one('a').share.parts()).toHaveLength(32);
  expect(one('b').taken.toSorted()).toEqual(
    IDS.filter((id) => one('b').share.isMine(id)).toSorted(),
  );
  // Nothing moves while both live.
  const before = counts();
  for (let n = 0; n < 5; n++) await round('a', 'b');
  expect(counts()).toEqual(before);
});

test('ten daemons hold six or seven parts each, however many came late, and none moves afterwards', async () => {
  const names = [...'abcdefghij'];
  const { ledger, one, round, counts, hearers } = await daemons(...names);
  await using _ = ledger;
  await round(...names.slice(0, 9));
  for (let n = 0; n < 3; n++) await round(...names.slice(0, 9));
  for (let n = 0; n < 4; n++) await round(...names);
  const held = () => names.map((name) => one(name).share.parts()?.length ?? 0);
  expect(held().toSorted()).toEqual([6, 6, 6, 6, 6, 6, 7, 7, 7, 7]);
  expect([...hearers()]).toEqual([1]);
  expect(one('a').share.fraction()).toBe((one('a').share.parts()?.length ?? 0) / PARTS);
  const before = counts();
  for (let n = 0; n < 3; n++) await round(...names);
  expect(counts()).toEqual(before);
});

test("a dead daemon's part is taken over within eight seconds, and not before its leases end", async () => {
  const { ledger, round, counts, hearers } = await daemons('a', 'b', 'c');
  await using _ = ledger;
  for (let n = 0; n < 4; n++) await round('a', 'b', 'c');
  expect([...hearers()]).toEqual([1]);
  const whole = counts();
  for (const each of whole) expect(each).toBeGreaterThan(100);
  // Daemon c dies just after a round.
  await round('a', 'b');
  await round('a', 'b');
  expect(counts()).toEqual(whole);
  await round('a', 'b');
  await round('a', 'b');
  const [a = 0, b = 0] = counts();
  expect(a + b).toBe(500);
});

test('a daemon that stops gives its part back at once', async () => {
  const { ledger, one, round, counts } = await daemons('a', 'b');
  await using _ = ledger;
  for (let n = 0; n < 3; n++) await round('a', 'b');
  await one('b').share.leave();
  await round('a');
  expect(counts()[0]).toBe(500);
});

test('a daemon that does not see the chain leaves its part to one that does, and takes it again', async () => {
  const { ledger, blind, one, round, counts, hearers } = await daemons('a', 'b');
  await using _ = ledger;
  for (let n = 0; n < 3; n++) await round('a', 'b');
  blind.add('a');
  await round('a', 'b');
  expect(counts()).toEqual([0, 500]);
  // With no other one left, the last keeps what it holds.
  blind.add('b');
  await round('a', 'b');
  expect(counts()).toEqual([0, 500]);
  blind.clear();
  for (let n = 0; n < 3; n++) await round('a', 'b');
  expect([...hearers()]).toEqual([1]);
  expect(one('a').share.parts()).toHaveLength(32);
});

test('a lease that another daemon took is lost to a daemon that hung meanwhile', async () => {
  const { ledger, one, round, counts, clock } = await daemons('a', 'b');
  await using _ = ledger;
  await round('a');
  clock.advance(10_000);
  await round('b');
  expect(counts()).toEqual([500, 500]);
  await round('a', 'b', 'a');
  expect(counts()).toEqual(
    [one('a').share, one('b').share].map((share) => IDS.filter((id) => share.isMine(id)).length),
  );
  expect((counts()[0] ?? 0) + (counts()[1] ?? 0)).toBe(500);
});

test('the ledger computes the part of a subscriber as core does, and checks are of those parts', async () => {
  await using t = await createTestLedger();
  const own = partOf(hash(Buffer.from('ana')));
  const others = Array.from({ length: PARTS }, (_, part) => part).filter((part) => part !== own);
  const due = async (parts: readonly number[] | null) =>
    (await t.ledger.checks.due(10, 0, parts)).map((each) => each.subscriberId);
  expect(await due(null)).toContain('ana');
  expect(await due([own])).toEqual(await due(null));
  expect(await due(others)).toEqual([]);
  expect(await due([])).toEqual([]);
  expect([fairShare(1), fairShare(3), fairShare(100)]).toEqual([64, 22, 1]);
});

test('what another daemon has read needs no scan, and its payment under way is known', async () => {
  await using t = await createTestLedger();
  const elsewhere = createHeardElsewhere(t.sql);
  const change = { address: t.driftAccount, subscriberId: 'ana', slots: [11, 12] };
  expect(await elsewhere([change])).toEqual({ told: [], paying: new Set() });
  await t.ledger.sightings.note(
    [{ signature: signatureOf(7), accounts: [t.driftAccount], blockIndex: null, slot: 12 }],
    { source: 'webhook', by: 'rumour', nowMs: 1 },
  );
  expect((await elsewhere([change])).told).toEqual([]);
  await recordFact(t.ledger, closeFact(7, 5n, { account: t.driftAccount, slot: 12 }), 'confirmed');
  expect((await elsewhere([change])).told).toEqual([{ address: t.driftAccount, slot: 12 }]);
  expect(await elsewhere([])).toEqual({ told: [], paying: new Set() });
});

test('the ledger tells which transactions are payments', async () => {
  await using t = await withShare();
  await t.ledger.payments.open(paymentFor(t.share.id, 1_000n));
  await t.ledger.payments.signed('p1', bytes);
  const among = createPaymentsAmong(t.sql);
  expect(await among([signatureOf(7), bytes.signature])).toEqual([bytes.signature]);
  expect(await among([])).toEqual([]);
});

test('a daemon by itself asks nothing', async () => {
  expect([WHOLE.isMine('any'), WHOLE.parts(), WHOLE.elsewhere()]).toEqual([true, null, null]);
});

test('parts that come are followed and taken over; a failure is repeated with the same accounts', async () => {
  const { ledger, one, round, clock } = await daemons('a', 'b');
  await using _ = ledger;
  const { share } = one('a');
  const works = new Map<string, (signal: AbortSignal) => Promise<void>>();
  const did: string[] = [];
  let failing = false;
  const all = ['ana', 'bo', 'cy', 'di', 'ed'].map((id) => ({
    address: `account of ${id}` as Address,
    subscriberId: id,
    role: 'agent_wallet' as const,
  }));
  const mine = () => all.filter((each) => share.isMine(each.subscriberId));
  const ports: TakeoverPorts = {
    loops: {
      add: (name, _everyMs, work) => void works.set(name, (signal) => work(signal, true)),
      after: (happening) => void did.push(happening),
    },
    sources: {
      note: (source, slot) => void did.push(`${source} ${slot}`),
      read: () => ({ sweep: { lastSlot: null, lastMs: null } }),
    },
    clock,
    mine,
    follow: () => void did.push(`follow ${mine().length}`),
    async takeOver(accounts) {
      did.push(`read ${accounts.length}`);
      if (failing) throw new Error('the node is away');
    },
  };
  addTakeover(share, ports);
  const run = (name: string) => works.get(name)?.(new AbortController().signal);
  // Before its first round it hears nothing, and is told so through the ledger.
  await one('b').share.round();
  await run('share');
  expect(did).toEqual(['sweep null']);
  await one('b').share.leave();
  failing = true;
  await run('share');
  await expect(run('takeover')).rejects.toThrow('the node is away');
  failing = false;
  await run('takeover');
  await run('takeover');
  expect(did.slice(1)).toEqual(['follow 5', 'taken', 'read 5', 'read 5']);
  await round('b', 'a');
  expect(did.at(-2)).toBe(`follow ${mine().length}`);
  works.clear();
  addTakeover(WHOLE, ports);
  expect(works.size).toBe(0);
});
