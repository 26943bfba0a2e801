// Roster: the gate's answers, and the conditions under which it must answer `unknown`.
import { expect, test } from 'vitest';
import { createRoster, type RosterOptions } from '../../src/core/roster.ts';
import type { RosterEntry } from '../../src/core/roster-entry.ts';

const entry = (more: Partial<RosterEntry> = {}): RosterEntry => ({
  subscriberId: 'ana',
  agentWallet: 'wallet',
  standing: 'good',
  outstanding: 0n,
  owedSinceMs: null,
  reason: null,
  evidence: null,
  revision: 1n,
  ...more,
});
const roster = (failOpen = false, more: Partial<RosterOptions> = {}) =>
  createRoster({
    staleAfterMs: 1_000,
    failOpen,
    outstandingMost: null,
    owedForMsMost: null,
    ...more,
  });

test('unknown before hydration, and when the chain has not been seen lately', () => {
  const gate = roster();
  expect(gate.decide('ana', 'open', 0)).toMatchObject({ verdict: 'unknown', allow: false });
  gate.hydrate([entry()]);
  expect(gate.decide('ana', 'open', 0).verdict).toBe('unknown');
  gate.observe(7, 0);
  expect(gate.decide('ana', 'open', 1_000)).toMatchObject({
    verdict: 'allow',
    asOfSlot: 7,
    stale: false,
  });
  expect(gate.decide('ana', 'open', 1_001)).toMatchObject({
    verdict: 'unknown',
    allow: false,
    stale: true,
  });
});

test('whether unknown means go on is the setting’s', () => {
  expect(roster(true).decide('ana', 'open', 0)).toMatchObject({ verdict: 'unknown', allow: true });
});

test('a delinquent is denied even when the view is stale, and may always close', () => {
  const gate = roster();
  gate.hydrate([entry({ standing: 'delinquent', reason: 'ran', outstanding: 5n })]);
  gate.observe(1, 0);
  expect(gate.decide('ana', 'open', 99_999)).toMatchObject({
    verdict: 'deny',
    reason: 'ran',
    outstanding: 5n,
  });
  expect(gate.decide('ana', 'close', 0).allow).toBe(true);
  expect(gate.decide('ana', 'reduce', 0).allow).toBe(true);
});

test('finds by agent wallet, denies strangers with the reason', () => {
  const gate = roster();
  gate.hydrate([entry()]);
  gate.observe(1, 0);
  expect(gate.decide('wallet', 'increase', 0).verdict).toBe('allow');
  expect(gate.decide('nobody', 'open', 0)).toMatchObject({
    verdict: 'deny',
    reason: expect.stringContaining('not registered'),
  });
});

test('an older revision never replaces a newer one, and slots never go back', () => {
  const gate = roster();
  gate.hydrate([entry({ revision: 5n, standing: 'delinquent', reason: 'r' })]);
  gate.apply(entry({ revision: 4n }));
  gate.observe(10, 0);
  gate.observe(9, 500);
  expect(gate.decide('ana', 'open', 0)).toMatchObject({ verdict: 'deny', asOfSlot: 10 });
});

test('a doubt has its reason, and a subscriber without an account has no standing', () => {
  const gate = roster();
  gate.hydrate([entry({ outstanding: 11n, owedSinceMs: 100 }), entry({ subscriberId: 'bo' })]);
  gate.observe(1, 500);
  gate.doubt(
    new Map([
      ['ana', { reason: 'suspected' }],
      ['bo', { reason: 'no account', noAccount: true }],
    ]),
  );
  expect(gate.decide('ana', 'open', 500)).toMatchObject({
    verdict: 'unknown',
    reason: 'suspected',
    standing: 'good',
    owedForMs: 400,
    owedForMsMost: null,
  });
  expect(gate.decide('bo', 'open', 500)).toMatchObject({
    verdict: 'unknown',
    reason: 'no account',
    standing: null,
    owedForMs: null,
  });
  expect(gate.decide('bo', 'close', 500)).toMatchObject({ verdict: 'allow', standing: null });
});

test('a subscriber that has left is `retired` at once, whatever was doubted of it before', () => {
  const gate = roster();
  gate.hydrate([entry({ subscriberId: 'bo', standing: 'good' })]);
  gate.observe(7, 500);
  gate.doubt(new Map([['bo', { reason: 'no account', noAccount: true }]]));
  gate.apply(entry({ subscriberId: 'bo', standing: 'retired', revision: 9n }));
  expect(gate.decide('bo', 'open', 500)).toMatchObject({
    verdict: 'deny',
    reason: 'This subscriber has left.',
    standing: 'retired',
  });
});

test('a debt or its age beyond the platform’s limit denies, a doubt makes unknown, and both leave closing alone', () => {
  const owing = entry({ outstanding: 11n, owedSinceMs: 0 });
  const seen = (gate: ReturnType<typeof roster>, all = [owing, entry({ subscriberId: 'bo' })]) => {
    gate.hydrate(all);
    gate.observe(1, 500);
    return gate;
  };
  expect(seen(roster(false, { outstandingMost: 10n })).decide('ana', 'open', 500)).toMatchObject({
    verdict: 'deny',
    standing: 'good',
  });
  expect(seen(roster(false, { outstandingMost: 11n })).decide('ana', 'open', 500).verdict).toBe(
    'allow',
  );
  expect(seen(roster(false, { owedForMsMost: 499 })).decide('ana', 'open', 500).verdict).toBe(
    'deny',
  );
  expect(seen(roster(false, { owedForMsMost: 500 })).decide('ana', 'increase', 500).verdict).toBe(
    'allow',
  );
  const doubting = seen(roster(true));
  doubting.doubt(['ana']);
  expect(doubting.decide('ana', 'open', 500)).toMatchObject({
    verdict: 'unknown',
    allow: true,
    failOpen: true,
  });
  expect(doubting.decide('bo', 'open', 500).verdict).toBe('allow');
  doubting.doubtAll('quiet');
  expect(doubting.decide('bo', 'open', 500)).toMatchObject({ verdict: 'unknown', reason: 'quiet' });
  expect(doubting.decide('nobody', 'open', 500).verdict).toBe('deny');
  expect(doubting.decide('bo', 'close', 500).verdict).toBe('allow');
});

test('only a subscriber that is known is found, and every entry is listed', () => {
  const gate = roster();
  const all = [
    entry({ subscriberId: 'ana', outstanding: 3n }),
    entry({ subscriberId: 'bo', agentWallet: 'w2' }),
  ];
  gate.hydrate(all);
  expect(gate.find('ana')).toEqual(all[0]);
  expect(gate.find('w2')).toEqual(all[1]);
  expect(gate.find('cy')).toBeUndefined();
  expect([gate.outstanding('ana'), gate.outstanding('cy')]).toEqual([3n, 0n]);
  expect([...gate.all()]).toEqual(all);
  expect([gate.size, gate.hydrated, roster().hydrated]).toEqual([2, true, false]);
});

test('an action that is none is denied, also while nothing is known', () => {
  const decision = roster(true).decide('ana', 'opne' as never, 0);
  expect(decision).toMatchObject({ verdict: 'deny', allow: false });
  expect(decision.reason).toMatch(/"opne"\. Known are open, /);
});

test('a subscriber who left is denied; a delinquent without a reason is denied all the same', () => {
  const gate = roster(true);
  gate.hydrate([
    entry({ standing: 'retired' }),
    entry({ subscriberId: 'bo', agentWallet: 'w2', standing: 'delinquent' }),
  ]);
  expect(gate.decide('ana', 'open', 0)).toMatchObject({
    verdict: 'deny',
    reason: 'This subscriber has left.',
  });
  expect(gate.decide('bo', 'open', 0)).toMatchObject({ verdict: 'deny', reason: 'Delinquent.' });
});

test('an entry is replaced by one of the same or a later revision, and added when it is new', () => {
  const gate = roster();
  gate.hydrate([entry({ revision: 5n })]);
  const outstanding = () => gate.find('ana')?.outstanding;
  gate.apply(entry({ revision: 4n, outstanding: 1n }));
  expect(outstanding()).toBe(0n);
  gate.apply(entry({ revision: 5n, outstanding: 2n }));
  expect(outstanding()).toBe(2n);
  gate.apply(entry({ subscriberId: 'bo', agentWallet: 'w2', revision: 1n }));
  expect(gate.size).toBe(2);
});

test('doubted subscribers are listed with their reasons', () => {
  const gate = roster();
  gate.doubtAll('why');
  gate.doubt(['ana']);
  expect(gate.doubts).toMatchObject({ all: 'why', of: new Set(['ana']) });
  expect([...gate.doubts.why.keys()]).toEqual(['ana']);
  gate.doubtAll(null);
  gate.doubt([]);
  expect(gate.doubts).toEqual({ all: null, of: new Set(), why: new Map() });
});

test('the last observation is that of the highest slot, unless that slot was far off', () => {
  const gate = roster();
  expect(gate.freshness()).toEqual({ asOfSlot: null, observedAtMs: null });
  const after = (slot: number, atMs: number) => {
    gate.observe(slot, atMs);
    return [gate.freshness().asOfSlot, gate.freshness().observedAtMs];
  };
  expect(after(5_000, 1)).toEqual([5_000, 1]);
  expect(after(5_001, 2)).toEqual([5_001, 2]);
  // A node that stands still, or is behind, tells nothing of what happened since.
  expect(after(5_001, 3)).toEqual([5_001, 2]);
  expect(after(4_999, 3)).toEqual([5_001, 2]);
  expect(after(4_001, 4)).toEqual([5_001, 2]);
  expect(after(3_999, 5)).toEqual([3_999, 5]);
  expect(after(4_000, 6)).toEqual([4_000, 6]);
});

test('one slot that no chain can have reached yet leaves the view fresh', () => {
  const gate = roster();
  gate.hydrate([entry()]);
  /** For how many of 300 seconds the view is stale: slots of 200 ms, seen once a second. */
  const stale = (wrong: readonly number[]): number => {
    let seconds = 0;
    for (let second = 0; second < 300; second++) {
      const slot = 500_000 + second * 5 + (wrong.includes(second) ? 900 : 0);
      gate.observe(slot, second * 1_000);
      if (gate.decide('ana', 'open', second * 1_000).stale) seconds += 1;
    }
    gate.observe(1, 0);
    return seconds;
  };
  expect(stale([])).toBe(0);
  expect(stale([0])).toBe(0);
  expect(stale([100])).toBe(0);
  expect(stale([100, 102, 104])).toBe(0);
  // Reached again by the next answer, the slot counts, and a lower one is that of a node behind.
  expect(stale([100, 101])).toBeGreaterThan(100);
});

test('a view from the future, by more than a second, is as stale as an old one', () => {
  const gate = roster();
  gate.hydrate([entry()]);
  gate.observe(1, 50_000);
  const at = (nowMs: number) => gate.decide('ana', 'open', nowMs).stale;
  expect([48_999, 49_000, 50_000, 51_000, 51_001].map(at)).toEqual([
    true,
    false,
    false,
    false,
    true,
  ]);
});

test('a stale view says why: the common doubt where there is one', () => {
  const gate = roster();
  expect(gate.decide('ana', 'open', 0).reason).toMatch(/is starting/);
  gate.hydrate([entry()]);
  expect(gate.decide('ana', 'open', 0).reason).toMatch(/not been seen recently/);
  gate.doubtAll('the node is of another chain');
  expect(gate.decide('ana', 'open', 0).reason).toBe('the node is of another chain');
});

test('a debt that is too old says how old, and for how long it may be', () => {
  const gate = roster(false, { owedForMsMost: 60_000 });
  gate.hydrate([
    entry({ outstanding: 5n, owedSinceMs: 40_000 }),
    entry({ subscriberId: 'bo', agentWallet: 'w2' }),
  ]);
  gate.observe(1, 101_000);
  expect(gate.decide('ana', 'open', 100_000).verdict).toBe('allow');
  expect(gate.decide('ana', 'open', 101_500)).toMatchObject({
    verdict: 'deny',
    reason: 'Has owed something for 61 s, longer than the 60 s this platform allows.',
  });
  expect(gate.decide('bo', 'open', 101_500).verdict).toBe('allow');
});

test('a decision carries the evidence and the revision of the entry', () => {
  const gate = roster();
  const evidence = { signature: 's', slot: 1, amount: 2n, what: '', owedThen: 3n } as never;
  gate.hydrate([entry({ standing: 'delinquent', evidence, revision: 7n })]);
  expect(gate.decide('ana', 'open', 0)).toMatchObject({ evidence, revision: 7n });
  expect(gate.decide('nobody', 'open', 0)).toMatchObject({ evidence: null, revision: null });
});
